"""The figures of a trial: what flips, and how much more is right than before. Data in, `go.Figure` out.

Colours are the desk's (figures.py): fixes in the main colour, regressions in that of overrides.
"""

from __future__ import annotations

import plotly.graph_objects as go

from services.statistics.bootstrap import Difference
from services.trials.trial import TrialReport
from ui.charts.figures import FRAME_PX, MAIN_COLOR, OTHER_COLOR, VERDICT_COLORS, empty_figure

LEGIBLE = {"mode": "hide", "minsize": 10}  # a number that does not fit its part is in the hover
KINDS = (  # as stacked and in the legend
    ("fixes", MAIN_COLOR),
    ("regressions", VERDICT_COLORS["override"]),
    ("other flips", VERDICT_COLORS["tie"]),
    ("unjudged", VERDICT_COLORS["flag"]),
    ("unchanged", OTHER_COLOR),
)


def flip_counts(report: TrialReport) -> dict[str, int]:
    """How many of the compared items each kind has; all kinds, in the order of KINDS."""
    kinds = [flip.kind for flip in report.flips]
    n_compared = report.n_weighed - report.n_problems
    counts = [kinds.count(kind) for kind in ("fix", "regression", "other", "unjudged")]
    return dict(zip((name for name, _ in KINDS), [*counts, max(0, n_compared - sum(counts))], strict=True))


def flips_bar(report: TrialReport) -> go.Figure:
    """One bar of all compared items, by what became of their suggestion."""
    counts = flip_counts(report)
    n = sum(counts.values())
    if not n:
        return empty_figure("No item has been compared yet.")
    figure = go.Figure()
    for name, color in KINDS:
        if counts[name]:
            figure.add_bar(
                y=[""], x=[counts[name]], name=name, orientation="h", marker_color=color, width=0.5,
                text=[str(counts[name])], textposition="inside", insidetextanchor="middle",
                textfont_color="#ffffff",
                hovertemplate=f"{counts[name]} of {n} items: {name}<extra></extra>",
            )  # fmt: skip
    figure.update_yaxes(visible=False)
    figure.update_layout(barmode="stack", showlegend=True, legend_traceorder="normal", uniformtext=LEGIBLE)
    figure.update_xaxes(title="items", range=[0, n], tickformat=",d", nticks=6)
    return _compact(figure, height=150)


def change_dot(change: Difference) -> go.Figure:
    """The paired difference with its interval, and zero: what crosses it is within noise."""
    if change.value is None or change.low is None or change.high is None:
        return empty_figure("Too few items to say how large the change is.")
    value, low, high = (100 * number for number in (change.value, change.low, change.high))
    color = OTHER_COLOR if change.is_noise else MAIN_COLOR if value > 0 else VERDICT_COLORS["override"]
    figure = go.Figure()
    figure.add_scatter(
        x=[value], y=[0], mode="markers", marker={"size": 11, "color": color}, showlegend=False,
        error_x={"type": "data", "symmetric": False, "thickness": 1.8, "width": 6, "color": color,
                 "array": [high - value], "arrayminus": [value - low]},
        hovertemplate=f"{value:+.1f} points ({low:+.1f} to {high:+.1f}), n = {change.n}<extra></extra>",
    )  # fmt: skip
    figure.add_vline(x=0, line_width=1.5, line_dash="dot", line_color=OTHER_COLOR)
    reach = 1.15 * max(abs(low), abs(high), 5.0)
    figure.update_xaxes(title="after minus before (points), with 95 % interval", range=[-reach, reach], zeroline=False)
    figure.update_yaxes(tickvals=[0], ticktext=[f"change  (n = {change.n})"], range=[-0.6, 0.6], zeroline=False)
    return _compact(figure, height=FRAME_PX + 44)


def _compact(figure: go.Figure, *, height: int) -> go.Figure:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 32, "b": 8}, hoverlabel_align="left", dragmode=False,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": ""},
    )  # fmt: skip
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure
