"""The items that pass a filter, as a list to look through: a page of them, each with what tells it from the others.

Leaves out the item itself (review.py) and which items pass (filters.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_facets import n_among
from db.queries_search import add_responses, message_texts
from db.search_words import where_it_says
from db.tables import Candidate, Item, Run, Suggestion
from services.labels import labels_of
from services.reviews.filters import Filters
from services.reviews.kept_items import kept_select
from services.routing.resolve import run_domains_of
from services.weighing.chunk import letter

PAGE = 50
PROMPT_SHOWN, PASSAGE_SHOWN = 160, 120  # characters


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item in the list. Texts are untrusted."""

    item_id: int
    position: int  # 0-based
    prompt: str  # the beginning of the last turn, on one line
    passage: str  # where the words that were searched for stand; "" without a search
    domain: str | None
    best_letter: str | None  # what the run suggests
    margin: float | None
    state: str  # of the label: settled | split | flagged | skipped | undecided
    label_source: str | None  # adjudication | human | auto


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A stretch of the items that pass, in file order."""

    n: int  # that pass in all
    first: int  # place of the first of these among them, 0-based
    rows: tuple[ListedItem, ...]


def n_passing(sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None, filters: Filters | None) -> int:
    """How many items pass."""
    with sessions() as session:
        run = None if run_id is None else session.get(Run, run_id)
        among = None if filters is None else kept_select(session, filters, run, dataset_id=dataset_id)
        return n_among(session, dataset_id, among)


def list_items(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    run_id: int | None,
    filters: Filters | None,
    first: int = 0,
    limit: int = PAGE,
) -> ItemPage:
    """At most `limit` of the items that pass, from the place `first` on."""
    with sessions() as session:
        run = None if run_id is None else session.get(Run, run_id)
        among = None if filters is None else kept_select(session, filters, run, dataset_id=dataset_id)
        n = n_among(session, dataset_id, among)
        wanted = select(Item).where(Item.dataset_id == dataset_id).order_by(Item.position)
        if among is not None:
            wanted = wanted.where((Item.item_id + 0).in_(among))  # in file order, up to the end of the page
        items = session.scalars(wanted.offset(max(0, first)).limit(limit)).all()
        words = "" if filters is None else filters.words
        return ItemPage(n, max(0, first), tuple(_listed(session, items, run, words)))


def _listed(session: Session, items: Sequence[Item], run: Run | None, words: str) -> list[ListedItem]:
    if not items:
        return []
    item_ids = [item.item_id for item in items]
    labels = labels_of(session, items[0].dataset_id, item_ids=item_ids)
    suggested = _suggested(session, run, item_ids)
    taken = {} if run is None else run_domains_of(session, run.run_id, item_ids)
    passages = _passages(session, items, words) if words.strip() else {}
    found = []
    for item in items:
        label, (best, margin) = labels.get(item.item_id), suggested.get(item.item_id, (None, None))
        found.append(
            ListedItem(
                item_id=item.item_id,
                position=item.position,
                prompt=_one_line(_last_turn(item.messages), PROMPT_SHOWN),
                passage=passages.get(item.item_id, ""),
                domain=taken[item.item_id].domain if item.item_id in taken else item.domain,
                best_letter=best,
                margin=margin,
                state="undecided" if label is None else label.state,
                label_source=None if label is None else label.source,
            )
        )
    return found


def _suggested(
    session: Session, run: Run | None, item_ids: Sequence[int]
) -> dict[int, tuple[str | None, float | None]]:
    if run is None:
        return {}
    rows = session.execute(
        select(Suggestion.item_id, Candidate.position, Suggestion.margin)
        .join(Candidate, Candidate.candidate_id == Suggestion.best_candidate_id)
        .where(Suggestion.run_id == run.run_id, Suggestion.item_id.in_(item_ids))
    )
    return {item_id: (letter(position), margin) for item_id, position, margin in rows}


def _passages(session: Session, items: Sequence[Item], words: str) -> dict[int, str]:
    """Where the first of the words stands, in the prompt or else in a response."""
    texts = {item.item_id: message_texts(item.messages) for item in items}
    add_responses(session, texts)
    return {item_id: where_it_says(found, words, width=PASSAGE_SHOWN) for item_id, found in texts.items()}


def _last_turn(messages: Sequence[Any]) -> str:
    return str(messages[-1].get("content", "")) if messages else ""


def _one_line(text: str, limit: int) -> str:
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
