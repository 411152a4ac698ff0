"""What each model of a pair would read under criteria: the exact text up to the response, and whether it fits.

The same path as a run's (condition, render, encode), so it is what a run would send. Weighs nothing and needs no
weights: `read` gives a model's tokenizer and limit (scoring/reading.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item, items_between
from db.queries_trials import domain_by_item
from db.tables import Item
from scoring.chat import EncodedCandidate, encode
from scoring.conditioning import DEFAULT, Conditioning, condition
from scoring.criteria_body import CriteriaBody
from scoring.errors import TemplateProblem
from scoring.pairs import ModelPair, ModelSpec
from services.errors import NotFound
from services.pairs.catalogue import get_pair
from services.weighing.encode import ItemText, ModelFacts, Side, SideView, WeighSetup, side_view
from services.weighing.write import item_text

NO_LIMIT = 10**9  # tokens; the lengths are compared with the model's limit here


class Reading(Protocol):
    """A model as far as its input goes."""

    @property
    def ref(self) -> str: ...
    @property
    def tokenizer(self) -> Any: ...
    @property
    def context_limit(self) -> int: ...


Read = Callable[[ModelSpec], Reading]


@dataclass(frozen=True, slots=True)
class SidePreview:
    """What one model would read. n_longest: prompt and longest response with its end of turn; None without one."""

    ref: str
    text: str  # from the first character to where a response begins
    n_prompt_tokens: int
    n_longest: int | None
    context_limit: int
    problem: str  # one line, "" when it can be weighed

    @property
    def fits(self) -> bool:
        """Whether the longest response fits beside this prompt; nothing is ever cut."""
        return max(self.n_prompt_tokens, self.n_longest or 0) <= self.context_limit


@dataclass(frozen=True, slots=True)
class Preview:
    """An item under criteria as both models of a pair would read it. domain: whose criteria were taken."""

    domain: str | None
    strong: SidePreview
    weak: SidePreview


def preview(
    sessions: sessionmaker[Session],
    read: Read,
    *,
    pair: str | ModelPair,
    body: CriteriaBody,
    item_id: int,
    domain: str | None = None,
    conditioning: Conditioning = DEFAULT,
) -> Preview:
    """An item of a dataset under criteria. domain: under another than the item's own; "" means the default.

    Raises NotFound (pair, item), or ModelUnavailable when a tokenizer cannot be read.
    """
    item = _item(sessions, item_id)
    own = item.domain if domain is None else domain or None
    asked = ItemText(item.item_id, item.messages, own, item.candidate_ids, item.responses)
    return preview_text(read, asked, pair=pair, body=body, conditioning=conditioning)


def preview_text(
    read: Read, item: ItemText, *, pair: str | ModelPair, body: CriteriaBody, conditioning: Conditioning = DEFAULT
) -> Preview:
    """The same for texts at hand."""
    model_pair = get_pair(pair) if isinstance(pair, str) else pair
    setup = WeighSetup(model_pair, body, conditioning=conditioning)
    strong, weak = read(setup.spec("strong")), read(setup.spec("weak"))
    return Preview(item.domain, _side(item, setup, "strong", strong, strong), _side(item, setup, "weak", weak, strong))


def item_id_at(sessions: sessionmaker[Session], dataset_id: int, position: int) -> int | None:
    """The item at a place of a dataset, 0 being the first; None when there is none."""
    with sessions() as session:
        found = items_between(session, dataset_id, first=position, last=position)
    return found[0].item_id if found else None


def domain_in_run(sessions: sessionmaker[Session], run_id: int, item_id: int) -> str | None:
    """The domain under which a run weighs an item: what it found for it, else the item's own. None: the default."""
    with sessions() as session:
        item = session.get(Item, item_id)
        return None if item is None else domain_by_item(session, run_id, [item])[item_id]


def _facts(model: Reading) -> ModelFacts:
    """Without the limit: what does not fit is shown all the same."""
    return ModelFacts(model.ref, "", NO_LIMIT, model.tokenizer, {})


def _side(item: ItemText, setup: WeighSetup, name: Side, model: Reading, strong: Reading) -> SidePreview:
    try:
        view = side_view(setup, name, _facts(model), strong=_facts(strong))
        text, n_prompt, lengths = _encoded(item, setup, view)
    except TemplateProblem as error:
        return SidePreview(model.ref, "", 0, None, model.context_limit, str(error))
    longest = max(lengths, default=None)
    found = SidePreview(model.ref, text, n_prompt, longest, model.context_limit, "")
    return found if found.fits else replace(found, problem=_line(found))


def _line(found: SidePreview) -> str:
    n = max(found.n_prompt_tokens, found.n_longest or 0)
    what = "criteria, prompt and longest response" if found.n_longest else "criteria and prompt"
    return (
        f"{what} have {n:,} tokens, the limit of {found.ref} is {found.context_limit:,}; shorten the criteria, or "
        "choose a pair with a longer context"
    )


def _encoded(item: ItemText, setup: WeighSetup, side: SideView) -> tuple[str, int, Sequence[int]]:
    """The prompt's text, its tokens, and the tokens of prompt and response for each response that has text."""
    entry = setup.criteria.entry_for(item.domain)
    shown = condition(item.messages, entry, side=side.name, conditioning=setup.conditioning)
    encoded = encode(
        side.facts.tokenizer,
        [dict(message) for message in shown.messages],
        item.responses,
        instruction=shown.instruction,
        count_end_of_turn=setup.count_end_of_turn,
        context_limit=side.facts.context_limit,
        template_tokenizer=side.template_tokenizer,
        system_role=side.system_role,
    )
    whole = [one.request.ids for one in encoded.candidates if isinstance(one, EncodedCandidate)]
    return encoded.prompt_text, len(encoded.prompt_ids), [len(ids) for ids in whole]


def _item(sessions: sessionmaker[Session], item_id: int) -> ItemText:
    with sessions() as session:
        item = session.get(Item, item_id)
        if item is None:
            raise NotFound(f"no item {item_id}; its dataset may have been deleted")
        return item_text(item, candidates_by_item(session, [item_id])[item_id])
