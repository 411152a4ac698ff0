"""The figures of a pair map: the heat map of accuracy, and the gap against accuracy (Figure 1 of the paper).

A map in, `go.Figure` out; fonts and background are left to the page's theme. Names are escaped: plotly reads a little
HTML. Leaves out words (pair_map/words.py) and what a click does (pair_map/view.py).
"""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from services.pair_map.read import MapModel, MapPair, PairMap
from ui.charts.figures import MAIN_COLOR, OTHER_COLOR, empty_figure
from ui.pair_map.words import gap_words, pair_name, short_share

LOW, MIDDLE, HIGH = "#a34b0f", "#6f6a63", "#116660"  # white text is clear on each
CELL_PX, FRAME_PX = 60, 150
WIDTH_PX = 440  # what the cells have on a small screen
FEWEST_POINTS_PX = 380
LABEL_LIMIT = 22  # characters of a model's name beside the map; the whole name is in the hover
LEAST_SPAN = 5.0  # percentage points from the middle of the colours to either end


def by_performance(models: Sequence[MapModel]) -> list[MapModel]:
    """The best first; those without a number last."""
    return sorted(models, key=lambda model: (model.performance is None, -(model.performance or 0.0)))


def heat_map(found: PairMap) -> go.Figure:
    """Accuracy of strong (down) over weak (across), best model first; the diagonal is empty.

    Colours part where picking at random would stand. Every cell is a point that can be selected; its customdata is
    (strong, weak).
    """
    if not found.pairs or not found.n:
        return empty_figure("No pair of these models has been weighed and judged yet.")
    names = [model.name for model in by_performance(found.models)]
    by_pair = {(pair.strong, pair.weak): pair for pair in found.pairs}
    middle = 100 * (found.baselines["random"].value or 0.0)
    values = [[_percent(by_pair.get((strong, weak))) for weak in names] for strong in names]
    span = max([LEAST_SPAN, *(abs(value - middle) for row in values for value in row if value is not None)])
    figure = go.Figure()
    places = list(range(len(names)))
    figure.add_heatmap(
        x=places, y=places, z=values, text=[[_cell(value) for value in row] for row in values],
        texttemplate="%{text}", textfont={"color": "#ffffff", "size": 14}, hoverinfo="skip", xgap=2, ygap=2,
        colorscale=[[0.0, LOW], [0.5, MIDDLE], [1.0, HIGH]], zmin=middle - span, zmax=middle + span, showscale=False,
    )  # fmt: skip
    _add_points(figure, found.pairs, names)
    labels = [_short(name) for name in names]
    title = "over this weak model"
    figure.update_xaxes(title=title, tickvals=places, ticktext=labels, side="top", showgrid=False, zeroline=False)
    figure.update_yaxes(title="strong model", tickvals=places, ticktext=labels, showgrid=False, zeroline=False)
    figure.update_xaxes(range=[-0.5, len(names) - 0.5])
    figure.update_xaxes(constrain="domain")
    figure.update_yaxes(range=[len(names) - 0.5, -0.5], scaleanchor="x", constrain="domain")  # a cell is a square
    return _framed(figure, height=FRAME_PX + CELL_PX * len(names))


def _add_points(figure: go.Figure, pairs: Sequence[MapPair], names: Sequence[str]) -> None:
    """Points over the cells that can be clicked and carry the hover: a heat map's own cells cannot be selected."""
    place = {name: index for index, name in enumerate(names)}
    size = min(CELL_PX - 8, WIDTH_PX // len(names))
    figure.add_scatter(
        x=[place[pair.weak] for pair in pairs], y=[place[pair.strong] for pair in pairs], mode="markers",
        marker={"size": size, "symbol": "square", "color": "#ffffff", "opacity": 0.0},
        selected={"marker": {"opacity": 0.25}}, unselected={"marker": {"opacity": 0.0}},
        customdata=[[pair.strong, pair.weak] for pair in pairs], text=[hover(pair) for pair in pairs],
        hovertemplate="%{text}<extra></extra>", showlegend=False, name="pairs",
    )  # fmt: skip


def gap_figure(found: PairMap) -> go.Figure:
    """Performance gap against accuracy, a point for each ordered pair with its 95 % interval, and the straight line."""
    pairs = [pair for pair in found.pairs if pair.gap is not None and pair.accuracy.value is not None]
    if len(pairs) < 2:
        return empty_figure("Two pairs or more, weighed and judged, make a figure.")
    gaps = [pair.gap or 0.0 for pair in pairs]
    values = [100 * (pair.accuracy.value or 0.0) for pair in pairs]
    figure = go.Figure()
    figure.add_hline(
        y=100 * (found.baselines["random"].value or 0.0), line_dash="dot", line_color=OTHER_COLOR, line_width=1,
        annotation_text="picking at random", annotation_position="bottom right", annotation_font_color=OTHER_COLOR,
    )  # fmt: skip
    if np.ptp(gaps) > 0:
        slope, level = np.polyfit(gaps, values, 1)
        ends = [min(gaps), max(gaps)]
        figure.add_scatter(
            x=ends, y=[level + slope * end for end in ends], mode="lines", hoverinfo="skip", showlegend=False,
            line={"color": OTHER_COLOR, "dash": "dash", "width": 1.5}, name="straight line",
        )  # fmt: skip
    figure.add_scatter(
        x=gaps, y=values, mode="markers", showlegend=False, name="pairs", marker={"size": 9, "color": MAIN_COLOR},
        error_y={
            "type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": OTHER_COLOR,
            "array": [100 * (pair.accuracy.high or 0.0) - value for pair, value in zip(pairs, values, strict=True)],
            "arrayminus": [value - 100 * (pair.accuracy.low or 0.0) for pair, value in zip(pairs, values, strict=True)],
        },
        customdata=[[pair.strong, pair.weak] for pair in pairs], text=[hover(pair) for pair in pairs],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title=f"performance gap, strong - weak ({_scale(found)})", zeroline=True)
    low, high = 100 * min(_lows(pairs)), 100 * max(_highs(pairs))
    figure.update_yaxes(title="best response right (%), with 95 % interval", range=[low - 4, high + 4])
    return _framed(figure, height=max(FEWEST_POINTS_PX, FRAME_PX + CELL_PX * len(found.models)))


def _lows(pairs: Sequence[MapPair]) -> list[float]:
    return [pair.accuracy.low or 0.0 for pair in pairs]


def _highs(pairs: Sequence[MapPair]) -> list[float]:
    return [pair.accuracy.high or 0.0 for pair in pairs]


def hover(pair: MapPair) -> str:
    """A pair in three lines of plotly's HTML."""
    return (
        f"{html.escape(pair_name(pair.strong, pair.weak))}<br>right {short_share(pair.accuracy)}, "
        f"n = {pair.accuracy.n}<br>gap {gap_words(pair)}"
    )


def _scale(found: PairMap) -> str:
    return "numbers given" if found.performance_from == "given" else f"share right by {found.performance_from}"


def _percent(pair: MapPair | None) -> float | None:
    return None if pair is None or pair.accuracy.value is None else 100 * pair.accuracy.value


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _short(name: str) -> str:
    shown = " ".join(name.split())
    return html.escape(shown if len(shown) <= LABEL_LIMIT else "…" + shown[1 - LABEL_LIMIT :])


def _framed(figure: go.Figure, *, height: int) -> go.Figure:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 24, "b": 8}, hoverlabel_align="left", dragmode=False
    )
    figure.update_xaxes(automargin=True, title_standoff=8)
    figure.update_yaxes(automargin=True, title_standoff=16)
    return figure
