"""The figures of Insights: the services' rows in, `go.Figure` out. No streamlit, no database, no reading of a theme.

Colours are middle tones, told apart by colour-blind eyes and clear on the light and on the dark background alike;
fonts, grid and background are left to the page's theme. Names from files are escaped: plotly reads a little HTML.
"""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Sequence

import plotly.graph_objects as go

from services.insights import LengthAgainstReward, LengthPoint, MarginPoint, ReasonCounts, VerdictCounts
from services.statistics.intervals import Share

VERDICT_COLORS = {  # in the order of stacking and of the legend
    "accept": "#1b807b",
    "override": "#d4691c",
    "tie": "#5a7fd0",
    "skip": "#827c74",
    "flag": "#b05590",
}
MAIN_COLOR, OTHER_COLOR = VERDICT_COLORS["accept"], VERDICT_COLORS["skip"]
MARGIN_UNITS = {"sum": "nats", "mean": "nats per token"}
LABEL_LIMIT = 28  # characters of a name beside an axis; the whole name is in the hover
BIN_TARGET = 16
ROW_PX, FRAME_PX = 34, 84


def empty_figure(text: str) -> go.Figure:
    """A figure that says why there is nothing to see."""
    figure = go.Figure()
    figure.add_annotation(text=html.escape(text), showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return framed(figure, height=150)


def verdict_bar(counts: VerdictCounts) -> go.Figure:
    """Progress as one bar: items by verdict, and what is left. Every decision counts once per annotator."""
    if not counts.n_items:
        return empty_figure("This dataset has no items.")
    figure = go.Figure()
    for verdict, color in VERDICT_COLORS.items():
        n = counts.counts.get(verdict, 0)
        if n:
            figure.add_bar(
                y=[""], x=[n], name=verdict, orientation="h", marker_color=color, width=0.5,
                text=[str(n)], textposition="inside", insidetextanchor="middle", textfont_color="#ffffff",
                hovertemplate=f"{n} {verdict}<extra></extra>",
            )  # fmt: skip
    figure.update_yaxes(visible=False)
    n_decided = sum(counts.counts.get(verdict, 0) for verdict in VERDICT_COLORS)
    figure.update_layout(barmode="stack", showlegend=bool(n_decided), legend_traceorder="normal")
    figure.update_xaxes(title="decisions", range=[0, max(counts.n_items, n_decided)], rangemode="tozero")
    return framed(figure, height=150)


def margin_histogram(points: Sequence[MarginPoint], *, rank_by: str = "sum") -> go.Figure:
    """How large the margin was where people accepted and where they did not: stacked counts by verdict.

    Args:
        points: margins in nats (ranked by sum) or nats per token (by mean).
    """
    if not points:
        return empty_figure("No decision on a weighed item yet.")
    width, n_bins, has_overflow = margin_bins([point.margin for point in points])
    unit = MARGIN_UNITS.get(rank_by, "nats")
    spans = [_bin_words(i, width=width, is_last=has_overflow and i == n_bins - 1) for i in range(n_bins)]
    figure = go.Figure()
    for verdict, color in VERDICT_COLORS.items():
        places = [min(int(point.margin / width), n_bins - 1) for point in points if point.verdict == verdict]
        if places:
            figure.add_bar(
                x=[(i + 0.5) * width for i in range(n_bins)], y=[places.count(i) for i in range(n_bins)],
                name=verdict, marker_color=color, width=width * 0.94, customdata=spans,
                hovertemplate=f"%{{y}} {verdict}<br>margin %{{customdata}} {unit}<extra></extra>",
            )  # fmt: skip
    figure.update_layout(barmode="stack", showlegend=True, legend_traceorder="normal")
    figure.update_xaxes(title=f"margin ({unit})", range=[0, n_bins * width])
    if has_overflow:
        figure.update_xaxes(**_overflow_ticks(width, n_bins=n_bins))
    figure.update_yaxes(title="decisions", **_count_axis([("all", _tallest(points, width, n_bins))]))
    return framed(figure, height=300)


def _tallest(points: Sequence[MarginPoint], width: float, n_bins: int) -> int:
    return max(Counter(min(int(point.margin / width), n_bins - 1) for point in points).values())


def _count_axis(rows: Sequence[tuple[str, int]]) -> dict[str, object]:
    """An axis of whole numbers from 0: left to itself plotly writes 0, 1, 1, 2, 2 where there are few."""
    most = max(n for _, n in rows)
    return {"rangemode": "tozero", "tickformat": ",d"} | ({"dtick": 1} if most <= 6 else {"nticks": 6})


def margin_bins(margins: Sequence[float]) -> tuple[float, int, bool]:
    """(width, number, whether the last gathers all that is larger) of bins from 0.

    A few huge margins would squeeze the rest into one bar: beyond twice the 95 % quantile they share the last bin.

    >>> margin_bins([1.0, 2.0, 7.9])
    (0.5, 16, False)
    """
    ordered = sorted(margins)
    largest = ordered[-1]
    quantile = ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]
    has_overflow = len(ordered) >= 20 and largest > 2 * quantile > 0
    top = 1.25 * quantile if has_overflow else largest
    width = _nice_step(top / BIN_TARGET)
    n_bins = max(1, math.floor(top / width) + 1)
    return width, n_bins + has_overflow, has_overflow


