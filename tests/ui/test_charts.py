"""The figures of Insights: what is drawn, in which units, and that colours serve both themes and colour-blind eyes."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from services.insights import LengthAgainstReward, LengthPoint, MarginPoint, ReasonCounts, VerdictCounts
from services.statistics.intervals import Share
from ui.charts import figures as charts

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
HOSTILE = "<b>bold</b><a href='javascript:alert(1)'>x</a>"

# Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB
COLOUR_BLIND = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def texts_of(figure: charts.go.Figure) -> str:
    return " ".join(str(annotation.text) for annotation in figure.layout.annotations)


@pytest.mark.parametrize(
    "figure",
    [
        charts.verdict_bar(VerdictCounts(0, 0, {})),
        charts.margin_histogram([]),
        charts.share_dots([]),
        charts.share_dots([("reasoning", Share(0, None, None, None))]),
        charts.length_scatter(LengthAgainstReward(0, ())),
        charts.reason_bars(ReasonCounts(0, 0, {})),
    ],
)
def test_a_figure_without_data_says_so(figure: charts.go.Figure) -> None:
    assert len(texts_of(figure)) > 10
    assert not figure.data
    assert figure.layout.xaxis.visible is False


def test_progress_is_one_bar_per_verdict_on_an_axis_as_long_as_the_dataset() -> None:
    figure = charts.verdict_bar(VerdictCounts(60, 9, {"accept": 6, "override": 2, "skip": 1}))
    assert {bar.name: bar.x[0] for bar in figure.data} == {"accept": 6, "override": 2, "skip": 1}
    assert tuple(figure.layout.xaxis.range) == (0, 60)


def test_two_annotators_may_make_more_decisions_than_there_are_items() -> None:
    figure = charts.verdict_bar(VerdictCounts(3, 3, {"accept": 5}))
    assert tuple(figure.layout.xaxis.range) == (0, 5)


def test_the_margin_histogram_counts_every_decision_once() -> None:
    margins = [(0.0, "accept"), (0.4, "override"), (0.5, "accept"), (7.9, "tie")]
    figure = charts.margin_histogram([MarginPoint(i, margin, verdict) for i, (margin, verdict) in enumerate(margins)])
    by_verdict = {bar.name: list(bar.y) for bar in figure.data}
    assert {name: sum(counts) for name, counts in by_verdict.items()} == {"accept": 2, "override": 1, "tie": 1}
    assert by_verdict["accept"][:2] == [1, 1], "0.5 opens the second bin of width 0.5"
    assert by_verdict["tie"][15] == 1
    assert figure.layout.xaxis.title.text == "margin (nats)"
    assert figure.layout.yaxis.title.text == "decisions"


def test_margins_by_mean_say_nats_per_token() -> None:
    figure = charts.margin_histogram([MarginPoint(1, 0.25, "accept")], rank_by="mean")
    assert figure.layout.xaxis.title.text == "margin (nats per token)"


def test_a_huge_margin_shares_the_last_bin_instead_of_squeezing_the_rest() -> None:
    margins = [0.1 * i for i in range(1, 100)] + [5000.0]
    width, n_bins, has_overflow = charts.margin_bins(margins)
    assert has_overflow
    assert width * n_bins < 20
    figure = charts.margin_histogram([MarginPoint(i, margin, "accept") for i, margin in enumerate(margins)])
    assert sum(figure.data[0].y) == 100
    assert figure.data[0].y[-1] == 1
    assert figure.layout.xaxis.ticktext[-1] == "more"


def test_only_ties_at_margin_zero_still_make_a_bar() -> None:
    figure = charts.margin_histogram([MarginPoint(1, 0.0, "accept"), MarginPoint(2, 0.0, "accept")])
    assert list(figure.data[0].y) == [2]


def test_shares_carry_their_n_and_interval() -> None:
    figure = charts.share_dots([("all items", Share(100, 0.9, 0.826, 0.945)), ("safety", Share(20, 0.5, 0.299, 0.701))])
    dots = figure.data[0]
    assert list(dots.x) == [90.0, 50.0]
    assert dots.error_x.array[0] == pytest.approx(4.5)
    assert dots.error_x.arrayminus[0] == pytest.approx(7.4)
    assert figure.layout.yaxis.ticktext == ("all items  (n = 100)", "safety  (n = 20)")
    assert "95 % interval" in figure.layout.xaxis.title.text
    assert list(dots.marker.color) == [charts.MAIN_COLOR, charts.OTHER_COLOR]
    assert dots.customdata[0] == "all items: 90.0 % (82.6 to 94.5 %), n = 100"


def test_a_share_without_items_is_left_out() -> None:
    figure = charts.share_dots([("chat", Share(0, None, None, None)), ("safety", Share(2, 1.0, 0.342, 1.0))])
    assert figure.layout.yaxis.ticktext == ("safety  (n = 2)",)


def test_length_against_reward_marks_the_best_and_says_when_points_were_left_out() -> None:
    points = (LengthPoint(1, 1, 12, 3.5, True), LengthPoint(2, 1, 40, -2.0, False))
    figure = charts.length_scatter(LengthAgainstReward(9000, points))
    by_name = {trace.name: (list(trace.x), list(trace.y)) for trace in figure.data}
    assert by_name == {"best of its item": ([12], [3.5]), "other": ([40], [-2.0])}
    assert {trace.marker.symbol for trace in figure.data} == {"diamond", "circle"}, "not by colour alone"
    assert "2 of 9,000" in texts_of(figure)
    assert figure.layout.xaxis.title.text == "length (tokens)"
    assert figure.layout.yaxis.title.text == "reward (nats)"
    assert not texts_of(charts.length_scatter(LengthAgainstReward(2, points)))


def test_override_reasons_come_most_frequent_first_with_what_has_none_last() -> None:
    figure = charts.reason_bars(ReasonCounts(7, 2, {"style": 1, "wrong fact": 4, "unsafe": 0}))
    assert list(figure.data[0].x) == [4, 1, 2]
    assert figure.layout.yaxis.ticktext == ("wrong fact", "style", "no reason given")
    assert "of 7" in figure.layout.xaxis.title.text


@pytest.mark.parametrize("name", [HOSTILE, "x" * 500, "two\nlines"])
def test_names_from_files_are_escaped_and_cut_beside_the_axis_but_whole_in_the_hover(name: str) -> None:
    figure = charts.share_dots([(name, Share(3, 1.0, 0.4, 1.0))])
    (label,) = figure.layout.yaxis.ticktext
    assert "<" not in label
    assert "\n" not in label
    assert len(label) < 140
    assert "<" not in figure.data[0].customdata[0]
    reasons = charts.reason_bars(ReasonCounts(1, 0, {name: 1}))
    assert "<" not in reasons.layout.yaxis.ticktext[0] + reasons.data[0].customdata[0]


def backgrounds() -> list[str]:
    theme = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
    return [theme[kind][name] for kind in ("light", "dark") for name in ("backgroundColor",)]


@pytest.mark.parametrize("color", charts.VERDICT_COLORS.values())
def test_every_colour_stands_out_on_both_backgrounds(color: str) -> None:
    for background in backgrounds():
        low, high = sorted((luminance(color), luminance(background)))
        assert (high + 0.05) / (low + 0.05) >= 3.0, "WCAG 1.4.11: graphics at least 3 to 1"


@pytest.mark.parametrize("kind", COLOUR_BLIND)
def test_colour_blind_eyes_tell_neighbouring_verdicts_apart(kind: str) -> None:
    seen = [lab(simulate(linear(color), kind=kind)) for color in charts.VERDICT_COLORS.values()]
    for one, two in itertools.pairwise(seen):
        assert sum((a - b) ** 2 for a, b in zip(one, two, strict=True)) ** 0.5 > 15  # CIE76


def linear(color: str) -> tuple[float, ...]:
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)


def luminance(color: str) -> float:
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))


def simulate(rgb: tuple[float, ...], *, kind: str) -> tuple[float, ...]:
    return tuple(min(1.0, max(0.0, sum(m * c for m, c in zip(row, rgb, strict=True)))) for row in COLOUR_BLIND[kind])


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    """CIE L*a*b* (D65) of linear sRGB."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    xyz = [sum(m * c for m, c in zip(row, rgb, strict=True)) / w for row, w in zip(rows, white, strict=True)]
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
