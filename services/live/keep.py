"""A prompt with its responses, kept as an item of a dataset that grows by hand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import last_position
from db.tables import Dataset
from services.dataset_names import check_name
from services.errors import Refused
from services.formats.cleaning import clean
from services.formats.drafts import DOMAIN_LIMIT, MODEL_LIMIT, CandidateDraft, ItemDraft
from services.item_store import insert_items
from services.live.rows import LiveCandidate, SampledCandidate, sound_messages, text_of
from services.reviews.rows import Message


def send_to_dataset(
    sessions: sessionmaker[Session],
    dataset: str,
    *,
    messages: Sequence[Message],
    candidates: Sequence[str | SampledCandidate | LiveCandidate],
    domain: str | None = None,
) -> int:
    """Append an item to the dataset of that name, made when it is new; returns the item_id. Needs two candidates.

    Raises Refused or BadName. A run that is already going on keeps to the items it began with.
    """
    name = check_name(dataset)
    if len(candidates) < 2:
        raise Refused(f"{len(candidates)} candidate(s) make no item; add responses until there are two")
    drafts = tuple(_draft_of(candidate) for candidate in candidates)
    label = clean(domain or "", set())[:DOMAIN_LIMIT] or None
    item = ItemDraft(_clean_messages(sound_messages(messages)), drafts, domain=label)
    try:
        with sessions.begin() as session:
            return _append_item(session, name, item)
    except IntegrityError:  # PostgreSQL: somebody appended at the same moment; the place after that one is free
        with sessions.begin() as session:
            return _append_item(session, name, item)


def _draft_of(candidate: str | SampledCandidate | LiveCandidate) -> CandidateDraft:
    source = None if isinstance(candidate, str) else candidate.source_model
    return CandidateDraft(clean(text_of(candidate), set()), source and source[:MODEL_LIMIT])


def _clean_messages(messages: tuple[dict[str, str], ...]) -> tuple[dict[str, str], ...]:
    return tuple(clean(message, set()) for message in messages)


def _append_item(session: Session, name: str, item: ItemDraft) -> int:
    """Write the item at the end, locking the dataset's row so that two writers take different places."""
    dataset = session.scalar(select(Dataset).where(Dataset.name == name).with_for_update())
    if dataset is None:
        dataset = Dataset(name=name, format="live", statement="Items sent from Live, one prompt at a time.")
        session.add(dataset)
        session.flush()
    if dataset.state != "ready":
        raise Refused(f"dataset {name!r} is {dataset.state}; wait until the import is finished")
    item_id = insert_items(
        session, dataset.dataset_id, [item], first_position=last_position(session, dataset.dataset_id) + 1
    )[0]
    dataset.n_items += 1
    dataset.n_candidates += len(item.candidates)
    return item_id