def share_dots(shares: Sequence[tuple[str, Share]], *, unit: str = "items right") -> go.Figure:
    """Shares as dots with their 95 % interval, one line each, n beside the name; the first is in the main colour.

    Args:
        shares: (name, share) from top to bottom; a share with n = 0 is left out.
        unit: what the share is of, for the axis.
    """
    known = [(name, share) for name, share in shares if share.value is not None]
    if not known:
        return empty_figure("Nothing to compare yet.")
    figure = go.Figure()
    values = [100 * (share.value or 0.0) for _, share in known]
    figure.add_scatter(
        x=values, y=list(range(len(known))), mode="markers",
        marker={"size": 10, "color": [MAIN_COLOR] + [OTHER_COLOR] * (len(known) - 1)},
        error_x={
            "type": "data", "symmetric": False, "thickness": 1.6, "width": 5, "color": OTHER_COLOR,
            "array": [100 * (share.high or 0.0) - value for (_, share), value in zip(known, values, strict=True)],
            "arrayminus": [value - 100 * (share.low or 0.0) for (_, share), value in zip(known, values, strict=True)],
        },
        customdata=[_share_words(name, share) for name, share in known],
        hovertemplate="%{customdata}<extra></extra>", showlegend=False,
    )  # fmt: skip
    figure.update_xaxes(title=f"{unit} (%), with 95 % interval", range=[-2, 102], dtick=20, zeroline=False)
    labels = [f"{_short(name)}  (n = {share.n})" for name, share in known]
    figure.update_yaxes(
        tickvals=list(range(len(known))), ticktext=labels, range=[len(known) - 0.4, -0.6], zeroline=False
    )
    return framed(figure, height=FRAME_PX + ROW_PX * len(known))


def length_scatter(data: LengthAgainstReward) -> go.Figure:
    """Does the reward follow length? Each candidate's tokens against its reward, the best of each item marked."""
    if not data.points:
        return empty_figure("No candidate has been weighed yet.")
    groups = (
        ("other", OTHER_COLOR, "circle", [point for point in data.points if not point.is_best]),
        ("best of its item", MAIN_COLOR, "diamond", [point for point in data.points if point.is_best]),
    )
    figure = go.Figure()
    for name, color, symbol, points in groups:
        if points:
            figure.add_trace(_dots(name, color, symbol, points))
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title="length (tokens)", rangemode="tozero")
    figure.update_yaxes(title="reward (nats)")
    if len(data.points) < data.n:
        figure.add_annotation(
            text=f"{len(data.points):,} of {data.n:,} candidates, evenly drawn", showarrow=False,
            x=1, y=1.08, xref="paper", yref="paper", xanchor="right",
        )  # fmt: skip
    return framed(figure, height=320)


def reason_bars(reasons: ReasonCounts) -> go.Figure:
    """Why people overrode, the most frequent reason first; an override may carry several reasons."""
    named = sorted(reasons.counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [(name, n) for name, n in named if n] + [("no reason given", reasons.n_without_reason)]
    rows = [(name, n) for name, n in rows if n]
    if not reasons.n_overrides or not rows:
        return empty_figure("No override yet.")
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(rows))), x=[n for _, n in rows], orientation="h", width=0.6,
        marker_color=[OTHER_COLOR if name == "no reason given" else VERDICT_COLORS["override"] for name, _ in rows],
        customdata=[html.escape(name) for name, _ in rows],
        hovertemplate="%{x} of " + str(reasons.n_overrides) + " overrides: %{customdata}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title=f"overrides (of {reasons.n_overrides})", title_standoff=14, **_count_axis(rows))
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[_short(name) for name, _ in rows], range=[len(rows) - 0.4, -0.6]
    )
    return framed(figure, height=FRAME_PX + ROW_PX * len(rows))


def _dots(name: str, color: str, symbol: str, points: Sequence[LengthPoint]) -> go.Scatter:
    return go.Scatter(
        x=[point.n_tokens for point in points], y=[point.reward for point in points], name=name, mode="markers",
        marker={"size": 7, "color": color, "symbol": symbol, "opacity": 0.75},
        hovertemplate="%{x} tokens, reward %{y:.2f} nats<extra>" + name + "</extra>",
    )  # fmt: skip


def _share_words(name: str, share: Share) -> str:
    value, low, high = (100 * (number or 0.0) for number in (share.value, share.low, share.high))
    return f"{html.escape(name)}: {value:.1f} % ({low:.1f} to {high:.1f} %), n = {share.n}"


def _bin_words(index: int, *, width: float, is_last: bool) -> str:
    low = index * width
    return f"over {low:g}" if is_last else f"{low:g} to {low + width:g}"


def _overflow_ticks(width: float, *, n_bins: int) -> dict[str, list[float] | list[str]]:
    step = max(1, (n_bins - 1) // 5)
    edges = list(range(0, n_bins - step // 2 - 1, step))
    places = [*(i * width for i in edges), (n_bins - 0.5) * width]
    return {"tickvals": places, "ticktext": [*(f"{i * width:g}" for i in edges), "more"]}


def _nice_step(raw: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `raw`; 1 for 0."""
    if raw <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= raw * (1 - 1e-9))


def _short(name: str) -> str:
    shown = " ".join(name.split())
    return html.escape(shown if len(shown) <= LABEL_LIMIT else shown[: LABEL_LIMIT - 1] + "…")


def framed(figure: go.Figure, *, height: int) -> go.Figure:
    """The margins, legend and axes that all figures share."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": ""},
        hoverlabel_align="left",
        dragmode=False,
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure
