"""The figure of a criteria profile: a bar for each set under each response, and what they add up to when weighted.

Data in, `go.Figure` out; no streamlit. Sets differ in colour and, beyond six, in pattern. Names are escaped.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

import plotly.graph_objects as go

from services.criteria.profiles import By, ItemProfile
from ui.charts.figures import MARGIN_UNITS, empty_figure

SET_COLORS = ("#1b807b", "#d4691c", "#5a7fd0", "#b05590", "#8f8326", "#827c74")
PATTERNS = ("", "/")
ZERO_COLOR = "#827c74"
BAR_PX, GROUP_PX, FRAME_PX = 11, 14, 96


def profile_bars(profile: ItemProfile, weights: Mapping[str, float], *, by: By = "sum") -> go.Figure:
    """Lifts in nats (per token by mean) by response, A at the top; a diamond is the weighted sum.

    Args:
        weights: by set name; a set without one is drawn and not counted.
    """
    if profile.problem is not None:
        return empty_figure(f"Not read: {profile.problem.detail}")
    columns = [one for one in profile.sets if one.problem is None]
    if not columns:
        return empty_figure("Choose a criteria set to see what it lifts.")
    unit = MARGIN_UNITS[by]
    figure = go.Figure()
    for place, one in enumerate(columns):
        name = html.escape(one.name)
        figure.add_bar(
            y=list(profile.letters), x=[None if lift is None else lift.by(by) for lift in one.lifts], orientation="h",
            name=name, marker_color=SET_COLORS[place % len(SET_COLORS)],
            marker_pattern_shape=PATTERNS[place // len(SET_COLORS) % len(PATTERNS)],
            hovertemplate=f"%{{y}} under {name}: %{{x:+.3f}} {unit}<extra></extra>",
        )  # fmt: skip
    weighted = profile.weighted(weights, by=by)
    if weighted is not None and any(weights.get(one.name) for one in columns):
        figure.add_scatter(
            y=list(profile.letters), x=list(weighted), mode="markers", name="weighted",
            marker={"symbol": "diamond", "size": 11, "color": ZERO_COLOR, "line": {"width": 1.5, "color": "#ffffff"}},
            hovertemplate=f"%{{y}} weighted: %{{x:+.3f}} {unit}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title=f"lift ({unit})", zeroline=True, zerolinewidth=1.5, zerolinecolor=ZERO_COLOR, automargin=True
    )
    figure.update_yaxes(autorange="reversed", automargin=True)  # letters, as on the cards
    figure.update_layout(
        barmode="group", bargap=0.3, bargroupgap=0.06, showlegend=True, dragmode=False, hoverlabel_align="left",
        height=FRAME_PX + len(profile.letters) * (GROUP_PX + BAR_PX * len(columns)),
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": "", "traceorder": "normal"},
    )  # fmt: skip
    return figure
