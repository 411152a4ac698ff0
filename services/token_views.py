"""What each piece of a response weighs: from cached token log-probs and stored spans, no model needed.

Where strong and weak split text differently, a span ends where both have a boundary. Deltas add up to the reward.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from scoring.protocol import ModelSource


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A piece of the response. Numbers in nats."""

    text: str  # untrusted; empty for the end-of-turn
    strong: float
    weak: float
    delta: float  # strong - weak
    is_end: bool  # the end-of-turn token(s), after the text


@dataclass(frozen=True, slots=True)
class TokenView:
    """A whole response, piece by piece; the deltas add up to `reward`."""

    candidate_id: int | None  # None for a pasted one
    spans: tuple[TokenSpan, ...]
    strong_logprob: float
    weak_logprob: float
    reward: float
    strong_tokens: int
    weak_tokens: int
    max_abs_delta: float  # for the colour scale
    notes: tuple[str, ...]  # e.g. tokenized apart from the prompt; tokenizers differ


@dataclass(frozen=True, slots=True)
class ModelInput:
    """Exactly what one model was given for one response."""

    ref: str
    text: str
    ids: tuple[int, ...]
    n_prompt: int  # the first so many ids are the prompt


@dataclass(frozen=True, slots=True)
class ExactText:
    """Exactly what both models were given (design rule 1)."""

    strong: ModelInput
    weak: ModelInput


def token_view(sessions: sessionmaker[Session], run_id: int, candidate_id: int) -> TokenView | None:
    """The token view of a candidate under a run; None when the run has no score for it."""
    raise NotImplementedError


def exact_text(sessions: sessionmaker[Session], models: ModelSource, run_id: int, candidate_id: int) -> ExactText:
    """The rendered text and token ids each model saw. Opens the pair's models for their tokenizers."""
    raise NotImplementedError
