"""Pairs from labels: which ranked response is rejected, and where each label of an export comes from.

Candidates are A, B, C with the rewards 3, 1, 2 nats: the run ranks A, C, B.
"""

from __future__ import annotations

import io
import json
from itertools import count
from typing import Any

import pytest
from export_cases import Case, write_cases
from sqlalchemy import select

from db.session import Sessions
from db.tables import Annotator, Candidate, Decision, Item
from services.adjudication import settle
from services.decisions import decide
from services.exports.export import ExportReport, export

TOKENS = count()


class OneItem:
    """A weighed item, and people who say things of it by letter."""

    def __init__(self, sessions: Sessions, case: Case) -> None:
        self.sessions = sessions
        self.dataset_id, self.run_id = write_cases(sessions, (case,))
        with sessions() as session:
            self.item_id = session.scalars(select(Item.item_id)).one()
            self.ids = list(session.scalars(select(Candidate.candidate_id).order_by(Candidate.position)))

    def best(self, who: str, letter: str, **more: Any) -> None:
        self._say(who, "best", chosen_candidate_id=self.ids["ABC".index(letter)], **more)

    def ranks(self, who: str, places: str) -> None:
        """`B AC`: B first, A and C tie for second."""
        self._say(who, "rank", ranking=self.numbers(places))

    def says(self, who: str, verdict: str) -> None:
        self._say(who, verdict)

    def numbers(self, places: str) -> list[list[int]]:
        return [[self.ids["ABC".index(letter)] for letter in place] for place in places.split()]

    def _say(self, who: str, verdict: str, **more: Any) -> None:
        decide(
            self.sessions, item_id=self.item_id, run_id=self.run_id, annotator=who, verdict_request=verdict,
            submission=f"token {next(TOKENS)}", **more,
        )  # fmt: skip

    def pair(self, **options: Any) -> tuple[str, str, str] | str:
        """(chosen, rejected, where the label comes from), or the reason why there is none."""
        rows, report = self.exported(**options)
        if not rows:
            (reason,) = report.left_out
            return reason
        return rows[0]["chosen"][-1], rows[0]["rejected"][-1], rows[0]["label_source"]

    def exported(self, **options: Any) -> tuple[list[dict[str, Any]], ExportReport]:
        out = io.BytesIO()
        report = export(self.sessions, self.dataset_id, format="trl-standard", out=out, **options)
        return [json.loads(line) for line in out.getvalue().splitlines()], report


@pytest.fixture
def item(fresh_db: Sessions) -> OneItem:
    return OneItem(fresh_db, Case("how?"))


@pytest.mark.parametrize(
    ("places", "pair"),
    [
        ("B A C", ("B", "C")),  # the worst ranked, not the suggestion that was turned down
        ("B AC", ("B", "A")),  # both last: the suggestion is among them
        ("A CB", ("A", "B")),  # both last: the one the run ranks last
        ("B C", ("B", "C")),  # A was not ranked, so nothing was said of it
        ("AB C", ("A", "C")),  # a shared first place: the one the run ranks best
        ("BC A", ("C", "A")),
    ],
)
def test_a_ranking_gives_its_best_against_its_worst(item: OneItem, places: str, pair: tuple[str, str]) -> None:
    item.ranks("ann", places)
    assert item.pair() == (*pair, "human")


def test_naming_the_best_alone_turns_the_suggestion_down(item: OneItem) -> None:
    item.best("ann", "C")
    assert item.pair() == ("C", "A", "human")


def test_a_ranking_that_ranks_nothing_else_gives_no_pair(fresh_db: Sessions) -> None:
    item = OneItem(fresh_db, Case("same", texts=("x", "x", "y")))
    item.ranks("ann", "B A")
    assert item.pair() == "no other response with a different text"
    item.best("ann", "B")
    assert item.pair() == ("x", "y", "human")


def test_ranking_all_in_one_place_is_a_tie_and_so_is_a_shared_first_place_of_several_people(item: OneItem) -> None:
    item.ranks("ann", "ABC")
    assert item.pair() == "tie"
    item.ranks("bob", "AB C")
    assert item.pair() == "tie", "ann may have meant all three"


def test_of_several_people_the_plurality_counts_and_a_split_is_left_out(item: OneItem) -> None:
    item.best("ann", "A")
    item.best("bob", "B")
    assert item.pair() == "split"
    item.best("cy", "B")
    assert item.pair() == ("B", "A", "human")
    item.says("dee", "flag")
    assert item.pair() == "flagged"
    assert item.exported()[1].n_disagreeing == 1


def test_what_an_adjudicator_settled_says_so(item: OneItem) -> None:
    item.best("ann", "A")
    item.best("bob", "B")
    settle(item.sessions, item_id=item.item_id, by="cleo", ranking=item.numbers("C A B"), submission="s")
    assert item.pair() == ("C", "B", "adjudication")
    _, report = item.exported()
    assert (report.n_rows, report.n_human, report.n_adjudication, report.n_auto) == (1, 0, 1, 0)


def test_what_was_accepted_unlooked_is_a_label_until_somebody_looks(item: OneItem) -> None:
    with item.sessions.begin() as session:
        machine = Annotator(name="auto-accept", role="machine")
        session.add(machine)
        session.flush()
        session.add(
            Decision(
                submission="auto", item_id=item.item_id, run_id=item.run_id, annotator_id=machine.annotator_id,
                verdict="accept", chosen_candidate_id=item.ids[0], ranking=item.numbers("A C B"), kind="auto",
            )
        )  # fmt: skip
    assert item.pair() == ("A", "B", "auto")
    assert item.exported()[1].n_auto == 1
    item.best("ann", "B")
    assert item.pair() == ("B", "A", "human")


def test_an_undecided_item_goes_out_as_a_suggestion_and_only_when_asked_for(item: OneItem) -> None:
    assert item.pair() == "undecided"
    assert item.pair(only="all") == ("A", "B", "suggestion")
    item.says("ann", "skip")
    assert item.pair(only="all") == "skipped"
