"""Audit: look at a sample, see what it proves, accept the rest unlooked under a bound, give it in writing."""

from __future__ import annotations

import streamlit as st

from ui import frame
from ui.panels import apply_look

frame.open_page("pages/audit.py")


def main() -> None:
    apply_look()
    st.subheader("Audit", anchor=False)


main()
