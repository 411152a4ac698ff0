"""A small database whose every true label is known, and people at it who do all that people do.

Three candidates an item, two runs with opinions of their own, margins that are often equal, suggestions without a
single best, items without a domain, a domain of one item. People skip, flag, undo, open items by a link, disagree, and
are settled by an adjudicator. Leaves out what is drawn and counted (audit_end_to_end.py).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, update

from bench.people_desk import write_weighed
from db.session import Sessions
from db.tables import Candidate, Item, Suggestion
from services import adjudication
from services.decisions import decide, undo
from services.errors import Refused
from services.labels import SETTLED, labels_of
from services.looks.rows import LookRow, PlanRow
from services.looks.serve import next_look, open_item

DOMAINS: tuple[str | None, ...] = ("chat", "chat", "chat", "sums", None)
ALONE = "alone"  # a domain of one item
WRONG_OF_FLAT = 0.2
CLUMSY = 0.1  # of what a second person says
_tokens = itertools.count()


@dataclass(frozen=True, slots=True)
class Desk:
    """Columns by place in the file; `agrees` and `is_right` by run as well.

    agrees: the true label is among the run's suggested best. is_right: it is what would be accepted unlooked.
    """

    sessions: Sessions
    dataset_id: int
    run_ids: tuple[int, ...]
    item_ids: tuple[int, ...]
    first: tuple[int, ...]  # the candidate that comes first in the file
    truth: tuple[int | None, ...]  # a candidate, or a tie
    domains: tuple[str | None, ...]
    agrees: tuple[tuple[bool, ...], ...]
    is_right: tuple[tuple[bool, ...], ...]

    def place(self, item_id: int) -> int:
        """Where in the file an item is."""
        return item_id - self.item_ids[0]


class People:
    """Ann, and Bob who errs now and then, but only where Ann has spoken: they split, and what is settled is true."""

    def __init__(self, desk: Desk, generator: np.random.Generator, *, troubled: float) -> None:
        """troubled: share of the first run's errors that are skipped or flagged rather than decided."""
        self.desk, self.generator, self.troubled = desk, generator, troubled
        self.said: set[int] = set()  # items on which Ann has said the truth
        self.erred: set[int] = set()  # items on which Bob has not

    def next(self, plan: PlanRow, *, by: str = "ann") -> bool:
        """The plan's next item for this person; False where there is none."""
        look = next_look(self.desk.sessions, plan_id=plan.plan_id, annotator=by)
        if look is not None:
            self.say(look.item_id, plan.run_id, by=by, look=look)
        return look is not None

    def open(self, plan: PlanRow, item_id: int, *, by: str = "ann") -> None:
        """An item by its link; others may have it."""
        try:
            look = open_item(self.desk.sessions, plan_id=plan.plan_id, item_id=item_id, annotator=by)
        except Refused:
            return
        self.say(item_id, plan.run_id, by=by, look=look)

    def say(self, item_id: int, run_id: int, *, by: str = "ann", look: LookRow | None = None) -> None:
        """The truth; a skip or a flag where it is hard; from Bob now and then an error."""
        place = self.desk.place(item_id)
        chosen = self.desk.truth[place]
        is_hard = not self.desk.agrees[0][place] and self.generator.random() < self.troubled
        if by == "bob" and item_id in self.said and self.generator.random() < CLUMSY:
            chosen = None if chosen is not None else self.desk.first[place]
            self.erred.add(item_id)
        elif by == "ann" and not is_hard:
            self.said.add(item_id)
        request = ("skip" if self.generator.random() < 0.5 else "flag") if is_hard else ""
        self._decide(item_id, run_id, by=by, chosen=chosen, request=request, look=look)

    def _decide(
        self, item_id: int, run_id: int, *, by: str, chosen: int | None, request: str = "", look: LookRow | None = None
    ) -> None:
        request = request or ("tie" if chosen is None else "best")
        decide(
            self.desk.sessions, item_id=item_id, run_id=run_id, annotator=by, verdict_request=request,
            chosen_candidate_id=chosen if request == "best" else None, submission=f"s{next(_tokens)}",
            look_id=None if look is None else look.look_id,
        )  # fmt: skip

    def take_back(self) -> None:
        """Ann's latest action."""
        undone = undo(self.desk.sessions, dataset_id=self.desk.dataset_id, annotator="ann")
        if undone is not None:
            self.said.discard(undone.item_id)

    def stand_by(self) -> None:
        """Where Ann took her word back, or skipped later, and Bob's error was left alone, she says it again."""
        with self.desk.sessions() as session:
            labels = labels_of(session, self.desk.dataset_id, item_ids=sorted(self.erred), with_auto=False)
        for item_id, label in labels.items():
            if label.state == SETTLED and label.chosen_candidate_id != self.desk.truth[self.desk.place(item_id)]:
                self._decide(item_id, self.desk.run_ids[0], by="ann", chosen=self.desk.truth[self.desk.place(item_id)])

    def adjudicate(self, *, at_most: int) -> None:
        """Settles the first open cases with the truth."""
        for row in adjudication.cases(self.desk.sessions, dataset_id=self.desk.dataset_id)[:at_most]:
            truth = self.desk.truth[self.desk.place(row.item_id)]
            adjudication.settle(
                self.desk.sessions, item_id=row.item_id, by="cleo", submission=f"s{next(_tokens)}",
                chosen_candidate_id=truth, is_tie=truth is None,
            )  # fmt: skip


