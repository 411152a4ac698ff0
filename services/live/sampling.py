"""Responses written by the pair's own models, under the same rendering that weighs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.chat import encode
from scoring.conditioning import condition
from scoring.criteria import CriteriaBody
from scoring.engine.turns import urgent
from scoring.protocol import ModelSource, OpenModel, Sampling
from services.errors import Refused
from services.live.rows import SampledCandidate, sound_messages
from services.pairs.catalogue import get_pair
from services.reviews.rows import Message
from services.weighing.encode import SideView, WeighSetup, facts_of, side_view

SOURCES = ("strong", "weak", "both")
SAMPLE_LIMIT = 16
NEW_TOKENS_LIMIT = 2_048


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
    """n responses from the pair's models; source "strong", "weak" or "both" (half each, the odd one to strong).

    Raises Refused (settings out of range), NotFound (pair), or a ScoringError in one line.
    """
    if source not in SOURCES or not 1 <= n <= SAMPLE_LIMIT:
        raise Refused(f"{n} samples from {source!r}: give 1 to {SAMPLE_LIMIT} from {', '.join(SOURCES)}")
    if not 0 <= temperature <= 2 or not 1 <= max_new_tokens <= NEW_TOKENS_LIMIT:
        limits = f"temperature 0 to 2, length 1 to {NEW_TOKENS_LIMIT} tokens"
        raise Refused(f"temperature {temperature:g} and length {max_new_tokens}: give {limits}")
    setup = WeighSetup(get_pair(pair), criteria)
    n_strong = {"strong": n, "weak": 0, "both": n - n // 2}[source]
    wanted = _Wanted(sound_messages(messages), domain or None, temperature, max_new_tokens, seed)
    with urgent():
        with models.open(setup.spec("strong")) as model:
            facts = facts_of(model)
            view = side_view(setup, "strong", facts, strong=facts)
            found = _sample(model, setup, view, wanted, n_strong)
        if n_strong < n:
            with models.open(setup.spec("weak")) as model:
                view = side_view(setup, "weak", facts_of(model), strong=facts)
                found += _sample(model, setup, view, wanted, n - n_strong)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Wanted:
    messages: tuple[dict[str, str], ...]
    domain: str | None
    temperature: float
    max_new_tokens: int
    seed: int


def _sample(
    model: OpenModel,
    setup: WeighSetup,
    view: SideView,
    wanted: _Wanted,
    n: int,
) -> list[SampledCandidate]:
    if n == 0:
        return []
    entry = setup.criteria.entry_for(wanted.domain)
    shown = condition(wanted.messages, entry, side=view.name, conditioning=setup.conditioning)
    encoded = encode(
        view.facts.tokenizer,
        shown.messages,
        [],
        instruction=shown.instruction,
        context_limit=view.facts.context_limit,
        template_tokenizer=view.template_tokenizer,
        system_role=view.system_role,
    )
    how = Sampling(n, wanted.temperature, wanted.max_new_tokens, wanted.seed, stop_ids=encoded.end_of_turn_ids)
    texts = model.sampler.sample(encoded.prompt_ids, how)
    return [SampledCandidate(sampled.text.strip(), f"{view.facts.ref} ({view.name})") for sampled in texts]
