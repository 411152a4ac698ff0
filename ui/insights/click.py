"""From a point of a figure to its items: what is clicked becomes a link to Review with a filter.

    find(Click) -> Target        which items a point stands for: pure, in targets.py

The link stands below the figure and says what it leads to; a click elsewhere takes it away. Leaves out which figure
means what (targets.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from ui import frame

CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}
HINT = "A click on a mark of a figure leads to its items."


@dataclass(frozen=True, slots=True)
class Click:
    """A point that was chosen: the name of its trace, its place in the trace, where it lies."""

    trace: str
    index: int
    x: Any
    y: Any


@dataclass(frozen=True, slots=True)
class Target:
    """Where a point leads: words for the link, and the query of Review."""

    words: str
    query: Mapping[str, str]


Find = Callable[[Click], Target | None]


def clickable(figure: go.Figure, *, key: str, alt: str, find: Find, **shared: object) -> None:
    """The figure; the point chosen last leads to its items. `shared` goes into the link as it is (run, dataset)."""
    state = st.plotly_chart(
        figure, key=key, config=CHART_CONFIG, theme="streamlit", alt=alt, on_select="rerun", selection_mode="points"
    )
    click = click_of(figure, state)
    target = None if click is None else find(click)
    if target is None:
        return
    with st.container(key=f"{key}_items"):
        frame.page_link(frame.REVIEW, frame.plain(target.words), **{**shared, **target.query})


def click_of(figure: go.Figure, state: Any) -> Click | None:
    """The first chosen point, None for none or for one of an earlier figure."""
    points = (state or {}).get("selection", {}).get("points", [])
    if not points:
        return None
    curve, index = points[0].get("curve_number"), points[0].get("point_index")
    if not isinstance(curve, int) or not isinstance(index, int) or not 0 <= curve < len(figure.data):
        return None
    return Click(str(figure.data[curve].name or ""), index, points[0].get("x"), points[0].get("y"))
