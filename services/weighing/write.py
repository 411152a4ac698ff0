"""What a run reads of its items and writes of its results: a chunk at a time, each in one transaction.

Leaves out the order of the work (run.py) and the numbers themselves (chunk.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item, items_between, settled_item_ids
from db.queries_noise import taken_over_item_ids
from db.queries_routing import item_domains
from db.tables import Candidate, Item, NotWeighed, Run, Score, Suggestion
from scoring.conditioning import Conditioning
from scoring.ratio import CandidateWeight, ItemWeights
from services.criteria.store import get_criteria
from services.errors import NotFound
from services.packing import pack_spans
from services.pairs.catalogue import pair_of
from services.run_hold import RunHold
from services.weighing.chunk import CandidateSide, ItemResult
from services.weighing.encode import ItemText, WeighSetup


def chunk_texts(hold: RunHold, *, first: int, last: int) -> list[ItemText]:
    """The items at positions first..last with their responses; nothing when all of them are settled by this run.

    A domain that this run has found for an item comes before the item's own column. Items taken over from another run
    are never among them: what is planned must not depend on how far this run is.
    """
    with hold.sessions() as session:
        items = items_between(session, hold.dataset_id, first=first, last=last)
        item_ids = [item.item_id for item in items]
        if len(settled_item_ids(session, hold.run_id, item_ids)) == len(item_ids):
            return []
        taken_over = taken_over_item_ids(session, hold.run_id, item_ids)
        items = [item for item in items if item.item_id not in taken_over]
        item_ids = [item.item_id for item in items]
        candidates = candidates_by_item(session, item_ids)
        taken = item_domains(session, hold.run_id, item_ids)
    texts = [item_text(item, candidates[item.item_id]) for item in items]
    return [replace(text, domain=taken[text.item_id].domain) if text.item_id in taken else text for text in texts]


def item_text(item: Item, candidates: Sequence[Candidate]) -> ItemText:
    """An item of the database as the weighing takes it."""
    return ItemText(
        item_id=item.item_id,
        messages=tuple({"role": message["role"], "content": message["content"]} for message in item.messages),
        domain=item.domain,
        candidate_ids=tuple(candidate.candidate_id for candidate in candidates),
        responses=tuple(candidate.text for candidate in candidates),
    )


def setup_of_run(sessions: sessionmaker[Session], run_id: int) -> WeighSetup:
    """What a run is made under, from its stored configuration."""
    with sessions() as session:
        run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"no run {run_id}; it may have been deleted")
    return setup_of(sessions, run.configuration, criteria_id=run.criteria_id)


def setup_of(sessions: sessionmaker[Session], configuration: dict[str, Any], *, criteria_id: int) -> WeighSetup:
    """The same, from the configuration at hand."""
    return WeighSetup(
        pair=pair_of(configuration["pair"]),
        criteria=get_criteria(sessions, criteria_id).body,
        rank_by=configuration["rank_by"],
        count_end_of_turn=configuration["count_end_of_turn"],
        dtype=configuration["dtype"],
        min_candidates=configuration["min_candidates"],
        conditioning=Conditioning(**configuration.get("conditioning", {})),
    )


def write_results(hold: RunHold, results: Sequence[ItemResult]) -> None:
    """Write a chunk's scores, suggestions and not-weighed lines with the run's progress, all or nothing.

    Items that this run has settled before are left as they are.
    """
    with hold.sessions() as session:
        settled = settled_item_ids(session, hold.run_id, [result.item.item_id for result in results])
    new = [result for result in results if result.item.item_id not in settled]
    scores = [row for result in new for row in _score_rows(hold.run_id, result)]
    suggestions = [row for result in new for row in _suggestion_rows(hold.run_id, result)]
    not_weighed = [_not_weighed_row(hold.run_id, result) for result in new if result.problem is not None]
    counts = dict(hold.counts)
    counts["n_done"] += len(new)
    counts["n_not_weighed"] += len(not_weighed)
    counts["n_out_of_world"] += sum(result.is_out_of_world for result in new)
    with hold.writing(counts) as session:
        for table, rows in ((Score, scores), (Suggestion, suggestions), (NotWeighed, not_weighed)):
            if rows:
                session.execute(insert(table), rows)


def _score_rows(run_id: int, result: ItemResult) -> list[dict[str, Any]]:
    if result.weights is None:
        return []
    found = zip(result.item.candidate_ids, result.weights.candidates, result.strong, result.weak, strict=True)
    return [
        _score_row(run_id, result.item.item_id, candidate_id, weight, strong, weak)
        for candidate_id, weight, strong, weak in found
        if weight is not None and strong is not None and weak is not None
    ]


def _score_row(
    run_id: int, item_id: int, candidate_id: int, weight: CandidateWeight, strong: CandidateSide, weak: CandidateSide
) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "candidate_id": candidate_id,
        "item_id": item_id,
        "reward": weight.reward,
        "reward_per_token": weight.reward_per_token,
        "strong_logprob": weight.strong_logprob,
        "weak_logprob": weight.weak_logprob,
        "strong_tokens": weight.strong_tokens,
        "weak_tokens": weight.weak_tokens,
        "rank": weight.rank,
        "strong_key": strong.key,
        "weak_key": weak.key,
        "is_split": strong.is_split or weak.is_split,
        "strong_spans": pack_spans(strong.spans),
        "weak_spans": None if weak.spans == strong.spans else pack_spans(weak.spans),
    }


def _suggestion_rows(run_id: int, result: ItemResult) -> list[dict[str, Any]]:
    weights = result.weights
    if weights is None or weights.best is None:
        return []
    return [
        {
            "run_id": run_id,
            "item_id": result.item.item_id,
            "best_candidate_id": result.item.candidate_ids[weights.best],
            "ranking": ranking_of(result.item.candidate_ids, weights),
            "margin": 0.0 if weights.margin is None else weights.margin,  # None: a single candidate
            "is_length_flip": weights.is_length_flip,
            "is_out_of_world": result.is_out_of_world,
            "prompt_mean_logprob": result.prompt_mean,
            "response_mean_logprob": result.response_mean,
            "notes": list(result.notes),
        }
    ]


def ranking_of(candidate_ids: Sequence[int], weights: ItemWeights) -> list[list[int]]:
    """Candidate ids, best first, equal ranks together; those without a reward are left out."""
    by_rank: dict[int, list[int]] = {}
    for candidate_id, weight in zip(candidate_ids, weights.candidates, strict=True):
        if weight is not None:
            by_rank.setdefault(weight.rank, []).append(candidate_id)
    return [by_rank[rank] for rank in sorted(by_rank)]


def _not_weighed_row(run_id: int, result: ItemResult) -> dict[str, Any]:
    problem = result.problem
    if problem is None:
        raise ValueError(f"item {result.item.item_id} has no problem; only those that have one are listed")
    return {"run_id": run_id, "item_id": result.item.item_id, "reason": problem.reason, "detail": problem.detail}
