"""What became of a sample, and of every item that people settled under a run.

    places of the plan     0 1 2 3 4 5 6 ...
    decided by anybody     x x x x - x -        x: a label, a skip, a flag or a split
    counted                0 1 2 3              up to the first that nobody has resolved; 5 waits until 4 is

Only so is the counted part itself a random sample: who works fast on easy items changes nothing. An item that was
decided in another way counts all the same, because nobody chose it for its outcome; labels accepted unlooked never do.
Leaves out intervals (accuracy.py) and how items were drawn (services/looks).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from sqlalchemy.orm import Session, sessionmaker

from db.queries_audit import (
    blind_first_marks,
    items_decided_as_drawn,
    last_decision_id,
    n_places,
    tops_of,
)
from db.queries_labels import Mark
from db.queries_plans import places_of, suggested_items
from services.audit.rows import Census, Outcome, Population, RunOutcome, SampleOutcomes
from services.errors import Refused
from services.labels import SETTLED, UNDECIDED, Label, labels_of, resolve
from services.looks.chance import is_blind
from services.looks.plans import get_plan, wanted_of
from services.looks.population import orders_of
from services.looks.rows import NO_STRATUM, SAMPLES, PlanRow

DRAWN, OTHERWISE = "drawn", "otherwise"  # Outcome.how


class Suggested(NamedTuple):
    """An item that a run has a suggestion for."""

    item_id: int
    domain: str | None
    margin: float


def sample_outcomes(sessions: sessionmaker[Session], plan_id: int) -> SampleOutcomes:
    """The outcomes of a random or stratified plan as they stand. Refused for a plan that is no sample."""
    plan = get_plan(sessions, plan_id)
    if not plan.is_sample:
        raise Refused(
            f"plan {plan.name!r} draws by {plan.order}, which shows nothing about items that were not drawn; "
            f"choose one that draws by {' or '.join(SAMPLES)}"
        )
    with sessions() as session:
        return _outcomes(session, plan)


def run_outcomes(sessions: sessionmaker[Session], run_id: int, *, dataset_id: int) -> tuple[RunOutcome, ...]:
    """Every item that people settled (not accepted unlooked) and that the run has a suggestion for, in file order."""
    with sessions() as session:
        labels = labels_of(session, dataset_id, with_auto=False)
        tops = tops_of(session, run_id, [one.item_id for one in labels.values() if one.state == SETTLED])
        suggested = _suggested(session, run_id) if tops else []
    return tuple(
        RunOutcome(one.item_id, one.margin, one.domain, labels[one.item_id].chosen_candidate_id in tops[one.item_id])
        for one in suggested
        if one.item_id in tops
    )


def state_of(sessions: sessionmaker[Session], plan_id: int) -> tuple[int, int]:
    """(last decision of all, places drawn): while both stay as they are, so do the outcomes."""
    with sessions() as session:
        return last_decision_id(session), n_places(session, plan_id)


def _outcomes(session: Session, plan: PlanRow) -> SampleOutcomes:
    up_to = last_decision_id(session)  # first: what is decided while the rest is read must not be taken for counted
    labels = labels_of(session, plan.dataset_id, with_auto=False, up_to=up_to)
    before = labels_of(session, plan.dataset_id, with_auto=False, up_to=plan.decision_cut)
    known = {item_id for item_id, label in before.items() if label.state == SETTLED}
    suggested = _suggested(session, plan.run_id)
    places = [(place, item_id, stratum or NO_STRATUM) for place, item_id, stratum in places_of(session, plan.plan_id)]
    resolved = {item_id for item_id, label in labels.items() if label.state != UNDECIDED}
    prefix = list(takewhile(lambda drawn: drawn[1] in resolved, places))
    tops = tops_of(session, plan.run_id, [*(item_id for _, item_id, _ in prefix), *known])
    census = [one for one in suggested if one.item_id in known]
    population = [one for one in suggested if one.item_id not in known]
    return SampleOutcomes(
        plan=plan,
        up_to=up_to,
        n_places=len(places),
        counted=_counted(session, plan, prefix, labels=labels, tops=tops, suggested=population),
        n_beyond=sum(item_id in resolved for _, item_id, _ in places[len(prefix) :]),
        population=_population(session, plan, population),
        census=_census(census, labels, tops),
        census_by_domain={
            domain: _census([one for one in census if one.domain == domain], labels, tops)
            for domain in {one.domain for one in census}
        },
        decided=frozenset(one.item_id for one in population if one.item_id in resolved),
        without_best=_without_best(session, plan.run_id, population),
    )


def _without_best(session: Session, run_id: int, suggested: Sequence[Suggested]) -> frozenset[int]:
    """Two candidates in first place have equal rewards, so there is no margin between them."""
    tops = tops_of(session, run_id, [one.item_id for one in suggested if one.margin <= 0])
    return frozenset(item_id for item_id, top in tops.items() if len(top) > 1)


def _suggested(session: Session, run_id: int) -> list[Suggested]:
    """In file order."""
    rows = suggested_items(session, run_id)
    return [Suggested(item_id, domain, margin) for item_id, _, domain, _, margin, _ in rows]


def _counted(
    session: Session,
    plan: PlanRow,
    prefix: Sequence[tuple[int, int, str]],
    *,
    labels: Mapping[int, Label],
    tops: Mapping[int, frozenset[int]],
    suggested: Sequence[Suggested],
) -> tuple[Outcome, ...]:
    row_by_item = {one.item_id: one for one in suggested}
    as_drawn = items_decided_as_drawn(session, plan.plan_id, order=plan.order)
    blind = _blind_agreement(session, plan, tops)
    return tuple(
        Outcome(
            item_id=item_id,
            place=place,
            stratum=stratum,
            domain=row_by_item[item_id].domain,
            margin=row_by_item[item_id].margin,
            agrees=agreement(labels[item_id], tops[item_id]),
            how=DRAWN if item_id in as_drawn else OTHERWISE,
            is_blind=is_blind(plan.seed, item_id, share=plan.blind_share),
            blind_agrees=blind.get(item_id),
        )
        for place, item_id, stratum in prefix
    )


def agreement(label: Label, top: Iterable[int]) -> bool | None:
    """Whether the label is (one of) the suggested best; None where the decisions settle nothing."""
    if label.state != SETTLED:
        return None
    return label.chosen_candidate_id is not None and label.chosen_candidate_id in top


def _blind_agreement(session: Session, plan: PlanRow, tops: Mapping[int, frozenset[int]]) -> dict[int, bool | None]:
    """What the first decisions of blind looks alone come to, item by item."""
    marks: dict[int, list[Mark]] = {}
    for mark in blind_first_marks(session, plan.plan_id):
        if mark.item_id in tops:
            marks.setdefault(mark.item_id, []).append(mark)
    return {item_id: agreement(resolve(item_id, found), tops[item_id]) for item_id, found in marks.items()}


def _census(suggested: Sequence[Suggested], labels: Mapping[int, Label], tops: Mapping[int, frozenset[int]]) -> Census:
    known = [agreement(labels[one.item_id], tops[one.item_id]) for one in suggested]
    return Census(len(known), known.count(True), known.count(None))


def _population(session: Session, plan: PlanRow, suggested: Sequence[Suggested]) -> Population:
    """Refused when it is not what the sample was drawn from: looks say nothing about items that could not be drawn."""
    strata = _strata(session, plan, [one.item_id for one in suggested])
    if Counter(strata) != Counter(plan.population):
        raise Refused(
            f"plan {plan.name!r} was drawn from {plan.n_population:,} suggestions, and run {plan.run_id} has "
            f"{len(strata):,} now, or in other groups; draw a new sample"
        )
    return Population(
        item_ids=tuple(one.item_id for one in suggested),
        margins=tuple(one.margin for one in suggested),
        domains=tuple(one.domain for one in suggested),
        strata=strata,
    )


def _strata(session: Session, plan: PlanRow, item_ids: Sequence[int]) -> tuple[str, ...]:
    """The stratum of every item of the population, as the draw divided them."""
    if plan.order == "random":
        return (NO_STRATUM,) * len(item_ids)
    orders = orders_of(session, wanted_of(plan))
    stratum_by_item = {item_id: name for name, members in orders.items() for item_id in members}
    return tuple(stratum_by_item[item_id] for item_id in item_ids)
