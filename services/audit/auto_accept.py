"""Accepting labels unlooked, above a margin that random looks have shown to be safe enough.

    propose    finds the thresholds; writes nothing
    apply      one transaction: a row in `auto_accept` and a decision of kind `auto` for each item nobody looked at
    revoke     one transaction: an undo for each of them

The promise is about the labels of one application: what was accepted before, under this run or another, is neither
evidence nor among them. A suggestion without a single best is never accepted: agreeing with it says less than which of
its best would be right. A person's decision always overrides one that was made unlooked (services/labels.py). Leaves
out the test that the bound rests on (services/statistics/threshold.py) and lists of what was applied
(auto_accept_rows.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_audit import (
    UNDO,
    Ranked,
    append_decisions,
    latest_machine_rows,
    rankings_of,
    standing_auto,
)
from db.queries_reviews import UNDO_PREFIX
from db.tables import Annotator, Run, utc_now
from db.tables_audit import AutoAccept
from services.annotators import AUTO_ACCEPT, ensure_annotator, machine_annotator_id, require_may
from services.audit.auto_accept_rows import read_auto_accept, report_of
from services.audit.outcomes import sample_outcomes
from services.audit.rows import AutoAcceptRow, Outcome, Proposal, SampleOutcomes, ThresholdRow
from services.errors import NotFound, Refused
from services.labels import AUTO
from services.noise import within
from services.statistics.exact import LEVEL
from services.statistics.threshold import Search, find


def propose(
    sessions: sessionmaker[Session],
    *,
    plan_id: int,
    target: float,
    level: float = LEVEL,
    is_per_domain: bool = False,
) -> Proposal:
    """The thresholds at which at most a `target` share of labels is wrong, at this confidence level.

    Only the counted looks of the sample are evidence; what was looked at in other ways is left as people have it.

    Raises Refused for a plan that is no sample or a target that is no share, NotFound for no plan.
    """
    found = sample_outcomes(sessions, plan_id)
    return propose_from(sessions, found, target=target, level=level, is_per_domain=is_per_domain)


def propose_from(
    sessions: sessionmaker[Session],
    found: SampleOutcomes,
    *,
    target: float,
    level: float = LEVEL,
    is_per_domain: bool = False,
) -> Proposal:
    """The same from outcomes that were read already."""
    for name, value in (("target", target), ("level", level)):
        if not 0 < value < 1:
            raise Refused(f"the {name} is {value:g}; it is a share between 0 and 1, for example 0.05")
    with sessions() as session:
        accepted = _accepted_unlooked(session, found.plan.dataset_id)
    thresholds = _thresholds(found, accepted, target=target, level=level, is_per_domain=is_per_domain)
    return Proposal(
        plan_id=found.plan.plan_id,
        run_id=found.plan.run_id,
        dataset_id=found.plan.dataset_id,
        target=target,
        level=level,
        is_per_domain=is_per_domain,
        thresholds=thresholds,
        n_accepted=sum(one.n_accepted for one in thresholds),
        n_before=len(accepted & (set(found.population.item_ids) - found.decided)),
        up_to=found.up_to,
        n_places=found.n_places,
    )


def apply(sessions: sessionmaker[Session], proposal: Proposal, *, by: str) -> AutoAcceptRow:
    """Accept what the proposal names, in one transaction.

    Raises Refused when the person may not, when looks moved the thresholds since, when nothing is left to accept.
    """
    person = ensure_annotator(sessions, by)
    with sessions() as session:
        require_may(session, by, AUTO_ACCEPT)
    found = sample_outcomes(sessions, proposal.plan_id)
    now = propose_from(
        sessions, found, target=proposal.target, level=proposal.level, is_per_domain=proposal.is_per_domain
    )
    with sessions() as session:
        accepted = _accepted_unlooked(session, now.dataset_id)
    if not any(True for one in proposal.thresholds for _ in _acceptable(found, one, accepted)):
        raise Refused("nothing is left to accept unlooked: every label above the threshold has a decision")
    shown, fresh = ([(row.domain, row.threshold) for row in one.thresholds] for one in (proposal, now))
    if shown != fresh:
        raise Refused("decisions made meanwhile moved the threshold; look at the new one and apply it then")
    with sessions() as session:  # read before the write lock: it is held the shorter
        ids = [item_id for one in now.thresholds for item_id in _acceptable(found, one, accepted)]
        ranked = list(rankings_of(session, now.run_id, ids))
    with sessions.begin() as session:
        machine = _lock_machine(session)
        latest = latest_machine_rows(session, now.dataset_id)
        wanted = [one for one in ranked if latest.get(one.item_id, (0, UNDO))[1] == UNDO]
        if len(wanted) < len(ranked):  # the promise is about all of them, not about what somebody else left over
            raise Refused("labels were accepted meanwhile; look at what is proposed now and apply it then")
        row = AutoAccept(
            dataset_id=now.dataset_id, run_id=now.run_id, plan_id=now.plan_id, report=report_of(now),
            n_items=len(wanted), made_by=person.annotator_id,
        )  # fmt: skip
        session.add(row)
        session.flush()
        append_decisions(session, _accepting(session, row, wanted, machine=machine, latest=latest))
    return read_auto_accept(sessions, row.auto_accept_id)


def revoke(sessions: sessionmaker[Session], auto_accept_id: int, *, by: str) -> AutoAcceptRow:
    """Take all of its decisions back, as one. Revoking twice is revoking once."""
    person = ensure_annotator(sessions, by)
    with sessions.begin() as session:
        require_may(session, by, AUTO_ACCEPT)
        machine = _lock_machine(session)
        row = session.get(AutoAccept, auto_accept_id, with_for_update=True)
        if row is None:
            raise NotFound(f"no auto-accept {auto_accept_id}; its dataset may have been deleted")
        if row.revoked_at is None:
            append_decisions(session, _taking_back(row, standing_auto(session, auto_accept_id), machine=machine))
            row.revoked_at, row.revoked_by = utc_now(), person.annotator_id
    return read_auto_accept(sessions, auto_accept_id)


def _accepted_unlooked(session: Session, dataset_id: int) -> set[int]:
    return {item_id for item_id, (_, verdict) in latest_machine_rows(session, dataset_id).items() if verdict != UNDO}


def _lock_machine(session: Session) -> int:
    """One applying or revoking at a time: PostgreSQL locks the row, SQLite has its one write lock already."""
    machine = machine_annotator_id(session)
    session.execute(select(Annotator.annotator_id).where(Annotator.annotator_id == machine).with_for_update())
    return machine


def _thresholds(
    found: SampleOutcomes, accepted: set[int], *, target: float, level: float, is_per_domain: bool
) -> tuple[ThresholdRow, ...]:
    """One search over everything, or one for each domain: then each at a stricter level, so that all hold together."""
    left_out = found.decided | found.without_best | accepted
    looks, places = _parts(found, is_per_domain=is_per_domain)
    each = 1 - (1 - level) / max(1, len(places))
    rows = [
        ThresholdRow(domain, _search(found, looks[domain], places[domain], left_out, target=target, level=each), 0)
        for domain in sorted(places, key=lambda name: name or "")
    ]
    return tuple(replace(row, n_accepted=sum(1 for _ in _acceptable(found, row, accepted))) for row in rows)


def _parts(
    found: SampleOutcomes, *, is_per_domain: bool
) -> tuple[dict[str | None, list[Outcome]], dict[str | None, list[int]]]:
    """Counted looks, and places in the population, of each domain ("": without one); of all under None."""
    names = [(domain or "") if is_per_domain else None for domain in found.population.domains]
    places: dict[str | None, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    looks: dict[str | None, list[Outcome]] = {name: [] for name in places}
    for one in found.counted:
        looks[(one.domain or "") if is_per_domain else None].append(one)
    return looks, places


def _search(
    found: SampleOutcomes,
    counted: Sequence[Outcome],
    places: Sequence[int],
    left_out: Set[int],
    *,
    target: float,
    level: float,
) -> Search:
    """left_out: items of which no label would be accepted; the counted ones among them are evidence all the same."""
    population = found.population
    otherwise = left_out - {one.item_id for one in counted}
    has_strata = len(set(population.strata)) > 1
    return find(
        [one.margin for one in counted],
        [None if one.agrees is None else int(not one.agrees) for one in counted],
        [population.margins[place] for place in places],
        target=target,
        level=level,
        looked_otherwise=[population.margins[place] for place in places if population.item_ids[place] in otherwise],
        strata=[one.stratum for one in counted] if has_strata else None,
        population_strata=[population.strata[place] for place in places] if has_strata else None,
    )


def _acceptable(found: SampleOutcomes, row: ThresholdRow, accepted: set[int]) -> Iterator[int]:
    """Items at or above the threshold with a single best on which no decision stands."""
    threshold, population = row.threshold, found.population
    left_out = found.decided | found.without_best | accepted
    if threshold is None:
        return
    for item_id, margin, domain in zip(population.item_ids, population.margins, population.domains, strict=True):
        is_in = row.domain is None or (domain or "") == row.domain
        if is_in and margin >= threshold and item_id not in left_out:
            yield item_id


def _accepting(
    session: Session, row: AutoAccept, ranked: Sequence[Ranked], *, machine: int, latest: Mapping[int, tuple[int, str]]
) -> Iterator[dict[str, Any]]:
    run = session.get_one(Run, row.run_id)
    rank_by, noise_margin = run.configuration.get("rank_by", "sum"), run.noise_margin
    for suggestion in ranked:
        yield {
            "submission": f"{AUTO}:{row.auto_accept_id}:{suggestion.item_id}",
            "run_id": row.run_id,
            "item_id": suggestion.item_id,
            "annotator_id": machine,
            "verdict": "accept",
            "chosen_candidate_id": suggestion.best_candidate_id,
            "ranking": suggestion.ranking,
            "suggestion": _as_it_stood(suggestion, rank_by=rank_by, noise_margin=noise_margin),
            "suggested_candidate_id": suggestion.best_candidate_id,
            "supersedes_id": latest.get(suggestion.item_id, (None, ""))[0],
            "kind": AUTO,
            "auto_accept_id": row.auto_accept_id,
        }


def _as_it_stood(suggestion: Ranked, *, rank_by: str, noise_margin: float | None) -> dict[str, Any]:
    return {
        "best": suggestion.best_candidate_id,
        "ranking": suggestion.ranking,
        "margin": suggestion.margin,
        "rank_by": rank_by,
        "is_length_flip": suggestion.is_length_flip,
        "is_out_of_world": suggestion.is_out_of_world,
        "is_within_noise": within(suggestion.margin, noise_margin),
    }


def _taking_back(row: AutoAccept, standing: Sequence[tuple[int, int]], *, machine: int) -> Iterator[dict[str, Any]]:
    for decision_id, item_id in standing:
        yield {
            "submission": f"{UNDO_PREFIX}{decision_id}",
            "run_id": row.run_id,
            "item_id": item_id,
            "annotator_id": machine,
            "verdict": UNDO,
            "supersedes_id": decision_id,
            "kind": AUTO,
            "auto_accept_id": row.auto_accept_id,
        }
