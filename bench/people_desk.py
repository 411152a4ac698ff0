"""A weighed dataset for many people to decide on, written in bulk on SQLite and PostgreSQL alike.

Every item has `k` candidates; the first of a seeded order is suggested, margins are exponential. Numbers are made
up, no model computes. Leaves out what is measured on it (people.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from db.session import Sessions
from db.tables import Candidate, Dataset, Item, ModelPairRow, Run, Score, Suggestion
from services.criteria.store import ensure_builtin, find_criteria

DOMAINS = ("chat", "reasoning", "safety", None)
AT_ONCE = 5_000


def write_weighed(
    sessions: Sessions, n_items: int, *, k: int = 2, name: str = "set", seed: int = 0, n_runs: int = 1
) -> tuple[int, list[int]]:
    """(dataset_id, run_ids) of n items under finished runs; each run has numbers of its own."""
    ensure_builtin(sessions)
    criteria_id = find_criteria(sessions, "helpful").criteria_id
    with sessions.begin() as session:
        dataset = Dataset(name=name, n_items=n_items, n_candidates=k * n_items)
        session.add(dataset)
        session.flush()
        _insert(session, Item, [_item(dataset.dataset_id, at) for at in range(n_items)])
        wanted = select(Item.item_id).where(Item.dataset_id == dataset.dataset_id).order_by(Item.position)
        items = list(session.scalars(wanted))
        _insert(session, Candidate, [_candidate(item, at) for item in items for at in range(k)])
        rows = session.execute(
            select(Candidate.item_id, Candidate.candidate_id)
            .where(Candidate.item_id.in_(wanted))
            .order_by(Candidate.item_id, Candidate.position)
        )
        candidates: dict[int, list[int]] = {}
        for item_id, candidate_id in rows:
            candidates.setdefault(item_id, []).append(candidate_id)
        runs = [_weigh(session, dataset, candidates, criteria_id=criteria_id, seed=seed + at) for at in range(n_runs)]
    if sessions.engine.dialect.name == "postgresql":  # does so by itself after a while; SQLite never does
        with sessions.begin() as session:
            session.execute(text("ANALYZE"))
    return dataset.dataset_id, runs


def _weigh(session: Session, dataset: Dataset, candidates: dict[int, list[int]], *, criteria_id: int, seed: int) -> int:
    n_items = len(candidates)
    run = Run(
        dataset_id=dataset.dataset_id, model_pair_id=_pair(session), criteria_id=criteria_id, status="done",
        n_items=n_items, n_done=n_items, share_done=1.0,
    )  # fmt: skip
    session.add(run)
    session.flush()
    generator = np.random.default_rng(seed)
    margins = generator.exponential(3.0, n_items)
    orders = [generator.permutation(ids).tolist() for ids in candidates.values()]
    scores, suggestions = [], []
    for item_id, margin, order in zip(candidates, margins.tolist(), orders, strict=True):
        scores += [_score(run.run_id, item_id, candidate, at, margin) for at, candidate in enumerate(order)]
        suggestions.append({
            "run_id": run.run_id, "item_id": item_id, "best_candidate_id": order[0],
            "ranking": [[candidate] for candidate in order], "margin": margin, "is_length_flip": margin < 0.5,
            "is_out_of_world": False, "notes": [],
        })  # fmt: skip
    _insert(session, Score, scores)
    _insert(session, Suggestion, suggestions)
    return run.run_id


def _item(dataset_id: int, at: int) -> dict[str, Any]:
    return {
        "dataset_id": dataset_id, "position": at, "domain": DOMAINS[at % len(DOMAINS)], "subset": f"part {at % 3}",
        "messages": [{"role": "user", "content": f"Item {at + 1}: which tea?"}], "meta": {},
    }  # fmt: skip


def _candidate(item_id: int, at: int) -> dict[str, Any]:
    return {"item_id": item_id, "position": at, "text": f"Tea {at + 1} for {item_id}."}


def _score(run_id: int, item_id: int, candidate_id: int, place: int, margin: float) -> dict[str, Any]:
    reward = -place * margin
    return {
        "run_id": run_id, "candidate_id": candidate_id, "item_id": item_id, "reward": reward,
        "reward_per_token": reward / 50, "strong_logprob": -100.0 + reward, "weak_logprob": -100.0,
        "strong_tokens": 50, "weak_tokens": 50, "rank": place + 1, "strong_key": "", "weak_key": "",
        "is_split": False, "strong_spans": b"",
    }  # fmt: skip


def _insert(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), AT_ONCE):
        session.execute(insert(table), rows[start : start + AT_ONCE])


def _pair(session: Session) -> int:
    found = session.scalar(select(ModelPairRow.model_pair_id).limit(1))
    if found is not None:
        return found
    pair = ModelPairRow(name="made up", spec={}, sha256="0" * 64)
    session.add(pair)
    session.flush()
    return pair.model_pair_id
