"""The figures of a pair map: what stands in which cell, what can be clicked, and what empty data says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.pair_map.pick import Pick, RankedPair
from services.pair_map.read import MapModel, MapPair, PairMap
from services.statistics.bootstrap import Difference
from services.statistics.correlation import MapCorrelation, over_models
from services.statistics.intervals import Share, share
from ui.charts import map as charts_map
from ui.charts.map import gap_figure, heat_map
from ui.pair_map import page as map_page
from ui.pair_map.words import (
    basis_line,
    correlation_line,
    cost_words,
    memory_words,
    performance_line,
    pick_line,
    verdict,
)

HOSTILE = "<b>bold</b><a href='javascript:alert(1)'>x</a>"
NOTHING = Share(0, None, None, None)


def a_map(names: tuple[str, ...] = ("a", "b", "c"), *, n: int = 50) -> PairMap:
    """Each model is better than the one before it."""
    levels = {name: 0.5 + 0.1 * place for place, name in enumerate(names)}
    models = tuple(MapModel(name, name, share(25, n), share(20, n), levels[name], None) for name in names)
    pairs = tuple(
        MapPair(strong, weak, 1, accuracy, accuracy, accuracy, levels[strong] - levels[weak], 12.3, 2_000_000)
        for strong in names
        for weak in names
        if strong != weak
        for accuracy in (share(25 + 50 * (levels[strong] - levels[weak]), n),)
    )
    return PairMap(
        dataset="tea", dataset_id=1, criteria="none", rank_by="sum", judged_by="any", n_items=n + 3, n=n, n_decided=4,
        n_fell_out=2, n_unjudged=1, performance_from="own log-prob, by sum", n_given=0, models=models, pairs=pairs,
        missing=(), baselines={"shortest": share(20, n), "longest": share(30, n), "random": share(25, n)},
        pearson=None, spearman=None, pearson_upward=None,
    )  # fmt: skip


def test_the_best_model_stands_first_and_nothing_stands_over_itself() -> None:
    figure = heat_map(a_map())
    cells = figure.data[0]
    assert list(figure.layout.yaxis.ticktext) == ["c", "b", "a"]
    assert list(figure.layout.xaxis.ticktext) == ["c", "b", "a"]
    assert [cells.text[place][place] for place in range(3)] == ["", "", ""]
    assert list(cells.text[0]) == ["", "60", "70"], "c over b, c over a"
    assert list(cells.text[2]) == ["30", "40", ""], "a over c, a over b"
    middle = (cells.zmin + cells.zmax) / 2
    assert middle == pytest.approx(50), "colours part where picking at random stands"


def test_every_cell_can_be_clicked_and_says_its_pair_with_n_and_interval() -> None:
    points = heat_map(a_map()).data[1]
    assert {tuple(place) for place in points.customdata} == {(s, w) for s in "abc" for w in "abc" if s != w}
    at = [tuple(place) for place in points.customdata].index(("c", "a"))
    assert (points.x[at], points.y[at]) == (2, 0)
    assert points.text[at] == "c over a<br>right 70.0 % (56.2 to 80.9), n = 50<br>gap +0.200"


def test_the_gap_is_drawn_against_accuracy_with_its_intervals_and_a_line() -> None:
    figure = gap_figure(a_map())
    line, points = figure.data
    assert len(points.x) == 6
    assert max(points.x) == pytest.approx(0.2)
    assert max(points.y) == pytest.approx(70.0)
    assert line.y[1] > line.y[0]
    assert all(value > 0 for value in (*points.error_y.array, *points.error_y.arrayminus))
    assert "%" in figure.layout.yaxis.title.text
    assert "gap" in figure.layout.xaxis.title.text


@pytest.mark.parametrize("draw", [heat_map, gap_figure])
def test_an_empty_map_says_so(draw: object) -> None:
    empty = replace(a_map(), pairs=(), n=0)
    figure = draw(empty)  # type: ignore[operator]
    assert not figure.data
    assert len(figure.layout.annotations) == 1


def test_models_of_one_performance_have_points_but_no_line() -> None:
    flat = a_map()
    level = replace(flat, pairs=tuple(replace(pair, gap=0.0) for pair in flat.pairs))
    assert [trace.name for trace in gap_figure(level).data] == ["pairs"]


def test_names_of_models_are_shown_as_text() -> None:
    hostile = a_map((HOSTILE, "b"))
    for figure in (heat_map(hostile), gap_figure(hostile)):
        assert "<a href" not in figure.to_json()
        assert "<b>" not in figure.to_json()
    page = map_page.page(hostile, no_pick())
    assert "<a href='javascript" not in page
    assert "&lt;b&gt;bold" in page


def no_pick() -> Pick:
    return Pick("any", 0, 0, ())


def test_the_page_of_a_map_needs_nothing_from_elsewhere() -> None:
    page = map_page.page(a_map(), no_pick())
    assert "cdn.plot.ly" not in page.split("<h2>")[1][:2000]
    assert '<script src="http' not in page
    assert "picking at random" in page


def test_a_correlation_is_said_with_what_it_rests_on() -> None:
    found = MapCorrelation(42, 7, 0.9123, 0.5, 0.99, 0.0004, over_models([0.1, 0.2], [[0, 1], [0, 0]], "pearson").as_if_independent)  # fmt: skip  # noqa: E501
    words = "Pearson +0.91 (95 % interval +0.50 to +0.99 over models, 42 pairs of 7 models, p below 0.001)"
    assert correlation_line("Pearson", found) == words
    assert verdict(found) == "On this dataset a larger gap goes with a more accurate pair."
    assert "does not predict" in verdict(replace(found, low=-0.2))
    assert "less accurate" in verdict(replace(found, low=-0.9, high=-0.1))
    few = replace(found, n_pairs=6, n_models=3, low=None, high=None, p_value=None)
    assert "an interval takes 4 models or more" in correlation_line("Pearson", few)
    assert "Too few models" in verdict(few)
    assert correlation_line("Pearson", None) == "Pearson: nothing to correlate yet"


def test_what_the_ranking_says_claims_no_more_than_was_measured() -> None:
    pairs = a_map().pairs
    best, other, third = (replace(pairs[place], per_thousand_s=cost) for place, cost in enumerate((3.0, None, 1.0)))
    right = Share(40, 0.8, 0.65, 0.9)
    noise, far = Difference(40, 0.01, -0.1, 0.1, 0.9), Difference(40, 0.3, 0.1, 0.5, 0.001)

    def said(*ranked: RankedPair) -> str:
        return pick_line(Pick("gold", 40, 0, ranked))

    first = RankedPair(best, right, None)
    assert said(first) == f"The only pair on 40 items judged by gold only: {best.strong} over {best.weak}."
    assert said(first, RankedPair(other, right, far)).endswith("Every other pair is behind it by more than noise.")
    assert f"Of the 1 whose cost was measured {best.strong} over" in said(first, RankedPair(other, right, noise))
    assert f"Of these {third.strong} over {third.weak} costs least." in said(first, RankedPair(third, right, noise))


def test_what_counts_is_said_in_full() -> None:
    line = basis_line(a_map())
    assert line.startswith("50 of 53 items count, judged by people's decisions, else gold; 4 by a person; 2 fell out")
    assert "1 were weighed, but nobody says which response is right" in line
    assert "own log-prob, by sum" in performance_line(a_map())
    assert "1 of 3 models have a number" in performance_line(replace(a_map(), n_given=1))


def test_costs_have_units_and_unknown_ones_a_dash() -> None:
    assert (cost_words(None), cost_words(12.34), cost_words(1234.5)) == ("–", "12.3 s", "1,234 s")
    assert (memory_words(None), memory_words(7_500_000), memory_words(14_500_000_000)) == ("–", "7.5 MB", "14.5 GB")


def test_white_text_is_clear_on_every_colour_of_the_map() -> None:
    for colour in (charts_map.LOW, charts_map.MIDDLE, charts_map.HIGH):
        assert contrast_with_white(colour) >= 4.5


def contrast_with_white(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
