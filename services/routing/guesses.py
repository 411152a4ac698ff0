"""A model asked which domain each item belongs to: one call of the engine for a chunk, no generation.

The question (scoring/router.py) is the one user turn, each domain's name a response to it; the definitions are shared
by all items, the whole question by an item's domains. Log-probs go through the cache: asking again computes nothing.
Leaves out what counts in the end (resolve.py) and runs (runs.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session, sessionmaker

from db.queries_routing import keep_guesses
from db.tables import utc_now
from scoring.chat import EncodedCandidate, NotWeighed, encode
from scoring.errors import TemplateProblem
from scoring.protocol import LogprobRequest, OpenModel, TokenLogprobs
from scoring.router import RouterBody, probabilities, question
from services.routing.store import get_router
from services.weighing.encode import ItemText
from services.weighing.logprob_cache import Filled, KeepBatch, fill, read, write_batch
from services.weighing.served_weights import require_same_weights


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model makes of an item: a probability for each domain, summing to 1; or none and why, in one line."""

    probabilities: Mapping[str, float]
    problem: str = ""

    @property
    def first(self) -> tuple[str, float] | None:
        """The likeliest domain and its probability; the earlier in the router's order of two that are equal."""
        return max(self.probabilities.items(), key=lambda pair: pair[1]) if self.probabilities else None


@dataclass(frozen=True, slots=True)
class Guesses:
    """The guesses of some items by their id, and what they cost."""

    by_item: Mapping[int, Guess]
    filled: Filled


def route_items(
    sessions: sessionmaker[Session],
    model: OpenModel,
    router_id: int,
    items: Sequence[ItemText],
    *,
    keep: KeepBatch | None = None,
) -> dict[int, Guess]:
    """What this model makes of each item under this router, by item_id; kept in `domain_guess`.

    An item whose question does not fit the context, or that the chat template refuses, has a problem instead.
    Raises NotFound (router), EngineFailed, and what `keep` raises.
    """
    return dict(ask(sessions, model, router_id, items, keep=keep).by_item)


def ask(
    sessions: sessionmaker[Session],
    model: OpenModel,
    router_id: int,
    items: Sequence[ItemText],
    *,
    keep: KeepBatch | None = None,
) -> Guesses:
    """The same, with how many log-probs were computed and how many found."""
    body = get_router(sessions, router_id).body
    asked = {item.item_id: _question_of(model, body, item) for item in items}
    requests = [request for one in asked.values() if not isinstance(one, str) for request in one]
    engine = model.engine
    filled = fill(
        sessions, engine, requests, keep=keep or partial(_keep, sessions),
        before_computing=partial(require_same_weights, sessions, engine),
    )  # fmt: skip
    cached = read(sessions, engine.fingerprint, [request.content_key() for request in requests])
    found = {item_id: _guess(body, one, cached) for item_id, one in asked.items()}
    with sessions.begin() as session:
        keep_guesses(session, _rows(router_id, engine.fingerprint, found))
    return Guesses(found, filled)


def _question_of(model: OpenModel, body: RouterBody, item: ItemText) -> list[LogprobRequest] | str:
    """One request for each domain's name, its end of turn counted; or why the model cannot be asked, in one line."""
    turn = [{"role": "user", "content": question(body, item.messages)}]
    try:
        encoded = encode(model.tokenizer, turn, body.names, instruction="", context_limit=model.engine.context_limit)
    except TemplateProblem as error:
        return " ".join(str(error).split())
    left_out = next((one for one in encoded.candidates if isinstance(one, NotWeighed)), None)
    if left_out is not None:
        return f"the router's question is {left_out.reason}: {left_out.detail}"
    return [one.request for one in encoded.candidates if isinstance(one, EncodedCandidate)]


def _guess(body: RouterBody, asked: list[LogprobRequest] | str, cached: Mapping[str, TokenLogprobs]) -> Guess:
    if isinstance(asked, str):
        return Guess({}, asked)
    return Guess(probabilities(body, [cached[request.content_key()].total for request in asked]))


def _rows(router_id: int, fingerprint: str, found: Mapping[int, Guess]) -> list[dict[str, object]]:
    now = utc_now()
    return [
        {
            "router_id": router_id,
            "fingerprint": fingerprint,
            "item_id": item_id,
            "probabilities": dict(guess.probabilities),
            "problem": guess.problem,
            "created_at": now,
        }
        for item_id, guess in sorted(found.items())  # one order for all, so that two writers never lock crosswise
    ]


def _keep(sessions: sessionmaker[Session], fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
    with sessions.begin() as session:
        write_batch(session, fingerprint, results)
