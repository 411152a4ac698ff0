"""A few items weighed under both models: encoded, filled into the cache, read back, combined into rankings.

The same path serves runs (run.py writes what comes out) and Live (live/now.py shows it). Writes nothing but the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from scoring.chat import EncodedCandidate, NotWeighed
from scoring.noise import margin_noise
from scoring.protocol import LogprobEngine, ModelSource, TokenLogprobs
from scoring.ratio import ItemWeights, weigh_candidates
from scoring.world import is_out_of_world, pooled_mean
from services.noise import known_noise
from services.weighing.encode import (
    EMPTY,
    EncodedFor,
    ItemText,
    Problem,
    SideView,
    WeighSetup,
    encode_side,
    facts_of,
    side_view,
)
from services.weighing.logprob_cache import Filled, KeepBatch, fill, read, write_batch
from services.weighing.served_weights import require_same_weights

IDENTICAL = "identical candidates"
CONTROL_TEXT = "control text"
Encoded = EncodedCandidate | NotWeighed


@dataclass(frozen=True, slots=True)
class CandidateSide:
    """One candidate under one model."""

    key: str  # content key into the cache
    logprobs: TokenLogprobs
    spans: tuple[tuple[int, int], ...]
    is_split: bool


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What came of an item: a problem, or weights with what they rest on (None where a candidate has no reward)."""

    item: ItemText
    problem: Problem | None
    weights: ItemWeights | None = None
    strong: tuple[CandidateSide | None, ...] = ()
    weak: tuple[CandidateSide | None, ...] = ()
    notes: tuple[dict[str, Any], ...] = ()
    prompt_mean: float | None = None  # nats per token of the last user message, where checked
    response_mean: float | None = None  # nats per token, pooled over the candidates, where checked
    is_out_of_world: bool = False


@dataclass(frozen=True, slots=True)
class PairView:
    """Both models, as far as they must be known to combine their numbers."""

    strong: SideView
    weak: SideView


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """Items as both models see them; `weak` has a problem wherever `strong` has one."""

    items: tuple[ItemText, ...]
    strong: tuple[EncodedFor, ...]
    weak: tuple[EncodedFor, ...]


def encode_both(items: Sequence[ItemText], setup: WeighSetup, pair: PairView) -> EncodedChunk:
    """The items as both models see them. What the strong model cannot take, the weak one need not compute."""
    return side_by_side(items, encode_side(items, setup, pair.strong), encode_side(items, setup, pair.weak))


def side_by_side(items: Sequence[ItemText], strong: Sequence[EncodedFor], weak: Sequence[EncodedFor]) -> EncodedChunk:
    """The same of items that were encoded one model at a time."""
    needed = [EncodedFor((), None, s.problem) if s.problem else w for s, w in zip(strong, weak, strict=True)]
    return EncodedChunk(tuple(items), tuple(strong), tuple(needed))


def fill_side(
    sessions: sessionmaker[Session], engine: LogprobEngine, encoded: Sequence[EncodedFor], *, keep: KeepBatch
) -> Filled:
    """See to it that the cache holds all of one model's requests of the chunk."""
    requests = [request for one in encoded for request in one.requests()]
    return fill(sessions, engine, requests, keep=keep, before_computing=partial(require_same_weights, sessions, engine))


