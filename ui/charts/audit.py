"""The figures of Audit: how confidence stands up, confidence by margin, what each threshold would let through.

Data in, `go.Figure` out, as figures.py. Leaves out shares by domain (figures.share_dots draws those).
"""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from services.statistics.calibration import Bin, Curve
from services.statistics.threshold import Search, Step
from ui.charts.figures import MAIN_COLOR, MARGIN_UNITS, OTHER_COLOR, VERDICT_COLORS, empty_figure, framed

WARN_COLOR = VERDICT_COLORS["override"]
BAND_COLOR = "rgba(27, 128, 123, 0.18)"
MARKER_LEAST, MARKER_MOST = 6.0, 13.0  # px
CURVE_POINTS = 60
SHOWN_TARGETS = 4  # times the target: what lies higher is cut off


def reliability_diagram(bins: Sequence[Bin]) -> go.Figure:
    """What was said against what happened: each group of decisions at its mean confidence, with the share that agreed.

    On the line confidence is kept; below it, people agree less often than was said.
    """
    known = [one for one in bins if one.agreed.value is not None]
    if not known:
        return empty_figure("No decisions to check the confidence against yet.")
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", line={"color": OTHER_COLOR, "width": 1, "dash": "dot"},
        hoverinfo="skip", name="said = happened",
    )  # fmt: skip
    values = [100 * (one.agreed.value or 0.0) for one in known]
    figure.add_scatter(
        x=[100 * one.confidence for one in known], y=values, mode="markers", name="decisions, with 95 % interval",
        marker={"size": _sizes([one.agreed.n for one in known]), "color": MAIN_COLOR},
        error_y={
            "type": "data", "symmetric": False, "thickness": 1.6, "width": 5, "color": OTHER_COLOR,
            "array": [100 * (one.agreed.high or 0.0) - value for one, value in zip(known, values, strict=True)],
            "arrayminus": [value - 100 * (one.agreed.low or 0.0) for one, value in zip(known, values, strict=True)],
        },
        customdata=[_bin_words(one) for one in known], hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    lowest = min(min(100 * one.confidence, 100 * (one.agreed.low or 0.0)) for one in known)
    start = max(0, 10 * int(lowest // 10)) - 2
    figure.update_xaxes(title="confidence said (%)", range=[start, 104], zeroline=False)
    figure.update_yaxes(title="people agreed (%)", range=[start, 104], zeroline=False)
    figure.update_layout(showlegend=True)
    return framed(figure, height=320)


def confidence_curve(curve: Curve | None, *, largest_margin: float, rank_by: str = "sum") -> go.Figure:
    """Confidence by margin, with the 95 % interval of the decisions nearby."""
    if curve is None:
        return empty_figure("Too few decisions for a calibrated confidence yet.")
    margins = [largest_margin * step / CURVE_POINTS for step in range(CURVE_POINTS + 1)]
    intervals = [curve.interval(margin) for margin in margins]
    figure = go.Figure()
    figure.add_scatter(
        x=[*margins, *reversed(margins)],
        y=[*(100 * high for _, high in intervals), *(100 * low for low, _ in reversed(intervals))],
        fill="toself", fillcolor=BAND_COLOR, line={"width": 0}, hoverinfo="skip", name="95 % interval",
    )  # fmt: skip
    figure.add_scatter(
        x=margins, y=[100 * curve.probability(margin) for margin in margins], mode="lines", name="confidence",
        line={"color": MAIN_COLOR, "width": 2.5},
        hovertemplate="margin %{x:.2f}: people agree %{y:.0f} %<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title=f"margin ({MARGIN_UNITS.get(rank_by, 'nats')})", rangemode="tozero", zeroline=False)
    figure.update_yaxes(title="people agree (%)", range=[-2, 104], zeroline=False)
    figure.update_layout(showlegend=True)
    return framed(figure, height=320)


def threshold_path(search: Search, *, rank_by: str = "sum") -> go.Figure:
    """How many wrong labels each threshold might let through, from the strictest (right) down, and the target.

    Filled dots were tested; hollow ones lie below the first that failed and prove nothing.
    """
    if not search.path:
        return empty_figure("Too few random looks to test any threshold yet.")
    figure = go.Figure()
    figure.add_hline(
        y=100 * search.target, line={"color": WARN_COLOR, "width": 1.5, "dash": "dash"},
        annotation_text=f"target {100 * search.target:g} %", annotation_position="top left",
    )  # fmt: skip
    tested = [step for step in search.path if step.was_tested]
    others = [step for step in search.path if not step.was_tested]
    figure.add_trace(_steps(tested, "tested", "circle", MAIN_COLOR))
    if others:
        figure.add_trace(_steps(others, "not relied on", "circle-open", OTHER_COLOR))
    if search.chosen is not None:
        figure.add_trace(_chosen(search.chosen))
    figure.update_xaxes(title=f"accept from this margin on ({MARGIN_UNITS.get(rank_by, 'nats')})", zeroline=False)
    worst = min(max(step.upper_unlooked for step in search.path), SHOWN_TARGETS * search.target)
    top = 100 * min(1.0, max(worst, 1.6 * search.target) * 1.08)
    figure.update_yaxes(title="wrong of those accepted, at most (%)", range=[0, top], zeroline=False)
    figure.update_layout(showlegend=True)
    return framed(figure, height=320)


def _steps(steps: Sequence[Step], name: str, symbol: str, color: str) -> go.Scatter:
    return go.Scatter(
        x=[step.threshold for step in steps], y=[100 * step.upper_unlooked for step in steps], mode="lines+markers",
        name=name, marker={"size": 8, "symbol": symbol, "color": color}, line={"color": color, "width": 1},
        customdata=[_step_words(step) for step in steps], hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _chosen(step: Step) -> go.Scatter:
    return go.Scatter(
        x=[step.threshold], y=[100 * step.upper_unlooked], mode="markers", name="chosen", hoverinfo="skip",
        marker={"size": 17, "symbol": "circle-open", "color": WARN_COLOR, "line": {"width": 2.5}},
    )  # fmt: skip


def _step_words(step: Step) -> str:
    return (
        f"margin {step.threshold:.2f} and above<br>{step.n_unlooked:,} labels to accept, {step.n_looks:,} random "
        f"looks, {step.n_errors:,} errors<br>at most {100 * step.upper_unlooked:.1f} % wrong"
    )


def _bin_words(one: Bin) -> str:
    value, low, high = (100 * (number or 0.0) for number in (one.agreed.value, one.agreed.low, one.agreed.high))
    return (
        f"said {100 * one.confidence:.0f} %, agreed {value:.0f} % ({low:.0f} to {high:.0f} %), n = {one.agreed.n}"
        f"<br>margins {one.lowest_margin:.2f} to {one.highest_margin:.2f}"
    )


def _sizes(counts: Sequence[int]) -> list[float]:
    """Areas in proportion to how many decisions a dot stands for."""
    most = max(counts)
    return [MARKER_LEAST + (MARKER_MOST - MARKER_LEAST) * (count / most) ** 0.5 for count in counts]
