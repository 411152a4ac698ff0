"""The figure of a benchmark: every score and subset on a line, a dot with its interval for each run or baseline.

Data in, `go.Figure` out, as figures.py. Chance is a stroke across the line, to see a dot near it for what it is.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from services.statistics.intervals import Share
from ui.benchmarks.table import WAY_NAMES, Column, Line
from ui.charts.figures import FRAME_PX, LABEL_LIMIT, MAIN_COLOR, empty_figure

COLORS = (MAIN_COLOR, "#d4691c", "#5a7fd0", "#b05590")  # told apart by colour-blind eyes, on light and dark
CHANCE_COLOR = "#827c74"
SERIES_SHOWN = 4
LINES_SHOWN = 40
SERIES_PX, GAP_PX = 15, 14
BASELINES = (WAY_NAMES["strong"], WAY_NAMES["weak"])  # beside a single run


def score_dots(shown: Sequence[Column], lines: Sequence[Line]) -> go.Figure:
    """Shares in percent, from top to bottom as in the table.

    Args:
        shown: the columns of the table; runs come first, and a column called chance is drawn as a stroke.
        lines: the rows of the table; those without any value are left out, and all beyond the first 40.
    """
    known = [line for line in lines if any(share.value is not None for share in line.shares)][:LINES_SHOWN]
    places = _series(shown)
    if not known or not places:
        return empty_figure("No score yet.")
    figure = go.Figure()
    for rank, place in enumerate(places):
        offset = (rank - (len(places) - 1) / 2) * 0.7 / max(1, len(places))
        figure.add_trace(_dots(shown[place].title, [line.shares[place] for line in known], known, offset, COLORS[rank]))
    chance = next((place for place, column in enumerate(shown) if column.title == WAY_NAMES["chance"]), None)
    if chance is not None:
        figure.add_trace(_strokes([line.shares[chance] for line in known]))
    labels = [_label(line) for line in known]
    figure.update_yaxes(
        tickvals=list(range(len(known))), ticktext=labels, range=[len(known) - 0.4, -0.6], zeroline=False,
        automargin=True,
    )  # fmt: skip
    figure.update_xaxes(title="score (%), with 95 % interval", range=[-2, 102], dtick=20, zeroline=False)
    figure.update_layout(
        height=FRAME_PX + (SERIES_PX * len(places) + GAP_PX) * len(known),
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": ""},
        hoverlabel_align="left", dragmode=False, showlegend=True,
    )  # fmt: skip
    return figure


def _series(shown: Sequence[Column]) -> list[int]:
    """Places of the columns that get dots: the runs, and beside a single run both models alone."""
    names = set(WAY_NAMES.values())
    runs = [place for place, column in enumerate(shown) if column.title not in names]
    alone = [place for place, column in enumerate(shown) if column.title in BASELINES] if len(runs) == 1 else []
    return [*runs, *alone][:SERIES_SHOWN]


def _dots(title: str, shares: Sequence[Share], known: Sequence[Line], offset: float, color: str) -> go.Scatter:
    rows = [(y, share, line) for y, (share, line) in enumerate(zip(shares, known, strict=True))]
    there = [(y, share, line) for y, share, line in rows if share.value is not None]
    values = [100 * (share.value or 0.0) for _, share, _ in there]
    lows = [100 * (share.low or 0.0) for _, share, _ in there]
    highs = [100 * (share.high or 0.0) for _, share, _ in there]
    return go.Scatter(
        x=values, y=[y + offset for y, _, _ in there], name=html.escape(title), mode="markers",
        marker={"size": 9, "color": color},
        error_x={
            "type": "data", "symmetric": False, "thickness": 1.5, "width": 3, "color": color,
            "array": [high - value for high, value in zip(highs, values, strict=True)],
            "arrayminus": [value - low for low, value in zip(lows, values, strict=True)],
        },
        customdata=[_words(line.name, share) for _, share, line in there],
        hovertemplate="%{customdata}<extra>" + html.escape(title) + "</extra>",
    )  # fmt: skip


def _strokes(shares: Sequence[Share]) -> go.Scatter:
    there = [(y, 100 * share.value) for y, share in enumerate(shares) if share.value is not None]
    return go.Scatter(
        x=[value for _, value in there], y=[y for y, _ in there], name="chance", mode="markers",
        marker={"symbol": "line-ns-open", "size": 18, "color": CHANCE_COLOR, "line": {"width": 1.5}},
        hovertemplate="chance: %{x:.1f} %<extra></extra>",
    )  # fmt: skip


def _words(name: str, share: Share) -> str:
    value, low, high = (100 * (number or 0.0) for number in (share.value, share.low, share.high))
    return f"{html.escape(name)}: {value:.1f} % ({low:.1f} to {high:.1f} %), n = {share.n:,}"


def _label(line: Line) -> str:
    """The name, the headline scores in bold."""
    shown = " ".join(line.name.split())
    cut = html.escape(shown if len(shown) <= LABEL_LIMIT else shown[: LABEL_LIMIT - 1] + "…")
    return f"<b>{cut}</b>" if line.group == "score" else cut
