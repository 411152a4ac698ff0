"""Pairs: the catalogue of model pairs, a check before use, adding one's own, and the map of many models."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui import frame
from ui.pair_map.tab import show_map
from ui.pairs.form import show_form
from ui.pairs.form_state import ADD, LIST, MAP, TAB, forget_drawn
from ui.pairs.list import show_list
from ui.pairs.pickers import load_pairs
from ui.panels import apply_look

frame.open_page("pages/pairs.py")

LOOK = Path(__file__).resolve().parent.parent / "ui" / "pairs.css"


def main() -> None:
    apply_look()
    st.html(LOOK)
    panels = {LIST: _list, ADD: show_form, MAP: show_map}
    for tab, (title, show) in zip(st.tabs(list(panels), key=TAB, on_change="rerun"), panels.items(), strict=True):
        if tab.open:
            with tab:
                show()
        elif title == ADD:
            forget_drawn()


def _list() -> None:
    rows = load_pairs()
    if rows:
        show_list(rows)


main()
