"""The figures of Domains: the services' rows in, `go.Figure` out. No streamlit, no reading of a theme.

Names from files are escaped: plotly reads a little HTML.
"""

from __future__ import annotations

import html

import plotly.graph_objects as go

from services.routing_report import Confusion
from ui.charts import MAIN_COLOR, empty_figure

LABEL_LIMIT = 22  # characters of a domain's name beside an axis; the whole name is in the hover
WRONG_COLOR = "#d4691c"
ROW_PX, FRAME_PX = 46, 110


def confusion_figure(matrix: Confusion, *, truth: str, router: str) -> go.Figure:
    """Counts of items, what is true in rows and what the router says in columns; right ones on their own colour.

    The deeper the colour, the larger the share of its row. Rows without an item are not there.

    Args:
        truth: what the rows are, e.g. "by the file's column".
        router: what the columns are, e.g. "by the router".
    """
    if not matrix.rows:
        return empty_figure("No item has both a guess and a domain to compare it with.")
    figure = go.Figure()
    figure.add_heatmap(
        z=[[_depth(matrix, row, column) for column in range(len(matrix.columns))] for row in range(len(matrix.rows))],
        x=list(range(len(matrix.columns))), y=list(range(len(matrix.rows))),
        zmin=-1, zmax=1, showscale=False, xgap=3, ygap=3,
        colorscale=[(0, _faded(WRONG_COLOR, 0.75)), (0.5, "rgba(128,128,128,0.10)"), (1, _faded(MAIN_COLOR, 0.85))],
        text=[[str(n) for n in counts] for counts in matrix.counts], texttemplate="%{text}",
        customdata=[[_words(matrix, row, column) for column in range(len(matrix.columns))]
                    for row in range(len(matrix.rows))],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(
        title=f"{router} (items)", tickvals=list(range(len(matrix.columns))),
        ticktext=[_short(column) for column in matrix.columns], side="bottom", showgrid=False, zeroline=False,
    )  # fmt: skip
    labels = [f"{_short(name)}  (n = {sum(counts)})" for name, counts in zip(matrix.rows, matrix.counts, strict=True)]
    figure.update_yaxes(
        title=truth, tickvals=list(range(len(matrix.rows))), ticktext=labels, autorange="reversed", showgrid=False,
        zeroline=False,
    )  # fmt: skip
    figure.update_layout(
        height=FRAME_PX + ROW_PX * len(matrix.rows), margin={"l": 8, "r": 8, "t": 12, "b": 8}, dragmode=False,
        hoverlabel_align="left",
    )  # fmt: skip
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure


def _depth(matrix: Confusion, row: int, column: int) -> float:
    """The cell's share of its row, from 0 to 1; below 0 where it is wrong."""
    of = sum(matrix.counts[row]) or 1
    depth = matrix.counts[row][column] / of
    return depth if matrix.rows[row] == matrix.columns[column] else -depth


def _words(matrix: Confusion, row: int, column: int) -> str:
    n, of = matrix.counts[row][column], sum(matrix.counts[row])
    return f"{n} of {of} that are {html.escape(matrix.rows[row])}: {html.escape(matrix.columns[column])}"


def _faded(color: str, alpha: float) -> str:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def _short(name: str) -> str:
    shown = " ".join(name.split())
    return html.escape(shown if len(shown) <= LABEL_LIMIT else shown[: LABEL_LIMIT - 1] + "…")
