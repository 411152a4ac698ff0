"""Random histories of deciding, revising and undoing, against a model that keeps a plain list of what was done.

The model knows the rule of accept and override in its own words (pair by pair), and that an undo takes back the
latest action that still stands.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import combinations, count
from typing import Any

import pytest
from export_cases import Case, write_cases
from sqlalchemy import func, select

from db.queries_reviews import effective_decision, verdict_counts
from db.session import Sessions
from db.tables import Annotator, Candidate, Decision, Item, Suggestion
from services.decisions import decide, latest_decisions, undo
from services.labels import labels_of

CASES = (
    Case("ranked A C B"),
    Case("tied best", rewards=(2.0, 2.0, 1.0)),
    Case("all tied", rewards=(1.0, 1.0, 1.0)),
    Case("not weighed", rewards=None),
    Case("pair", texts=("x", "y"), rewards=(1.0, 2.0)),
)
PEOPLE = ("ada", "bob")
STEPS = 40


@dataclass
class Action:
    """Something a person did, as the model has it."""

    who: str
    item_id: int
    verdict: str
    chosen: int | None


@dataclass
class Model:
    """What ought to be so."""

    suggested: dict[int, list[list[int]]]
    candidates: dict[int, list[int]]
    standing: list[Action] = field(default_factory=list)

    def verdict(self, item_id: int, pairs: list[tuple[int, int, bool]], first: set[int]) -> str:
        """pairs: (better, worse, is a tie), every one that was said."""
        place = {c: n for n, group in enumerate(self.suggested[item_id]) for c in group}
        for one, other, is_tie in pairs:
            known = one in place and other in place and place[one] != place[other]
            if known and (is_tie or place[one] > place[other]):
                return "override"
        return "accept" if place and all(place.get(c) == 0 for c in first) else "override"

    def do(self, action: Action) -> None:
        self.standing.append(action)

    def undo(self, who: str) -> Action | None:
        mine = [n for n, action in enumerate(self.standing) if action.who == who]
        return self.standing.pop(mine[-1]) if mine else None

    def effective(self, who: str, item_id: int) -> Action | None:
        mine = [action for action in self.standing if (action.who, action.item_id) == (who, item_id)]
        return mine[-1] if mine else None

    def label(self, item_id: int) -> tuple[str, int | None]:
        """(state, chosen) by counting."""
        said = [action for who in PEOPLE if (action := self.effective(who, item_id))]
        if any(action.verdict == "flag" for action in said):
            return "flagged", None
        votes = [action.chosen for action in said if action.verdict in ("accept", "override", "tie")]
        if not votes:
            return ("skipped" if said else "undecided"), None
        best = [choice for choice in set(votes) if votes.count(choice) == max(map(votes.count, votes))]
        return ("settled", best[0]) if len(best) == 1 else ("split", None)


class History:
    """A database and a model that have seen the same."""

    def __init__(self, sessions: Sessions, seed: int) -> None:
        self.sessions, self.random, self.tokens = sessions, random.Random(seed), count()
        self.dataset_id, self.run_id = write_cases(sessions, CASES)
        with sessions() as session:
            items = session.scalars(select(Item.item_id).order_by(Item.position)).all()
            suggested = {one.item_id: one.ranking for one in session.scalars(select(Suggestion))}
            candidates: dict[int, list[int]] = {item_id: [] for item_id in items}
            for one in session.scalars(select(Candidate).order_by(Candidate.candidate_id)):
                candidates[one.item_id].append(one.candidate_id)
        self.model = Model({item_id: suggested.get(item_id, []) for item_id in items}, candidates)

    def step(self) -> None:
        who = self.random.choice(PEOPLE)
        if self.random.random() < 0.3:
            self._undo(who)
            return
        item_id = self.random.choice(list(self.model.candidates))
        getattr(self, self.random.choice(["_best", "_best", "_rank", "_rank", "_again", "_say"]))(who, item_id)

    def _undo(self, who: str) -> None:
        undone, wanted = undo(self.sessions, dataset_id=self.dataset_id, annotator=who), self.model.undo(who)
        assert (undone and (undone.item_id, undone.undone_verdict)) == (wanted and (wanted.item_id, wanted.verdict))
        left = wanted and self.model.effective(who, wanted.item_id)
        assert (undone and undone.restored and undone.restored.verdict) == (left and left.verdict)

    def _best(self, who: str, item_id: int) -> None:
        ids = self.model.candidates[item_id]
        chosen = self.random.choice(ids)
        pairs = [(chosen, other, False) for other in ids if other != chosen]
        self._decide(
            who, item_id, "best", self.model.verdict(item_id, pairs, {chosen}), chosen, chosen_candidate_id=chosen
        )

    def _rank(self, who: str, item_id: int) -> None:
        ids = self.random.sample(
            self.model.candidates[item_id], k=self.random.randint(2, len(self.model.candidates[item_id]))
        )
        places: list[list[int]] = []
        for candidate_id in ids:
            if places and self.random.random() < 0.3:
                places[-1].append(candidate_id)
            else:
                places.append([candidate_id])
        if len(places) == 1 and len(ids) < len(self.model.candidates[item_id]):
            places = [[candidate_id] for candidate_id in ids]  # a tie of some alone is refused
        self._ranked(who, item_id, places)

    def _again(self, who: str, item_id: int) -> None:
        """The suggestion typed again by hand."""
        if self.model.suggested[item_id]:
            self._ranked(who, item_id, [list(group) for group in self.model.suggested[item_id]])

    def _ranked(self, who: str, item_id: int, places: list[list[int]]) -> None:
        level = {candidate_id: n for n, group in enumerate(places) for candidate_id in group}
        ordered = [candidate_id for group in places for candidate_id in group]
        pairs = [(one, other, level[one] == level[other]) for one, other in combinations(ordered, 2)]
        verdict = "tie" if len(places) == 1 else self.model.verdict(item_id, pairs, set(places[0]))
        chosen = places[0][0] if len(places) > 1 and len(places[0]) == 1 else None
        self._decide(who, item_id, "rank", verdict, chosen, ranking=places)

    def _say(self, who: str, item_id: int) -> None:
        verdict = self.random.choice(["tie", "skip", "flag"])
        self._decide(who, item_id, verdict, verdict, None)

    def _decide(self, who: str, item_id: int, request: str, verdict: str, chosen: int | None, **more: Any) -> None:
        token = f"t{next(self.tokens)}"
        asked: dict[str, Any] = {
            "item_id": item_id, "run_id": self.run_id, "annotator": who, "verdict_request": request,
            "submission": token, **more,
        }  # fmt: skip
        kept = decide(self.sessions, **asked)
        assert (kept.verdict, kept.chosen_candidate_id) == (verdict, chosen)
        self.model.do(Action(who, item_id, verdict, chosen))
        if self.random.random() < 0.2:
            assert decide(self.sessions, **asked) == kept, "the same token twice keeps one"

    def check(self) -> None:
        with self.sessions() as session:
            people = {one.name: one.annotator_id for one in session.scalars(select(Annotator))}
            labels = labels_of(session, self.dataset_id)
            for item_id in self.model.candidates:
                label = labels.get(item_id)
                found = ("undecided", None) if label is None else (label.state, label.chosen_candidate_id)
                assert found == self.model.label(item_id)
                for who in PEOPLE:
                    row, wanted = effective_decision(session, item_id, people[who]), self.model.effective(who, item_id)
                    stands = None if row is None or row.verdict == "undo" else (row.verdict, row.chosen_candidate_id)
                    assert stands == (wanted and (wanted.verdict, wanted.chosen))
            for who in PEOPLE:
                counts = verdict_counts(session, self.dataset_id, annotator=who, run_id=None)
                mine = [self.model.effective(who, item_id) for item_id in self.model.candidates]
                verdicts = [action.verdict for action in mine if action]
                assert {verdict: n for verdict, (n, _) in counts.items()} == {v: verdicts.count(v) for v in verdicts}


@pytest.mark.parametrize("seed", range(5))
def test_any_history_comes_to_what_a_plain_list_says(fresh_db: Sessions, seed: int) -> None:
    history = History(fresh_db, seed)
    for _ in range(STEPS):
        history.step()
    history.check()
    for who in PEOPLE:
        recent = latest_decisions(fresh_db, dataset_id=history.dataset_id, annotator=who)
        standing = {action.item_id: action for action in history.model.standing if action.who == who}
        assert {one.item_id: one.verdict for one in recent} == {key: one.verdict for key, one in standing.items()}
        while history.model.undo(who):
            assert undo(fresh_db, dataset_id=history.dataset_id, annotator=who) is not None
        assert undo(fresh_db, dataset_id=history.dataset_id, annotator=who) is None
    with fresh_db() as session:
        assert {label.state for label in labels_of(session, history.dataset_id).values()} <= {"undecided"}
        n = session.scalar(select(func.count()).select_from(Decision))
        n_undone = session.scalar(
            select(func.count()).select_from(Decision).where(Decision.submission.startswith("undo:"))
        )
    assert n == 2 * (n_undone or 0), "every action is there still, and the row that took it back"


def test_an_accept_after_an_undo_is_an_accept(fresh_db: Sessions) -> None:
    history = History(fresh_db, 0)
    item_id = next(iter(history.model.candidates))
    best, last = history.model.suggested[item_id][0][0], history.model.suggested[item_id][-1][0]
    history._decide("ada", item_id, "best", "override", last, chosen_candidate_id=last)
    history._undo("ada")
    history._decide("ada", item_id, "best", "accept", best, chosen_candidate_id=best)
    history._ranked("ada", item_id, history.model.suggested[item_id])
    history.check()
