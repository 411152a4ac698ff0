"""Figures about people: who agrees with whom, shown against blind, first places, a sitting. Pure: data in, figure out.

Colours, frames and escaping are those of figures.py. Names are a person's own words: always escaped and cut short.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from services.people.agreement import Agreement, PairAgreement
from services.people.anchoring import AnchoringReport
from services.people.fatigue import Fatigue
from services.people.position import PositionReport
from services.statistics.intervals import Share
from ui.charts.figures import (
    FRAME_PX,
    LABEL_LIMIT,
    MAIN_COLOR,
    OTHER_COLOR,
    ROW_PX,
    VERDICT_COLORS,
    empty_figure,
    framed,
)

FIRST_COLOR, SECOND_COLOR = VERDICT_COLORS["accept"], VERDICT_COLORS["override"]
CELL_PX = 46
SHIFT = 0.14  # rows: how far the two dots of a row stand from its middle
MATRIX_SCALE = ((0.0, "rgba(27,128,123,0.05)"), (1.0, "rgba(27,128,123,0.75)"))


def paired_dots(
    rows: Sequence[tuple[str, Share, Share, str]], *, names: tuple[str, str], axis: str, nothing: str
) -> go.Figure:
    """Two shares of each row with their intervals, one above the other, and a text at the right.

    Args:
        rows: (name, first share, second share, text), from top to bottom; a share with n = 0 has no dot.
        names: of the two shares, for the legend. axis: what they are shares of. nothing: said when there is no row.
    """
    known = [row for row in rows if row[1].n or row[2].n]
    if not known:
        return empty_figure(nothing)
    figure = go.Figure()
    first = [(place - SHIFT, who, share) for place, (who, share, _, _) in enumerate(known) if share.n]
    second = [(place + SHIFT, who, share) for place, (who, _, share, _) in enumerate(known) if share.n]
    figure.add_trace(_dots(first, names[0], FIRST_COLOR))
    figure.add_trace(_dots(second, names[1], SECOND_COLOR))
    for place, (_, _, _, text) in enumerate(known):
        figure.add_annotation(
            x=1, xref="paper", y=place, text=html.escape(text), showarrow=False, xanchor="left", xshift=10,
            font_size=12,
        )  # fmt: skip
    figure.update_xaxes(title=axis, range=[-2, 102], dtick=20, zeroline=False)
    _name_rows(figure, [row[0] for row in known])
    figure.update_layout(showlegend=True)
    framed(figure, height=FRAME_PX + 12 + (ROW_PX + 8) * len(known))
    widest = max(len(text) for _, _, _, text in known)
    return figure.update_layout(margin_r=24 + round(6.4 * widest))


def _dots(dots: Sequence[tuple[float, str, Share]], name: str, color: str) -> go.Scatter:
    values = [100 * (share.value or 0.0) for _, _, share in dots]
    ends = [(100 * (share.low or 0.0), 100 * (share.high or 0.0)) for _, _, share in dots]
    return go.Scatter(
        x=values, y=[y for y, _, _ in dots], mode="markers", name=name, marker={"size": 9, "color": color},
        error_x={
            "type": "data", "symmetric": False, "thickness": 1.4, "width": 4, "color": color,
            "array": [high - value for (_, high), value in zip(ends, values, strict=True)],
            "arrayminus": [value - low for (low, _), value in zip(ends, values, strict=True)],
        },
        customdata=[
            f"{html.escape(who)}, {name}: {value:.1f} % ({low:.1f} to {high:.1f} %), n = {share.n}"
            for (_, who, share), value, (low, high) in zip(dots, values, ends, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _name_rows(figure: go.Figure, names: Sequence[str]) -> None:
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=[_short(name) for name in names],
        range=[len(names) - 0.4, -0.6], zeroline=False,
    )  # fmt: skip


def anchoring_dots(report: AnchoringReport) -> go.Figure:
    """Agreement with the suggestion when shown and when blind, everyone first, the difference beside it."""
    rows = [("everyone", report.overall), *((person.name, own) for person, own in report.by_person)]
    return paired_dots(
        [(name, own.shown, own.blind, points_text(own.value, own.low, own.high)) for name, own in rows],
        names=("suggestion shown", "suggestion hidden"),
        axis="looks that chose the suggestion (%), with 95 % interval",
        nothing="No look of a plan with a choice yet.",
    )


def points_text(value: float | None, low: float | None, high: float | None) -> str:
    """A difference of shares in points with its interval: "+15 (9 to 21)"; "" where there is none."""
    if value is None or low is None or high is None:
        return ""
    return f"{100 * value:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})"


def first_place_dots(report: PositionReport) -> go.Figure:
    """How often the first place was chosen, everyone first, with a cross where chance alone would be."""
    rows = [("everyone", report.overall), *((person.name, own) for person, own in report.by_person)]
    known = [(name, own) for name, own in rows if own.first.n and own.expected is not None]
    if not known:
        return empty_figure("No shuffled look with a choice yet.")
    figure = go.Figure()
    dots = [(float(place), name, own.first) for place, (name, own) in enumerate(known)]
    figure.add_trace(_dots(dots, "first place", MAIN_COLOR))
    figure.add_scatter(
        x=[100 * (own.expected or 0.0) for _, own in known], y=list(range(len(known))), mode="markers",
        name="by chance", marker={"symbol": "line-ns-open", "size": 18, "color": OTHER_COLOR, "line_width": 2},
        hovertemplate="by chance: %{x:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="looks that chose the first place (%), with 95 % interval", range=[-2, 102], dtick=20,
                        zeroline=False)  # fmt: skip
    _name_rows(figure, [f"{name}  (n = {own.first.n})" for name, own in known])
    figure.update_layout(showlegend=True)
    return framed(figure, height=FRAME_PX + ROW_PX * len(known))


def agreement_matrix(found: Agreement, *, ink: str | None = None) -> go.Figure:
    """How often every two people said the same: colour and number; kappa and n on hover.

    Args:
        ink: colour of the numbers; None leaves it to plotly.
    """
    if not found.pairs:
        return empty_figure("No item that two people chose on yet.")
    people = sorted({*(pair.first for pair in found.pairs), *(pair.second for pair in found.pairs)}, key=_by_name)
    place = {person.annotator_id: row for row, person in enumerate(people)}
    values: list[list[float | None]] = [[None] * len(people) for _ in people]
    texts, hovers = [[""] * len(people) for _ in people], [[""] * len(people) for _ in people]
    for pair in found.pairs:
        for a, b in ((pair.first, pair.second), (pair.second, pair.first)):
            row, column = place[a.annotator_id], place[b.annotator_id]
            values[row][column] = 100 * (pair.same.value or 0.0)
            texts[row][column] = f"{100 * (pair.same.value or 0.0):.0f}"
            hovers[row][column] = pair_words(pair)
    names = [_short(person.name) for person in people]
    figure = go.Figure(
        go.Heatmap(
            z=values, x=list(range(len(people))), y=list(range(len(people))), text=texts, customdata=hovers,
            texttemplate="%{text}", textfont={} if ink is None else {"color": ink}, zmin=0, zmax=100, xgap=2, ygap=2,
            colorscale=MATRIX_SCALE, hoverongaps=False, hovertemplate="%{customdata}<extra></extra>",
            colorbar={"title": "same (%)", "thickness": 12, "outlinewidth": 0},
        )
    )  # fmt: skip
    ticks = {"tickvals": list(range(len(people))), "ticktext": names, "showgrid": False, "zeroline": False}
    figure.update_xaxes(side="bottom", **ticks)
    figure.update_yaxes(autorange="reversed", **ticks)
    return framed(figure, height=FRAME_PX + 40 + CELL_PX * len(people))


def _by_name(person: object) -> str:
    return str(getattr(person, "name", "")).casefold()


def pair_words(pair: PairAgreement) -> str:
    """Two people's agreement in a line, escaped."""
    names = f"{html.escape(pair.first.name)} and {html.escape(pair.second.name)}"
    same = pair.same
    said = f"same {100 * (same.value or 0):.0f} % ({100 * (same.low or 0):.0f} to {100 * (same.high or 0):.0f} %)"
    kappa = pair.kappa
    more = "" if kappa.value is None else f"<br>kappa {kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"
    return f"{names}: {said}, n = {same.n} items{more}"


