"""Weigh a prompt now: pasted or sampled candidates, the same code path and cache as runs, nothing kept but the cache.

Somebody waits at the screen, so the models' work here overtakes a run between two of its packs (engine/turns.py).
Leaves out the screen, and keeping a result: `send_to_dataset` does that on request.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.orm import Session, sessionmaker

from scoring.criteria import CriteriaBody
from scoring.engine.turns import urgent
from scoring.protocol import ModelSource
from scoring.ratio import RankBy
from services.errors import Refused
from services.live.keep import send_to_dataset
from services.live.rows import LiveCandidate, LiveResult, SampledCandidate, sound_messages, text_of
from services.live.sampling import NEW_TOKENS_LIMIT, SAMPLE_LIMIT, SOURCES, sample_candidates
from services.noise import within
from services.pairs.catalogue import get_pair
from services.reviews.rows import Message
from services.token_views import SideTokens, make_view
from services.weighing.chunk import ItemResult, letter, weigh_items
from services.weighing.encode import ItemText, WeighSetup
from services.weighing.logprob_cache import Filled

__all__ = [
    "NEW_TOKENS_LIMIT", "SAMPLE_LIMIT", "SOURCES", "LiveCandidate", "LiveResult", "Message", "SampledCandidate",
    "sample_candidates", "send_to_dataset", "weigh_now",
]  # fmt: skip

RESPONSE_LIMIT = 64


def weigh_now(
    sessions: sessionmaker[Session],
    models: ModelSource,
    *,
    pair: str,
    criteria: CriteriaBody,
    messages: Sequence[Message],
    responses: Sequence[str | SampledCandidate],
    domain: str | None = None,
    rank_by: RankBy = "sum",
    count_end_of_turn: bool = True,
) -> LiveResult:
    """Weigh responses to a prompt at once. Under other criteria call it again: what is cached is not computed again.

    Raises Refused (no messages, last turn not the user's, no response), NotFound (pair), or a ScoringError in one line.
    """
    started = time.monotonic()
    model_pair = get_pair(pair)
    texts = [text_of(response) for response in responses]
    if not 1 <= len(texts) <= RESPONSE_LIMIT:
        raise Refused(f"{len(texts)} responses cannot be weighed; give 1 to {RESPONSE_LIMIT}")
    if rank_by not in ("sum", "mean"):
        raise Refused(f"rank_by is {rank_by!r}; it must be sum or mean")
    setup = WeighSetup(model_pair, criteria, rank_by, count_end_of_turn, min_candidates=1)
    item = ItemText(0, sound_messages(messages), domain or None, tuple(range(len(texts))), tuple(texts))
    with urgent():
        results, filled, noise_margin = weigh_items(sessions, models, setup, [item])
    sources = [response.source_model if isinstance(response, SampledCandidate) else None for response in responses]
    return _result(results[0], sources, rank_by, filled, noise_margin, time.monotonic() - started)


def _result(
    result: ItemResult,
    sources: Sequence[str | None],
    rank_by: str,
    filled: Filled,
    noise_margin: float | None,
    elapsed_s: float,
) -> LiveResult:
    weights, problem = result.weights, result.problem
    notes: dict[int, str] = {}
    for note in result.notes:
        before = f"{notes[note['candidate_id']]}; " if note["candidate_id"] in notes else ""
        notes[note["candidate_id"]] = f"{before}{note['reason']}: {note['detail']}"
    return LiveResult(
        candidates=tuple(_candidate(result, place, source, notes.get(place)) for place, source in enumerate(sources)),
        rank_by=rank_by,
        best_letter=None if weights is None or weights.best is None else letter(weights.best),
        margin=None if weights is None else weights.margin,
        is_length_flip=weights is not None and weights.is_length_flip,
        is_out_of_world=result.is_out_of_world,
        is_within_noise=weights is not None and within(weights.margin, noise_margin),
        noise_margin=noise_margin,
        not_weighed=None if problem is None else (problem.reason, problem.detail),
        n_computed=filled.n_computed,
        n_cached=filled.n_cached,
        elapsed_s=elapsed_s,
    )


def _candidate(result: ItemResult, place: int, source: str | None, note: str | None) -> LiveCandidate:
    text = result.item.responses[place]
    weight = None if result.weights is None else result.weights.candidates[place]
    strong = result.strong[place] if result.strong else None
    weak = result.weak[place] if result.weak else None
    if weight is None or strong is None or weak is None:
        return LiveCandidate(letter(place), text, source, None, None, None, None, None, None, None, None, note)
    view = make_view(
        text,
        strong=SideTokens(strong.logprobs, strong.spans),
        weak=SideTokens(weak.logprobs, weak.spans),
        is_split=strong.is_split or weak.is_split,
    )
    return LiveCandidate(letter(place), text, source, **asdict(weight), view=view, note=note)
