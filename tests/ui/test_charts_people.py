"""Figures about people: what is drawn, what is said on hover, and what an empty one says."""

from __future__ import annotations

import random

import plotly.graph_objects as go
import pytest

from services.people.agreement import Agreement, PairAgreement
from services.people.alpha import Coefficient
from services.people.anchoring import AnchoringReport, of_counts
from services.people.answers import Person
from services.people.fatigue import Block, Fatigue, Trend, median
from services.people.position import PositionReport, of_places
from services.statistics.intervals import share
from ui.charts import people as charts

HOSTILE = "<b>Eve</b>"
ADA, EVE = Person(1, "Ada", "annotator"), Person(2, HOSTILE, "annotator")
NONE = Coefficient(0, None, None, None)


def agreement(*pairs: PairAgreement) -> Agreement:
    return Agreement(3, 2, share(2, 3), NONE, NONE, NONE, NONE, NONE, pairs, False)


def texts(figure: go.Figure) -> str:
    """Everything a reader may see, hovers included."""
    return str(figure.to_dict())


def fatigue_of(n: int) -> Fatigue:
    dice = random.Random(1)
    block = Block(1, 5, share(3, n), median([dice.uniform(2, 9) for _ in range(n)]))
    more = Block(641, None, share(n, n), median([]))
    trend = Trend(n, 0.1, 0.0, 0.2)
    return Fatigue(1, n, (block, more) if n else (), trend, trend, median([]), True)


@pytest.mark.parametrize(
    "figure",
    [
        charts.anchoring_dots(AnchoringReport(of_counts((0, 0), (0, 0)), (), (0, 0))),
        charts.first_place_dots(PositionReport(of_places([]), ())),
        charts.agreement_matrix(agreement()),
        charts.sitting_figure(fatigue_of(0), kind="agreement"),
        charts.sitting_figure(fatigue_of(0), kind="seconds"),
    ],
)
def test_an_empty_figure_says_so(figure: go.Figure) -> None:
    assert not figure.data
    assert "yet" in figure.layout.annotations[0].text


def test_anchoring_shows_both_shares_and_the_difference_with_its_interval() -> None:
    found = of_counts((56, 70), (48, 80))
    figure = charts.anchoring_dots(AnchoringReport(found, ((EVE, found), (ADA, of_counts((3, 4), (0, 0)))), (0, 0)))
    shown, hidden = figure.data
    assert (list(shown.x), list(hidden.x)) == ([80, 80, 75], [60, 60])
    assert [note.text for note in figure.layout.annotations] == ["+20 (+5 to +33)", "+20 (+5 to +33)", ""]
    assert "n = 70" in shown.customdata[0]
    assert "95 % interval" in figure.layout.xaxis.title.text
    assert HOSTILE not in texts(figure)


def test_first_places_stand_beside_what_chance_gives() -> None:
    found = of_places([(2, 0)] * 15 + [(4, 1)] * 5)
    figure = charts.first_place_dots(PositionReport(found, ((EVE, found),)))
    dots, chance = figure.data
    assert dots.x[0] == pytest.approx(75)
    assert chance.x[0] == pytest.approx(100 * (15 / 2 + 5 / 4) / 20)
    assert HOSTILE not in texts(figure)


def test_the_matrix_is_the_same_from_both_sides_and_has_no_diagonal() -> None:
    pair = PairAgreement(ADA, EVE, share(2, 3), Coefficient(3, 0.4, 0.1, 0.7), NONE)
    figure = charts.agreement_matrix(agreement(pair), ink="#000000")
    (heat,) = figure.data
    assert heat.z[0][1] == heat.z[1][0] == pytest.approx(200 / 3)
    assert heat.z[0][0] is None
    assert "kappa 0.40 (0.10 to 0.70)" in heat.customdata[0][1]
    assert HOSTILE not in texts(figure)


def test_a_sitting_has_a_dot_for_each_block_that_has_the_number() -> None:
    agreed = charts.sitting_figure(fatigue_of(9), kind="agreement")
    seconds = charts.sitting_figure(fatigue_of(9), kind="seconds")
    assert list(agreed.layout.xaxis.ticktext) == ["1 to 5", "over 640"]
    assert list(seconds.layout.xaxis.ticktext) == ["1 to 5"]
    assert "(%)" in agreed.layout.yaxis.title.text
    assert "seconds" in seconds.layout.yaxis.title.text
