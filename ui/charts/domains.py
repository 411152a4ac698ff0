"""The figures of Domains: the services' rows in, `go.Figure` out. No streamlit, no reading of a theme.

Names from files are escaped: plotly reads a little HTML.
"""

from __future__ import annotations

import html

import plotly.graph_objects as go

from services.routing.report import BELOW, NOT_ASKED, Confusion
from ui.charts.figures import empty_figure

LABEL_LIMIT = 22  # characters of a domain's name beside an axis; the whole name is in the hover
WRONG, NOTHING, RIGHT = "rgba(212,105,28,0.55)", "rgba(128,128,128,0.09)", "rgba(27,128,123,0.55)"
SHADES = [(0, WRONG), (0.5, NOTHING), (1, RIGHT)]
ROW_PX, FRAME_PX = 46, 110


def confusion_figure(matrix: Confusion, *, truth: str, router: str, ink: str | None = None) -> go.Figure:
    """Counts of items, what is true in rows and what the router says in columns; right ones on their own colour.

    The deeper the colour, the larger the share of its row. Rows without an item are not there.

    Args:
        truth: what the rows are, e.g. "by the file's column".
        router: what the columns are, e.g. "by the router".
        ink: the colour of the counts, which must stand out from the page's background; None: the theme's for charts.
    """
    if not matrix.rows:
        return empty_figure("No item has both a guess and a domain to compare it with.")
    cells = [(row, column) for row in range(len(matrix.rows)) for column in range(len(matrix.columns))]
    figure = go.Figure()
    figure.add_heatmap(
        x=[column for _, column in cells], y=[row for row, _ in cells], z=[_depth(matrix, *cell) for cell in cells],
        customdata=[_words(matrix, *cell) for cell in cells], hovertemplate="%{customdata}<extra></extra>",
        zmin=-1, zmax=1, showscale=False, xgap=3, ygap=3, colorscale=SHADES,
    )  # fmt: skip
    figure.add_scatter(  # not the heat map's own text, which takes a pale cell for a deep one and hides in it
        x=[column for _, column in cells], y=[row for row, _ in cells], mode="text", hoverinfo="skip",
        text=[f"{matrix.counts[row][column]:,}" for row, column in cells], showlegend=False,
        textfont={"size": 14, "color": ink},
    )  # fmt: skip
    figure.update_xaxes(
        title=f"{router} (items)", tickvals=list(range(len(matrix.columns))),
        ticktext=[_short(column) for column in matrix.columns], side="bottom", showgrid=False, zeroline=False, ticks="",
        range=[-0.5, len(matrix.columns) - 0.5],
    )  # fmt: skip
    labels = [f"{_short(name)}  (n = {sum(counts)})" for name, counts in zip(matrix.rows, matrix.counts, strict=True)]
    figure.update_yaxes(
        title=truth, tickvals=list(range(len(matrix.rows))), ticktext=labels, showgrid=False, zeroline=False, ticks="",
        range=[len(matrix.rows) - 0.5, -0.5],
    )  # fmt: skip
    figure.update_layout(
        height=FRAME_PX + ROW_PX * len(matrix.rows), margin={"l": 8, "r": 8, "t": 12, "b": 8}, dragmode=False,
        hoverlabel_align="left",
    )  # fmt: skip
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure


def _depth(matrix: Confusion, row: int, column: int) -> float:
    """The cell's share of its row, from 0 to 1; below 0 where it is wrong; 0 where the router names no domain."""
    if matrix.columns[column] in (BELOW, NOT_ASKED):
        return 0.0
    of = sum(matrix.counts[row]) or 1
    depth = matrix.counts[row][column] / of
    return depth if matrix.rows[row] == matrix.columns[column] else -depth


def _words(matrix: Confusion, row: int, column: int) -> str:
    n, of = matrix.counts[row][column], sum(matrix.counts[row])
    return f"{n} of {of} that are {html.escape(matrix.rows[row])}: {html.escape(matrix.columns[column])}"


def _short(name: str) -> str:
    shown = " ".join(name.split())
    return html.escape(shown if len(shown) <= LABEL_LIMIT else shown[: LABEL_LIMIT - 1] + "…")
