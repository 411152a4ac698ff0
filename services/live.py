"""Weigh a prompt now: pasted or sampled candidates, the same code path and cache as runs, nothing kept but the cache.

Leaves out the screen, and keeping a result: `send_to_dataset` does that on request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from scoring.criteria import CriteriaBody
from scoring.protocol import ModelSource
from services.review_rows import Message
from services.token_views import TokenView


@dataclass(frozen=True, slots=True)
class LiveCandidate:
    """A response weighed now; numbers are None where it could not be weighed (`note` says why)."""

    letter: str
    text: str
    source_model: str | None
    reward: float | None
    reward_per_token: float | None
    strong_logprob: float | None
    weak_logprob: float | None
    strong_tokens: int | None
    weak_tokens: int | None
    rank: int | None
    view: TokenView | None
    note: str | None


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What came out, candidates in the order given."""

    candidates: tuple[LiveCandidate, ...]
    rank_by: str
    best_letter: str | None
    margin: float | None
    is_length_flip: bool
    is_out_of_world: bool
    not_weighed: tuple[str, str] | None  # (reason, one line)
    n_computed: int
    n_cached: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class SampledCandidate:
    """A response that a model of the pair wrote."""

    text: str
    source_model: str


def weigh_now(
    sessions: sessionmaker[Session],
    models: ModelSource,
    *,
    pair: str,
    criteria: CriteriaBody,
    messages: Sequence[Message],
    responses: Sequence[str | SampledCandidate],
    domain: str | None = None,
    rank_by: str = "sum",
    count_end_of_turn: bool = True,
) -> LiveResult:
    """Weigh responses to a prompt at once. Under other criteria call it again: what is cached is not computed again.

    Raises Refused (no messages, last turn not the user's, no response), NotFound (pair), or a ScoringError in one line.
    """
    raise NotImplementedError


def sample_candidates(
    models: ModelSource,
    *,
    pair: str,
    criteria: CriteriaBody,
    messages: Sequence[Message],
    n: int = 4,
    temperature: float = 1.0,
    max_new_tokens: int = 128,
    seed: int = 0,
    source: str = "both",
    domain: str | None = None,
) -> tuple[SampledCandidate, ...]:
    """n responses from the pair's models; source "strong", "weak" or "both" (half each, the odd one to strong)."""
    raise NotImplementedError


def send_to_dataset(
    sessions: sessionmaker[Session],
    dataset: str,
    *,
    messages: Sequence[Message],
    candidates: Sequence[str | SampledCandidate | LiveCandidate],
    domain: str | None = None,
) -> int:
    """Append an item to the dataset of that name, made when it is new; returns the item_id. Needs two candidates."""
    raise NotImplementedError