def make_desk(sessions: Sessions, generator: np.random.Generator, *, n_items: int, shape: str) -> Desk:
    """A dataset with two finished runs, its margins, suggestions, domains and truths this repetition's own."""
    dataset_id, run_ids = write_weighed(sessions, n_items, k=3, n_runs=2, name=f"set {next(_tokens)}")
    domains = [ALONE, *(DOMAINS[at] for at in generator.integers(len(DOMAINS), size=n_items - 1))]
    margins = np.round(2 * generator.gamma(1.5, 1.0, n_items)) / 2  # many are equal, at the threshold as well
    with sessions.begin() as session:
        found: dict[int, list[int]] = {}
        wanted = select(Candidate.item_id, Candidate.candidate_id).join(Item).where(Item.dataset_id == dataset_id)
        for item_id, candidate_id in session.execute(wanted.order_by(Item.position, Candidate.position)):
            found.setdefault(item_id, []).append(candidate_id)
        truth = [_truth(ids, p, generator) for ids, p in zip(found.values(), _chances(margins, shape), strict=True)]
        first = [_suggested(item, ids, m, ids[0]) for (item, ids), m in zip(found.items(), margins, strict=True)]
        second = [  # another opinion, and its margins tell nothing
            _suggested(item, ids, m, ids[int(generator.random() < 0.3)])
            for (item, ids), m in zip(found.items(), generator.permutation(margins), strict=True)
        ]
        session.execute(delete(Suggestion).where(Suggestion.run_id.in_(run_ids)))
        for run_id, rows in zip(run_ids, (first, second), strict=True):
            session.execute(insert(Suggestion), [row | {"run_id": run_id} for row in rows])
        session.execute(update(Item), [{"item_id": i, "domain": d} for i, d in zip(found, domains, strict=True)])
    agrees, right = (
        tuple(tuple(is_one(row, t) for row, t in zip(rows, truth, strict=True)) for rows in (first, second))
        for is_one in (lambda row, t: t in row["ranking"][0], lambda row, t: t == row["best_candidate_id"])
    )
    ids = tuple(candidates[0] for candidates in found.values())
    return Desk(sessions, dataset_id, tuple(run_ids), tuple(found), ids, tuple(truth), tuple(domains), agrees, right)


def _chances(margins: NDArray[np.float64], shape: str) -> NDArray[np.float64]:
    """margin -> chance that the first run's best is the true label."""
    if shape == "telling":
        return np.asarray(1 / (1 + np.exp(0.5 - 2 * margins)))
    if shape == "flat":
        return np.full(len(margins), 1 - WRONG_OF_FLAT)
    return np.where(margins >= 3, 0.7, 0.97)  # the surest are the worst


def _truth(ids: list[int], chance: float, generator: np.random.Generator) -> int | None:
    if generator.random() < chance:
        return ids[0]
    return (ids[1], ids[2], None)[int(generator.integers(3))]


def _suggested(item_id: int, ids: list[int], margin: float, best: int) -> dict[str, Any]:
    others = [one for one in ids if one != best]
    ranking = [[best], [others[0]], [others[1]]] if margin else [[best, others[0]], [others[1]]]
    return {
        "item_id": item_id, "best_candidate_id": best, "ranking": ranking, "margin": float(margin),
        "is_length_flip": False, "is_out_of_world": False, "notes": [],
    }  # fmt: skip
