"""What trials and exemplars ask: which items of a run may be tried, under which domain, and which overrides stand.

Leaves out what a trial finds (services/trials/ledger.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.queries_reviews import effective_decisions
from db.tables import Candidate, Decision, Item, Suggestion
from db.tables_criteria import ExemplarOrigin, ItemDomain, Trial

IDS_A_QUERY = 500  # well under what one statement may bind


def ranked_item_ids(session: Session, run_id: int) -> list[int]:
    """Items that the run ranked."""
    return list(session.scalars(select(Suggestion.item_id).where(Suggestion.run_id == run_id)))


def ranked_with_choice(session: Session, run_id: int) -> list[int]:
    """Those of them on which somebody has chosen a candidate at some time; it may have been undone since."""
    chosen = exists().where(
        Decision.item_id == Suggestion.item_id,
        Decision.kind.in_(("label", "adjudication")),
        Decision.verdict.in_(("accept", "override")),
    )
    return list(session.scalars(select(Suggestion.item_id).where(Suggestion.run_id == run_id, chosen)))


def ranked_with_gold(session: Session, run_id: int) -> list[int]:
    """Those of them of which the file said something about a candidate's worth."""
    has_gold = exists().where(
        Candidate.item_id == Suggestion.item_id,
        Candidate.gold_rank.is_not(None) | Candidate.gold_score.is_not(None),
    )
    return list(session.scalars(select(Suggestion.item_id).where(Suggestion.run_id == run_id, has_gold)))


def items_by_id(session: Session, item_ids: Sequence[int]) -> list[Item]:
    """The items in file order; what is not there is left out."""
    found: list[Item] = []
    for start in range(0, len(item_ids), IDS_A_QUERY):
        found += session.scalars(select(Item).where(Item.item_id.in_(item_ids[start : start + IDS_A_QUERY])))
    return sorted(found, key=lambda item: (item.dataset_id, item.position))


def domain_by_item(session: Session, run_id: int, items: Sequence[Item]) -> dict[int, str | None]:
    """The domain under which the run weighed each item: where it came from elsewhere than the item, else the item's."""
    found = {item.item_id: item.domain for item in items}
    ids = list(found)
    for start in range(0, len(ids), IDS_A_QUERY):
        rows = session.execute(
            select(ItemDomain.item_id, ItemDomain.domain).where(
                ItemDomain.run_id == run_id, ItemDomain.item_id.in_(ids[start : start + IDS_A_QUERY])
            )
        )
        found.update((item_id, domain) for item_id, domain in rows)
    return found


def overridden_item_ids(session: Session, dataset_id: int) -> list[int]:
    """The items of a dataset on which somebody's override still stands."""
    ids = effective_decisions(dataset_id, annotator=None, run_id=None)
    wanted = select(Decision.item_id).where(Decision.decision_id.in_(ids), Decision.verdict == "override").distinct()
    return list(session.scalars(wanted))


def latest_of(session: Session, decision: Decision) -> Decision:
    """The row of its kind that counts for the decision's item and annotator: itself, unless something came after it."""
    return session.scalars(
        select(Decision)
        .where(
            Decision.item_id == decision.item_id,
            Decision.annotator_id == decision.annotator_id,
            Decision.kind == decision.kind,
        )
        .order_by(Decision.decision_id.desc())
        .limit(1)
    ).one()


def origins_of(session: Session, exemplar_sha256s: Sequence[str]) -> list[ExemplarOrigin]:
    """Where exemplars were made from; one made twice has several."""
    found: list[ExemplarOrigin] = []
    for start in range(0, len(exemplar_sha256s), IDS_A_QUERY):
        some = exemplar_sha256s[start : start + IDS_A_QUERY]
        found += session.scalars(select(ExemplarOrigin).where(ExemplarOrigin.exemplar_sha256.in_(some)))
    return found


def trials_of(session: Session, run_id: int, criteria_sha256: str) -> list[Trial]:
    """The trials of one text beside a run, newest first."""
    wanted = select(Trial).where(Trial.run_id == run_id, Trial.criteria_sha256 == criteria_sha256)
    return list(session.scalars(wanted.order_by(Trial.trial_id.desc())))


def add_results(
    session: Session, trial_id: int, results: dict[str, Any], *, computed: dict[str, int], now: Any
) -> Trial | None:
    """Add a chunk's results to the trial, in the caller's transaction; None when the trial is gone.

    Two processes may do so at once: the row is locked (SQLite has its one write lock), and what is there stays.
    """
    trial = session.get(Trial, trial_id, with_for_update=True)
    if trial is None:
        return None
    trial.results = {**results, **trial.results}
    before = trial.configuration.get("computed", {})
    total = {side: before.get(side, 0) + n for side, n in computed.items()}
    trial.configuration = {**trial.configuration, "computed": total}
    if trial.finished_at is None and len(trial.results) >= len(trial.item_ids):
        trial.finished_at = now
    return trial
