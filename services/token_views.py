"""What each piece of a response weighs: from cached token log-probs and stored spans, no model needed.

Where strong and weak split text differently, a span ends where both have a boundary. Deltas add up to the reward.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker, undefer

from db.queries_items import candidates_by_item
from db.tables import Candidate, Item, Run, Score, Suggestion
from scoring.chat import EncodedCandidate
from scoring.protocol import ModelSource, TokenLogprobs
from scoring.spans import contributions
from services.errors import NotFound
from services.packing import unpack_spans
from services.routing.runs import under_run_domains
from services.weighing.encode import ItemText, SideView, WeighSetup, encode_side, facts_of, side_view
from services.weighing.logprob_cache import read
from services.weighing.write import item_text, setup_of_run

SPLIT_NOTE = "tokenized after the prompt, because whole it would have merged into the prompt's last token"
ALIGNED_NOTE = "the two tokenizers differ; pieces end where both have a boundary"


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
    """The token view of a candidate under a run; None when the run has no score for it.

    Raises NotFound when the log-prob cache was emptied since (weighing again fills it).
    """
    wanted = (
        select(Score, Candidate.text, Run.configuration, Suggestion.taken_from)
        .join(Candidate, Candidate.candidate_id == Score.candidate_id)
        .join(Run, Run.run_id == Score.run_id)
        .join(Suggestion, (Suggestion.run_id == Score.run_id) & (Suggestion.item_id == Score.item_id), isouter=True)
        .where(Score.run_id == run_id, Score.candidate_id == candidate_id)
        .options(undefer(Score.strong_spans), undefer(Score.weak_spans))
    )
    with sessions() as session:
        found = session.execute(wanted).one_or_none()
    if found is None:
        return None
    score, text, configuration, taken_from = found
    strong_spans = unpack_spans(score.strong_spans)
    weak_spans = strong_spans if score.weak_spans is None else unpack_spans(score.weak_spans)
    models = configuration["models"] if taken_from is None else configuration["again_of"]["models"]
    strong = _cached(sessions, models["strong"]["fingerprint"], score.strong_key)
    weak = _cached(sessions, models["weak"]["fingerprint"], score.weak_key)
    return make_view(
        text,
        strong=SideTokens(strong, strong_spans),
        weak=SideTokens(weak, weak_spans),
        is_split=score.is_split,
        candidate_id=candidate_id,
    )


@dataclass(frozen=True, slots=True)
class SideTokens:
    """One model's token log-probs and where its tokens lie in the response."""

    logprobs: TokenLogprobs
    spans: tuple[tuple[int, int], ...]


def make_view(
    text: str, *, strong: SideTokens, weak: SideTokens, is_split: bool, candidate_id: int | None = None
) -> TokenView:
    """The view of one response from both models' tokens."""
    found = contributions(text, strong.spans, strong.logprobs.values, weak.spans, weak.logprobs.values)
    spans = tuple(
        TokenSpan(text[one.start : one.end], one.strong, one.weak, one.delta, is_end=one.start >= len(text))
        for one in found
    )
    notes = []
    if is_split:
        notes.append(SPLIT_NOTE)
    if strong.spans != weak.spans:
        notes.append(ALIGNED_NOTE)
    return TokenView(
        candidate_id=candidate_id,
        spans=spans,
        strong_logprob=strong.logprobs.total,
        weak_logprob=weak.logprobs.total,
        reward=strong.logprobs.total - weak.logprobs.total,
        strong_tokens=len(strong.logprobs.values),
        weak_tokens=len(weak.logprobs.values),
        max_abs_delta=max((abs(span.delta) for span in spans), default=0.0),
        notes=tuple(notes),
    )


def _cached(sessions: sessionmaker[Session], fingerprint: str, key: str) -> TokenLogprobs:
    found = read(sessions, fingerprint, [key])
    if key not in found:
        raise NotFound("the token log-probs of this response are no longer cached; weigh the dataset again")
    return found[key]


def exact_text(sessions: sessionmaker[Session], models: ModelSource, run_id: int, candidate_id: int) -> ExactText:
    """The rendered text and token ids each model saw. Opens the pair's models for their tokenizers.

    Raises NotFound when the run did not weigh the candidate, or a ScoringError when a model cannot be had.
    """
    setup = setup_of_run(sessions, run_id)
    item, place = _item_with(sessions, run_id, candidate_id)
    with models.open(setup.spec("strong")) as model:
        strong_facts = facts_of(model)
    with models.open(setup.spec("weak")) as model:
        weak_facts = facts_of(model)
    strong = side_view(setup, "strong", strong_facts, strong=strong_facts)
    weak = side_view(setup, "weak", weak_facts, strong=strong_facts)
    return ExactText(_model_input(item, place, setup, strong), _model_input(item, place, setup, weak))


def _item_with(sessions: sessionmaker[Session], run_id: int, candidate_id: int) -> tuple[ItemText, int]:
    """The item that has this candidate, under the domain the run took, and the candidate's place in it."""
    with sessions() as session:
        candidate = session.get(Candidate, candidate_id)
        if candidate is None:
            raise NotFound(f"no candidate {candidate_id}; its dataset may have been deleted")
        item = session.get_one(Item, candidate.item_id)
        text = item_text(item, candidates_by_item(session, [item.item_id])[item.item_id])
    return under_run_domains(sessions, run_id, [text])[0], text.candidate_ids.index(candidate_id)


def _model_input(item: ItemText, place: int, setup: WeighSetup, side: SideView) -> ModelInput:
    encoded = encode_side([item], setup, side)[0]
    candidate = encoded.candidates[place] if encoded.candidates else None
    if not isinstance(candidate, EncodedCandidate):
        line = encoded.problem.detail if encoded.problem else "it has no text"
        raise NotFound(f"this response was not sent to {side.facts.ref}: {line}")
    request = candidate.request
    return ModelInput(side.facts.ref, candidate.text, request.ids, request.is_response.index(True))
