"""What Live shows and takes: frozen rows, and what makes a prompt fit to be weighed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.errors import Refused
from services.reviews.rows import Message
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
    is_within_noise: bool
    noise_margin: float | None  # None until a run has measured both models
    not_weighed: tuple[str, str] | None  # (reason, one line)
    n_computed: int
    n_cached: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class SampledCandidate:
    """A response that a model of the pair wrote."""

    text: str
    source_model: str


def text_of(response: str | SampledCandidate | LiveCandidate) -> str:
    """What it says."""
    return response if isinstance(response, str) else response.text


def sound_messages(messages: Sequence[Message]) -> tuple[dict[str, str], ...]:
    """The chat as the weighing takes it. Raises Refused when it does not end in a user turn with text."""
    if not messages or messages[-1].role != "user" or not messages[-1].content.strip():
        raise Refused("the prompt must end with something the user says; type it first")
    return tuple({"role": message.role, "content": message.content} for message in messages)