def sitting_figure(found: Fatigue, *, kind: str) -> go.Figure:
    """What happens over a sitting: agreement with the suggestion ("agreement") or seconds an answer ("seconds").

    One dot for a block of answers, at its number in the sitting, with its 95 % interval.
    """
    is_share = kind == "agreement"
    scale = 100 if is_share else 1
    dots = [
        (block.first, block.last, part.n, part.value * scale, _scaled(part.low, scale), _scaled(part.high, scale))
        for block in found.blocks
        if (part := block.agreed if is_share else block.seconds).value is not None
    ]
    if not dots:
        return empty_figure("No answer yet." if is_share else "No answer with its time yet.")
    unit = "%" if is_share else "s"
    figure = go.Figure(
        go.Scatter(
            x=list(range(len(dots))), y=[value for *_, value, _, _ in dots], mode="markers",
            marker={"size": 9, "color": MAIN_COLOR},
            error_y={
                "type": "data", "symmetric": False, "thickness": 1.4, "width": 4, "color": OTHER_COLOR,
                "array": [0 if high is None else high - value for *_, value, _, high in dots],
                "arrayminus": [0 if low is None else value - low for *_, value, low, _ in dots],
            },
            customdata=[
                f"answers {_numbers(first, last)}: {value:.1f} {unit}{_between(low, high, unit)}, n = {n}"
                for first, last, n, value, low, high in dots
            ],
            hovertemplate="%{customdata}<extra></extra>", showlegend=False,
        )
    )  # fmt: skip
    ticks = [_numbers(first, last) for first, last, *_ in dots]
    figure.update_xaxes(title="number of the answer in its sitting", tickvals=list(range(len(dots))), ticktext=ticks,
                        range=[-0.5, len(dots) - 0.5])  # fmt: skip
    title = "agrees (%), 95 % interval" if is_share else "seconds (median), 95 % interval"
    figure.update_yaxes(title=title, rangemode="tozero", **({"range": [0, 104]} if is_share else {}))
    return framed(figure, height=280)


def _scaled(value: float | None, scale: int) -> float | None:
    return None if value is None else value * scale


def _numbers(first: int, last: int | None) -> str:
    return f"over {first - 1}" if last is None else f"{first} to {last}"


def _between(low: float | None, high: float | None, unit: str) -> str:
    return "" if low is None or high is None else f" ({low:.1f} to {high:.1f} {unit})"


def _short(name: str) -> str:
    shown = " ".join(name.split())
    return html.escape(shown if len(shown) <= LABEL_LIMIT else shown[: LABEL_LIMIT - 1] + "…")
