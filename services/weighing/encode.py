"""From items to the requests of one model: what is weighed, under which text, and what cannot be.

Each model is encoded on its own, so that its requests (and so its batches) do not depend on whether the other one is in
memory at the same time. Criteria that leave no room in the context are refused before anything is weighed; where they
do for some item only, its line says how much of the text they are. Leaves out rendering and tokenizing
(scoring/chat.py) and the numbers (chunk.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from scoring.chat import EncodedCandidate, NotWeighed, check_template, encode, encode_prompt_check
from scoring.conditioning import DEFAULT, Conditioned, Conditioning, condition
from scoring.criteria_body import CriteriaBody
from scoring.errors import PromptTooLong, TemplateProblem
from scoring.pairs import ModelPair, ModelSpec
from scoring.protocol import LogprobRequest, OpenModel
from scoring.ratio import RankBy

Side = Literal["strong", "weak"]
TOO_LONG = "too long"
TOO_FEW = "too few candidates"
EMPTY = "empty response"
TEMPLATE = "template"
SHORTEST_PROMPT = ({"role": "user", "content": "?"},)  # what criteria are measured with


@dataclass(frozen=True, slots=True)
class WeighSetup:
    """What a weighing is made under; everything here is part of a run's configuration."""

    pair: ModelPair
    criteria: CriteriaBody
    rank_by: RankBy = "sum"
    count_end_of_turn: bool = True
    dtype: str = "auto"  # "auto": as the pair says
    min_candidates: int = 2  # 1 where nothing is ranked: a pasted single response, a text of the world check
    conditioning: Conditioning = DEFAULT

    def spec(self, side: Side) -> ModelSpec:
        """The model to open, in the run's dtype."""
        spec = self.pair.strong if side == "strong" else self.pair.weak
        return spec if self.dtype == "auto" else replace(spec, dtype=self.dtype)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class ItemText:
    """An item to weigh; `item_id` and candidate ids are 0 for what is in no dataset."""

    item_id: int
    messages: tuple[dict[str, str], ...]
    domain: str | None
    candidate_ids: tuple[int, ...]
    responses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What stays useful of a model after it was closed: enough to encode and to look the cache up."""

    ref: str
    fingerprint: str
    context_limit: int
    tokenizer: Any
    description: dict[str, Any]  # for the run's configuration


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an item is not weighed: a reason from a closed list and one line."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class EncodedFor:
    """An item as one model is to see it; with a problem there is nothing to weigh."""

    candidates: tuple[EncodedCandidate | NotWeighed, ...]
    check: LogprobRequest | None  # of the last user message, where the world rule asks for it
    problem: Problem | None

    def requests(self) -> list[LogprobRequest]:
        """The candidates' requests, and the prompt check's last."""
        if self.problem is not None:
            return []
        found = [candidate.request for candidate in self.candidates if isinstance(candidate, EncodedCandidate)]
        return found if self.check is None else [*found, self.check]


@dataclass(frozen=True, slots=True)
class SideView:
    """One model of the pair and how it is spoken to. template_tokenizer: whose chat template; None: its own."""

    name: Side
    facts: ModelFacts
    template_tokenizer: Any
    system_role: bool | None


def facts_of(model: OpenModel) -> ModelFacts:
    """What to remember of an open model."""
    engine = model.engine
    description = {
        "ref": model.ref,
        "fingerprint": engine.fingerprint,
        "context_limit": engine.context_limit,
        "engine": engine.name,
        "device": model.device,
        "dtype": model.dtype,
    }
    return ModelFacts(model.ref, engine.fingerprint, engine.context_limit, model.tokenizer, description)


def encode_side(items: Sequence[ItemText], setup: WeighSetup, side: SideView) -> list[EncodedFor]:
    """Every item as this model sees it."""
    return [_encode_one(item, setup, side) for item in items]


def side_view(setup: WeighSetup, side: Side, facts: ModelFacts, *, strong: ModelFacts) -> SideView:
    """How this model is spoken to: with the strong one's template unless the pair says otherwise (design rule 1).

    Raises TemplateProblem when that template can render no conversation at all, PromptTooLong when the criteria alone
    fill the model's context.
    """
    if side == "weak" and setup.pair.template == "own":
        view = SideView(side, facts, None, None)
    else:
        view = SideView(side, facts, strong.tokenizer if side == "weak" else None, setup.pair.system_role)
    check_template(facts.tokenizer, template_tokenizer=view.template_tokenizer, system_role=view.system_role)
    _require_room(setup, view)
    return view


def _require_room(setup: WeighSetup, side: SideView) -> None:
    """Some domain's criteria must leave room for a prompt; items of the others are told apart one by one."""
    limit = side.facts.context_limit
    entries = (setup.criteria.default, *(entry for _, entry in setup.criteria.domains))
    shown = (condition(SHORTEST_PROMPT, one, side=side.name, conditioning=setup.conditioning) for one in entries)
    try:
        fewest = min(_prompt_tokens(side, one) for one in shown)
        n_criteria = fewest - _prompt_tokens(side, Conditioned("", SHORTEST_PROMPT))
    except TemplateProblem:  # e.g. earlier turns in a template that takes none: each item says so
        return
    if fewest >= limit and n_criteria > 0:
        raise PromptTooLong(
            f"the criteria alone take {n_criteria:,} tokens of {side.facts.ref}, whose context limit is {limit:,}; "
            "shorten them or choose a model with a longer context"
        )


