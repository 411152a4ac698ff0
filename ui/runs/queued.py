"""What follows when a run was queued: the worker wakes, the person is told, and the new run is the one to look at."""

from __future__ import annotations

import streamlit as st

from ui import frame, resources


def tell_queued(run_id: int) -> None:
    """Wake the worker and say so. The run in hand is forgotten, so that other pages take the newest."""
    resources.start_worker()
    st.toast(f"Run {run_id} is queued.")
    if frame.chosen(frame.RUN) is not None:
        frame.choose(frame.RUN, None)
