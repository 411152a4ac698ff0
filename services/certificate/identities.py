"""The part of a certificate that says what it is about and what it rests on: identities, hashes, draws, counts.

Each function gives one section as JSON. Leaves out what the decisions prove (figures.py).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.queries_certificate import effective_counts, imported_count, looks_decided
from db.queries_exports import run_with_parts
from db.tables import Dataset, Item
from db.tables_audit import Plan
from services.certificate.canonical import Json, sha256_of
from services.certificate.evidence import (
    chain_json,
    content_chain,
    decision_chain,
    draw_chain,
    look_chain,
    not_weighed_chain,
    suggestion_chain,
)
from services.certificate.subject import Subject
from services.labels import STATES, labels_of
from services.looks.redraw import kept_draw, redraw
from services.looks.rows import SAMPLES

CONFIGURATION = ("rank_by", "conditioning", "dtype", "domains")  # of a run: what a reader asks first


def dataset_section(subject: Subject) -> dict[str, Json]:
    """Which file, and a hash over what is in it."""
    with subject.sessions() as session:
        dataset = session.get_one(Dataset, subject.dataset_id)
        return {
            "dataset_id": dataset.dataset_id,
            "name": dataset.name,
            "file_name": dataset.file_name,
            "file_sha256": dataset.sha256,
            "format": dataset.format,
            "imported_at": _time(dataset.created_at),
            "content": chain_json(content_chain(session, subject.dataset_id)),
        }


def run_section(subject: Subject) -> dict[str, Json] | None:
    """Which models under which criteria, and a hash over what they proposed."""
    if subject.run_id is None:
        return None
    with subject.sessions() as session:
        parts = run_with_parts(session, subject.run_id)
        if parts is None:
            return None
        run, pair, criteria = parts
        return {
            "run_id": run.run_id,
            "pair": {"name": pair.name, "sha256": pair.sha256, "spec_sha256": sha256_of(pair.spec)},
            "criteria": {
                "name": criteria.name,
                "version": criteria.version,
                "sha256": criteria.sha256,
                "body_sha256": sha256_of(criteria.body),
            },
            "configuration": {key: run.configuration[key] for key in CONFIGURATION if key in run.configuration},
            "configuration_sha256": sha256_of(run.configuration),
            "software": run.software,
            "finished_at": _time(run.finished_at),
            "suggestions": chain_json(suggestion_chain(session, run.run_id)),
            "not_weighed": chain_json(not_weighed_chain(session, run.run_id)),
        }


def evidence_section(subject: Subject) -> dict[str, Json]:
    """Hashes over every decision and look."""
    with subject.sessions() as session:
        return {
            "decisions": chain_json(decision_chain(session, subject.dataset_id), has_links=True),
            "looks": chain_json(look_chain(session, subject.dataset_id)),
        }


def plans_section(subject: Subject) -> list[Json]:
    """How items were drawn, plan by plan; a sample is drawn again from its seed."""
    with subject.sessions() as session:
        plans = [session.get_one(Plan, plan_id) for plan_id, _ in subject.cut.n_places]
        return [_plan(session, subject, plan, n) for plan, (_, n) in zip(plans, subject.cut.n_places, strict=True)]


def _plan(session: Session, subject: Subject, plan: Plan, n: int) -> Json:
    configuration = {key: value for key, value in plan.configuration.items() if key != "n"}  # `draw` has it as of then
    is_sample = plan.order in SAMPLES
    return {
        "plan_id": plan.plan_id,
        "run_id": plan.run_id,
        "name": plan.name,
        "order": plan.order,
        "is_sample": is_sample,
        "seed": plan.seed,
        "decision_cut": plan.decision_cut,
        "made_by": subject.called(plan.made_by),
        "made_at": _time(plan.created_at),
        "configuration": configuration | {"draws": _draws(configuration.get("draws") or [], n)},
        "draw": chain_json(draw_chain(session, plan.plan_id)),
        "is_as_seeded": _is_as_seeded(session, plan.plan_id, n) if is_sample else None,
        "looks_decided": [
            {"drawn_by": drawn_by, "is_blind": is_blind, "is_repeat": is_repeat, "n": n_looks}
            for drawn_by, is_blind, is_repeat, n_looks in looks_decided(session, plan.plan_id)
        ],
    }


def _is_as_seeded(session: Session, plan_id: int, n: int) -> bool:
    """Whether the seed gives the first n places as they are kept."""
    kept = kept_draw(session, plan_id)
    return len(kept) == n and redraw(session, plan_id)[:n] == kept


def _draws(draws: list[Any], n: int) -> list[Any]:
    """The drawings up to n places; later ones are not of this certificate."""
    kept: list[Any] = []
    for draw in draws:
        if sum(one[0] for one in kept) >= n:
            break
        kept.append(list(draw))
    return kept


def counts_section(subject: Subject) -> dict[str, Json]:
    """Items by what their decisions come to, decisions by kind, verdict and person."""
    with subject.sessions() as session:
        labels = labels_of(session, subject.dataset_id)
        n_items = content_size(session, subject.dataset_id)
        rows = effective_counts(session, subject.dataset_id)
        n_imported = imported_count(session, subject.dataset_id)
    states = Counter(label.state for label in labels.values())
    sources = Counter(label.source for label in labels.values() if label.source)
    states["undecided"] = n_items - sum(n for state, n in states.items() if state != "undecided")
    by_kind: dict[str, dict[str, int]] = {}
    by_person: dict[str, dict[str, int]] = {}
    for annotator_id, kind, verdict, n in rows:
        if verdict != "undo":
            _add(by_kind, kind, verdict, n)
            _add(by_person, subject.called(annotator_id), kind, n)
    return {
        "items": n_items,
        "by_state": {state: states[state] for state in STATES},
        "settled_by": dict(sources),
        "decisions_that_count": by_kind,
        "by_person": by_person,
        "rows_imported": n_imported,
    }


def content_size(session: Session, dataset_id: int) -> int:
    """How many items the dataset has; `dataset.n_items` is of now, this is of the cut."""
    return session.scalar(select(func.count()).select_from(Item).where(Item.dataset_id == dataset_id)) or 0


def _add(counts: dict[str, dict[str, int]], key: str, part: str, n: int) -> None:
    own = counts.setdefault(key, {})
    own[part] = own.get(part, 0) + n


def _time(moment: Any) -> str | None:
    return None if moment is None else f"{moment.isoformat()}Z"
