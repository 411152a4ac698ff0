"""The criteria profile: how much each criteria set lifts a response in the strong model's eyes.

    lift(y; c) = log p_strong(y | x, c) - log p_strong(y | x)      nats, summed over the response's tokens, or per token

The weak model is not asked: sets weighted together rank by several aims at once without a pair, which is not the reward
of a run. All texts of an item go through the model in one call and are cached like any other log-prob.
Leaves out the weights' notation (profile_weights.py) and whole datasets (profile_datasets.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item
from db.tables import Item
from scoring.chat import EncodedCandidate
from scoring.conditioning import DEFAULT, Conditioning
from scoring.criteria_body import CriteriaBody
from scoring.engine.turns import urgent
from scoring.errors import PromptTooLong, TemplateProblem
from scoring.pairs import ModelPair
from scoring.protocol import ModelSource, OpenModel, TokenLogprobs
from services.criteria.store import CriteriaRow
from services.errors import NotFound
from services.live.rows import sound_messages
from services.pairs.catalogue import get_pair
from services.reviews.rows import Message
from services.routing.runs import under_run_domains
from services.weighing.chunk import fill_side, letter
from services.weighing.encode import (
    TEMPLATE,
    TOO_LONG,
    EncodedFor,
    ItemText,
    Problem,
    WeighSetup,
    encode_side,
    facts_of,
    side_view,
)
from services.weighing.logprob_cache import Filled, read, write_batch
from services.weighing.write import item_text, setup_of_run

By = Literal["sum", "mean"]


@dataclass(frozen=True, slots=True)
class Lift:
    """What a set adds to one response's log-prob under the strong model, in nats."""

    total: float
    per_token: float

    def by(self, by: By) -> float:
        """The number that ranks."""
        return self.per_token if by == "mean" else self.total


@dataclass(frozen=True, slots=True)
class SetLifts:
    """One set over the candidates of an item; with a problem (its text does not fit) there is none."""

    name: str
    title: str
    lifts: tuple[Lift | None, ...]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class ItemProfile:
    """Candidates in file order. bare: log p_strong(y | x) and its mean per token; None: an empty response."""

    item_id: int
    domain: str | None
    letters: tuple[str, ...]
    bare: tuple[Lift | None, ...]
    sets: tuple[SetLifts, ...]
    problem: Problem | None = None  # the item itself cannot be read: nothing else is there

    def weighted(self, weights: Mapping[str, float], *, by: By = "sum") -> tuple[float | None, ...] | None:
        """The weighted sum of the lifts by candidate; None when a set that counts could not be read."""
        counted = [one for one in self.sets if weights.get(one.name, 0.0)]
        if self.problem is not None or any(one.problem is not None for one in counted):
            return None
        return tuple(
            None
            if self.bare[place] is None
            else sum(weights[one.name] * lift.by(by) for one in counted if (lift := one.lifts[place]) is not None)
            for place in range(len(self.letters))
        )


@dataclass(frozen=True, slots=True)
class Profiled:
    """Items with what they cost: responses that went through the strong model, and those found in the cache."""

    items: tuple[ItemProfile, ...]
    n_computed: int
    n_cached: int


def profile_item(
    sessions: sessionmaker[Session],
    models: ModelSource,
    run_id: int,
    item_id: int,
    sets: Sequence[CriteriaRow],
) -> Profiled:
    """One item of a run: by its pair's strong model, in its dtype, under the domain it took, exemplars placed as there.

    Raises NotFound, or a ScoringError in one line.
    """
    setup = setup_of_run(sessions, run_id)
    with sessions() as session:
        item = session.get(Item, item_id)
        if item is None:
            raise NotFound(f"no item {item_id}; its dataset may have been deleted")
        text = item_text(item, candidates_by_item(session, [item_id])[item_id])
    with urgent():
        return profile_items(sessions, models, setup, under_run_domains(sessions, run_id, [text]), sets)


def profile_now(
    sessions: sessionmaker[Session],
    models: ModelSource,
    *,
    pair: str,
    messages: Sequence[Message],
    responses: Sequence[str],
    sets: Sequence[CriteriaRow],
    domain: str | None = None,
) -> Profiled:
    """The same for a prompt that is in no dataset. Raises Refused, NotFound or a ScoringError in one line."""
    item = ItemText(0, sound_messages(messages), domain or None, tuple(range(len(responses))), tuple(responses))
    with urgent():
        return profile_items(sessions, models, WeighSetup(get_pair(pair), CriteriaBody("")), [item], sets)