def _prompt_tokens(side: SideView, shown: Conditioned) -> int:
    encoded = encode(
        side.facts.tokenizer,
        [dict(message) for message in shown.messages],
        [],
        instruction=shown.instruction,
        context_limit=side.facts.context_limit,
        template_tokenizer=side.template_tokenizer,
        system_role=side.system_role,
    )
    return len(encoded.prompt_ids)


def _encode_one(item: ItemText, setup: WeighSetup, side: SideView) -> EncodedFor:
    n = len(item.responses)
    if n < setup.min_candidates:
        return EncodedFor((), None, Problem(TOO_FEW, f"{n} candidate(s); a ranking needs {setup.min_candidates}"))
    shown = condition(
        item.messages, setup.criteria.entry_for(item.domain), side=side.name, conditioning=setup.conditioning
    )
    messages, instruction = [dict(message) for message in shown.messages], shown.instruction
    try:
        encoded = encode(
            side.facts.tokenizer,
            messages,
            item.responses,
            instruction=instruction,
            count_end_of_turn=setup.count_end_of_turn,
            context_limit=side.facts.context_limit,
            template_tokenizer=side.template_tokenizer,
            system_role=side.system_role,
        )
        check = _prompt_check(messages, setup, side, instruction)
    except TemplateProblem as error:
        return EncodedFor((), None, Problem(TEMPLATE, str(error)))
    problem = _problem_of(encoded.candidates, setup.min_candidates)
    if problem is not None and problem.reason == TOO_LONG:
        n_criteria = len(encoded.prompt_ids) - _prompt_tokens(side, Conditioned("", item.messages))
        if n_criteria > 0:
            problem = replace(problem, detail=f"{problem.detail}; the criteria take {n_criteria} of these tokens")
    return EncodedFor(encoded.candidates, check, problem)


def _prompt_check(
    messages: list[dict[str, str]], setup: WeighSetup, side: SideView, instruction: str
) -> LogprobRequest | None:
    world = setup.pair.world
    if world is None or world.model != side.name or world.prompt_min is None:
        return None
    return encode_prompt_check(
        side.facts.tokenizer,
        messages,
        instruction=instruction,
        context_limit=side.facts.context_limit,
        template_tokenizer=side.template_tokenizer,
        system_role=side.system_role,
    )


def _problem_of(candidates: Sequence[EncodedCandidate | NotWeighed], min_candidates: int) -> Problem | None:
    """Too long for one is too long for all: candidates are compared whole or not at all (design rule 3)."""
    left_out = [candidate for candidate in candidates if isinstance(candidate, NotWeighed)]
    for one in left_out:
        if one.reason != EMPTY:
            return Problem(one.reason, one.detail)
    n_left = len(candidates) - len(left_out)
    if n_left >= min_candidates:
        return None
    return Problem(
        EMPTY, f"{len(left_out)} of {len(candidates)} responses are empty; it takes {min_candidates} with text"
    )