def weigh_items(
    sessions: sessionmaker[Session], models: ModelSource, setup: WeighSetup, items: Sequence[ItemText]
) -> tuple[list[ItemResult], Filled, float | None]:
    """Items weighed at once, one model after the other; what is computed is cached, nothing else is written.

    Beside them the margin that is numeric noise, where runs have measured both models before: nobody waits for that.
    Raises ModelUnavailable, TemplateProblem or EngineFailed.
    """

    def keep(fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
        with sessions.begin() as session:
            write_batch(session, fingerprint, results)

    with models.open(setup.spec("strong")) as model:
        facts = facts_of(model)
        strong = side_view(setup, "strong", facts, strong=facts)
        by_strong = fill_side(sessions, model.engine, encode_side(items, setup, strong), keep=keep)
        strong_noise = known_noise(sessions, model)
    with models.open(setup.spec("weak")) as model:
        pair = PairView(strong, side_view(setup, "weak", facts_of(model), strong=facts))
        chunk = encode_both(items, setup, pair)
        by_weak = fill_side(sessions, model.engine, chunk.weak, keep=keep)
        weak_noise = known_noise(sessions, model)
    filled = Filled(by_strong.n_computed + by_weak.n_computed, by_strong.n_cached + by_weak.n_cached)
    drowned = None
    if strong_noise is not None and weak_noise is not None:
        drowned = margin_noise(strong_noise, weak_noise, rank_by=setup.rank_by)
    return combine_chunk(sessions, chunk, setup, pair), filled, drowned


def combine_chunk(
    sessions: sessionmaker[Session], chunk: EncodedChunk, setup: WeighSetup, pair: PairView
) -> list[ItemResult]:
    """Rankings from what the cache holds; both sides must have been filled."""
    strong = read(sessions, pair.strong.facts.fingerprint, keys_of(chunk.strong))
    weak = read(sessions, pair.weak.facts.fingerprint, keys_of(chunk.weak))
    return combine_found(chunk, setup, strong=strong, weak=weak)


def combine_found(
    chunk: EncodedChunk, setup: WeighSetup, *, strong: Mapping[str, TokenLogprobs], weak: Mapping[str, TokenLogprobs]
) -> list[ItemResult]:
    """The same from log-probs at hand, by content key."""
    return [
        _combine(item, setup, _Weighed(s, strong), _Weighed(w, weak))
        for item, s, w in zip(chunk.items, chunk.strong, chunk.weak, strict=True)
    ]


def keys_of(encoded: Sequence[EncodedFor]) -> list[str]:
    """The content keys of all requests of these items."""
    return [request.content_key() for one in encoded for request in one.requests()]


@dataclass(frozen=True, slots=True)
class _Weighed:
    """An item under one model, with the cache's answers."""

    encoded: EncodedFor
    cache: Mapping[str, TokenLogprobs]

    def sides(self, is_weighed: Sequence[bool]) -> tuple[CandidateSide | None, ...]:
        return tuple(
            self._side(candidate) if wanted and isinstance(candidate, EncodedCandidate) else None
            for candidate, wanted in zip(self.encoded.candidates, is_weighed, strict=True)
        )

    def _side(self, candidate: EncodedCandidate) -> CandidateSide:
        key = candidate.request.content_key()
        return CandidateSide(key, self.cache[key], candidate.token_spans, candidate.is_split)

    def prompt_mean(self) -> float | None:
        check = self.encoded.check
        return None if check is None else self.cache[check.content_key()].mean


def _combine(item: ItemText, setup: WeighSetup, strong: _Weighed, weak: _Weighed) -> ItemResult:
    problem = strong.encoded.problem or weak.encoded.problem
    if problem is not None:
        return ItemResult(item, problem)
    pairs = list(zip(strong.encoded.candidates, weak.encoded.candidates, strict=True))
    is_weighed = [isinstance(s, EncodedCandidate) and isinstance(w, EncodedCandidate) for s, w in pairs]
    if sum(is_weighed) < setup.min_candidates:
        return ItemResult(item, Problem(EMPTY, f"only {sum(is_weighed)} of {len(is_weighed)} responses have text"))
    strong_sides, weak_sides = strong.sides(is_weighed), weak.sides(is_weighed)
    weights = weigh_candidates(_logprobs(strong_sides), _logprobs(weak_sides), rank_by=setup.rank_by)
    prompt_mean = response_mean = None
    world = setup.pair.world
    if world is not None:
        prompt_mean = (strong if world.model == "strong" else weak).prompt_mean()
        response_mean = pooled_mean(_logprobs(strong_sides if world.model == "strong" else weak_sides))
    return ItemResult(
        item=item,
        problem=None,
        weights=weights,
        strong=strong_sides,
        weak=weak_sides,
        notes=_notes(item, pairs),
        prompt_mean=prompt_mean,
        response_mean=response_mean,
        is_out_of_world=is_out_of_world(world, prompt_mean, response_mean),
    )


def _logprobs(sides: Sequence[CandidateSide | None]) -> list[TokenLogprobs | None]:
    return [None if side is None else side.logprobs for side in sides]


def _notes(item: ItemText, pairs: Sequence[tuple[Encoded, Encoded]]) -> tuple[dict[str, Any], ...]:
    """What a person should know of single candidates: why one has no reward, which are the same text."""
    notes: list[dict[str, Any]] = []
    first_with: dict[str, int] = {}

    def note(position: int, reason: str, detail: str) -> None:
        notes.append({"candidate_id": item.candidate_ids[position], "reason": reason, "detail": detail})

    for position, (text, both) in enumerate(zip(item.responses, pairs, strict=True)):
        left_out = [one for one in both if isinstance(one, NotWeighed)]
        if left_out:
            note(position, left_out[0].reason, left_out[0].detail)
            continue
        if text in first_with:
            note(position, IDENTICAL, f"same text as {letter(first_with[text])}")
        first_with.setdefault(text, position)
        if any(isinstance(one, EncodedCandidate) and one.has_control_text for one in both):
            note(position, CONTROL_TEXT, "it spells a control token of the model; weighed as plain text")
    return tuple(notes)


def letter(position: int) -> str:
    """A for 0, B for 1 ... Z for 25, then AA: a candidate's letter is its place in the file."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
