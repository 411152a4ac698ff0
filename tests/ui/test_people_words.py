"""The sentences of the People and Adjudicate pages: always with n and interval, never more than was found."""

from __future__ import annotations

from datetime import datetime

from services.adjudication import CaseDecision
from services.people.alpha import Coefficient
from services.people.anchoring import of_counts
from services.people.fatigue import Fatigue, Trend, median
from services.people.position import of_places
from services.people.tastes import Tastes
from services.statistics.intervals import share
from ui.adjudicate.words import decision_html, said_words
from ui.people import words

LETTERS = {7: "A", 8: "B", 9: "C"}


def said(**more: object) -> CaseDecision:
    made = {
        "person": "Person 1", "name": None, "said": "best", "chosen_candidate_id": 8, "ranking": (), "strength": None,
        "reason_tags": (), "note": "", "is_blind": False, "is_mine": False, "elapsed_ms": None,
        "created_at": datetime(2026, 3, 2),
    }  # fmt: skip
    return CaseDecision(**(made | more))  # type: ignore[arg-type]


def test_anchoring_is_called_so_only_when_the_interval_excludes_none() -> None:
    assert "20 points more often when they see it (95 % interval +5 to +33 points)" in words.anchoring_words(
        of_counts((56, 70), (48, 80))
    )
    assert words.anchoring_words(of_counts((5, 8), (4, 8))).startswith("No anchoring is seen")
    assert "less often" in words.anchoring_words(of_counts((10, 100), (60, 100)))
    assert words.anchoring_words(of_counts((5, 8), (0, 0))).startswith("Nothing to compare yet")


def test_first_places_come_with_chance_and_an_exact_test() -> None:
    line = words.position_words(of_places([(2, 0)] * 15 + [(2, 1)] * 5))
    assert "75 % (n = 20 shuffled looks, 95 % interval 53 to 89 %); chance alone gives 50 %" in line
    assert "more than chance explains (p = 0.041, exact test)" in line
    assert "no more than chance" in words.position_words(of_places([(2, 0)] * 5 + [(2, 1)] * 5))
    assert "No shuffled look" in words.position_words(of_places([]))


def test_a_trend_is_stated_only_when_it_is_seen() -> None:
    falls = Trend(50, -0.1, -0.15, -0.05)
    assert "falls by 10 points per 100 answers" in words.agreement_trend_words(falls, longest=120)
    unseen = words.agreement_trend_words(Trend(50, -0.1, -0.3, 0.1), longest=120)
    assert unseen.startswith("No trend of agreement is seen")
    assert "Too few" in words.agreement_trend_words(Trend(2, None, None, None), longest=2)
    timed = Fatigue(1, 120, (), Trend(0, None, None, None), Trend(9, -0.2, -0.3, -0.1), median([4.0] * 9), True)
    assert "20 % less per 100 answers" in words.speed_words(timed)
    assert "4.0 s (median, n = 9" in words.speed_words(timed)


def test_a_trend_of_short_sittings_is_stated_for_as_many_answers_as_somebody_gave() -> None:
    falls = words.agreement_trend_words(Trend(38, -3.08, -5.26, -0.9), longest=20)
    assert "falls by 31 points per 10 answers of a sitting (95 % interval -53 to -9," in falls
    quick = Fatigue(1, 20, (), Trend(0, None, None, None), Trend(20, -0.651, -0.9, -0.1), median([4.0] * 20), True)
    assert "10 % less per 10 answers of a sitting (95 % interval -21 to -1 %)" in words.speed_words(quick)


def test_a_coefficient_never_stands_without_its_items_and_interval() -> None:
    assert words.coefficient_basis(Coefficient(12, 0.5, 0.2, 0.8)) == "n = 12 items, 95 % interval 0.20 to 0.80"
    assert words.coefficient_value(Coefficient(1, None, None, None)) == "–"
    assert words.coefficient_basis(Coefficient(0, None, None, None)) == "nothing to compare yet"


def test_tastes_are_not_claimed_without_evidence() -> None:
    empty = share(0, 0)
    assert "Not looked for: 2 people" in words.tastes_words(Tastes((), empty, None, (), 3, 2, "2 people are too few"))
    assert "No evidence" in words.tastes_words(Tastes((), empty, 0.4, (), 60, 5, ""))


def test_what_people_said_reads_as_they_meant_it() -> None:
    assert said_words(said(), LETTERS) == "B is best"
    assert said_words(said(strength=-2), LETTERS) == "B better"
    assert said_words(said(said="rank", ranking=((8,), (7, 9))), LETTERS) == "B > A = C"
    assert said_words(said(said="tie", chosen_candidate_id=None), LETTERS) == "no difference"
    assert said_words(said(said="flag", chosen_candidate_id=None), LETTERS) == "flagged it"


def test_a_card_hides_the_name_until_it_is_given_and_escapes_notes() -> None:
    hidden = decision_html(said(note="<img src=x>", is_blind=True), LETTERS)
    assert "Person 1" in hidden
    assert "2026" not in hidden, "a time would tell who it was"
    assert "<img" not in hidden
    assert "without seeing the suggestion" in hidden
    named = decision_html(said(name="<b>Bob</b>", is_mine=True), LETTERS)
    assert "&lt;b&gt;Bob" in named
    assert "Person 1" in named