def setup_for(pair: ModelPair, *, dtype: str = "auto", conditioning: Conditioning = DEFAULT) -> WeighSetup:
    """How a pair's strong model is asked where there is no run to take it from."""
    return WeighSetup(pair, CriteriaBody(""), dtype=dtype, conditioning=conditioning)


def profile_items(
    sessions: sessionmaker[Session],
    models: ModelSource,
    setup: WeighSetup,
    items: Sequence[ItemText],
    sets: Sequence[CriteriaRow],
) -> Profiled:
    """Items under no criteria and under every set, computed together. Raises a ScoringError."""
    with models.open(setup.spec("strong")) as model:
        return profile_with(sessions, model, setup, items, sets)


def profile_with(
    sessions: sessionmaker[Session],
    model: OpenModel,
    setup: WeighSetup,
    items: Sequence[ItemText],
    sets: Sequence[CriteriaRow],
) -> Profiled:
    """The same with the model at hand."""
    bodies = [CriteriaBody(""), *(row.body for row in sets)]
    encoded = [_encoded(model, setup, body, items) for body in bodies]
    filled = _fill(sessions, model, encoded)
    keys = [request.content_key() for column in encoded for one in column for request in one.requests()]
    cache = read(sessions, model.engine.fingerprint, keys)
    found = [_profile(item, [column[place] for column in encoded], sets, cache) for place, item in enumerate(items)]
    return Profiled(tuple(found), filled.n_computed, filled.n_cached)


def _encoded(model: OpenModel, setup: WeighSetup, body: CriteriaBody, items: Sequence[ItemText]) -> list[EncodedFor]:
    """The items as the strong model reads them under these criteria; a problem each where these leave no room."""
    pair = replace(setup.pair, world=None)  # the prompt is not checked here
    under = replace(setup, pair=pair, criteria=body, min_candidates=1)
    facts = facts_of(model)
    try:
        return encode_side(items, under, side_view(under, "strong", facts, strong=facts))
    except PromptTooLong as error:
        return [EncodedFor((), None, Problem(TOO_LONG, str(error)))] * len(items)
    except TemplateProblem as error:
        return [EncodedFor((), None, Problem(TEMPLATE, str(error)))] * len(items)


def _fill(sessions: sessionmaker[Session], model: OpenModel, encoded: Sequence[Sequence[EncodedFor]]) -> Filled:
    def keep(fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
        with sessions.begin() as session:
            write_batch(session, fingerprint, results)

    return fill_side(sessions, model.engine, [one for column in encoded for one in column], keep=keep)


def _profile(
    item: ItemText, encoded: Sequence[EncodedFor], sets: Sequence[CriteriaRow], cache: Mapping[str, TokenLogprobs]
) -> ItemProfile:
    letters = tuple(letter(place) for place in range(len(item.responses)))
    bare = encoded[0]
    if bare.problem is not None:
        return ItemProfile(item.item_id, item.domain, letters, (None,) * len(letters), (), bare.problem)
    without = _logprobs(bare, cache)
    columns = tuple(
        SetLifts(row.name, row.title, (None,) * len(letters), one.problem)
        if one.problem is not None
        else SetLifts(row.name, row.title, _lifts(_logprobs(one, cache), without))
        for row, one in zip(sets, encoded[1:], strict=True)
    )
    values = tuple(None if found is None else Lift(found.total, found.mean) for found in without)
    return ItemProfile(item.item_id, item.domain, letters, values, columns)


def _logprobs(encoded: EncodedFor, cache: Mapping[str, TokenLogprobs]) -> list[TokenLogprobs | None]:
    return [
        cache[one.request.content_key()] if isinstance(one, EncodedCandidate) else None for one in encoded.candidates
    ]


def _lifts(told: Sequence[TokenLogprobs | None], bare: Sequence[TokenLogprobs | None]) -> tuple[Lift | None, ...]:
    return tuple(
        None if one is None or other is None else Lift(one.total - other.total, one.mean - other.mean)
        for one, other in zip(told, bare, strict=True)
    )
