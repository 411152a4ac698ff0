"""Datasets as the screens list them; guidelines, renaming, deleting. Import and export have modules of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_datasets import count_decisions, datasets_with_counts, is_being_weighed
from db.queries_search import forget_dataset
from db.tables import Dataset, Item, Run
from services.dataset_names import NameTaken, check_name, require_free
from services.errors import DecisionsRestOnIt, NotFound, Refused

GUIDELINES_LIMIT = 100_000  # characters


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One dataset as it stands; one that is still being imported is not shown."""

    dataset_id: int
    name: str
    file_name: str
    format: str
    statement: str  # what the import understood, in words
    guidelines: str
    n_items: int
    n_candidates: int
    n_gold: int  # items of which the file names the best candidate
    n_decided: int  # items with a decision that counts, of anybody
    n_runs: int
    created_at: datetime

    @property
    def has_gold(self) -> bool:
        """Whether accuracy can be measured on it."""
        return self.n_gold > 0


def list_datasets(sessions: sessionmaker[Session]) -> tuple[DatasetRow, ...]:
    """Every dataset, newest first."""
    return _read(sessions, datasets_with_counts().order_by(Dataset.dataset_id.desc()))


def get(sessions: sessionmaker[Session], dataset_id: int) -> DatasetRow:
    """That dataset, or NotFound."""
    rows = _read(sessions, datasets_with_counts().where(Dataset.dataset_id == dataset_id))
    if not rows:
        raise NotFound(f"there is no dataset {dataset_id}; it may have been deleted")
    return rows[0]


def list_domains(sessions: sessionmaker[Session], dataset_id: int) -> tuple[str, ...]:
    """The domains that the dataset's items name, by name; the empty one left out."""
    with sessions() as session:
        found = session.scalars(select(Item.domain).where(Item.dataset_id == dataset_id).distinct())
        return tuple(sorted(name for name in found if name))


def find_dataset(sessions: sessionmaker[Session], name: str) -> DatasetRow:
    """The dataset of that name; a number that is nobody's name is taken for its id. Raises NotFound."""
    wanted = name.strip()
    rows = _read(sessions, datasets_with_counts().where(Dataset.name == wanted))
    if not rows and wanted.isascii() and wanted.isdigit() and len(wanted) < 10:
        rows = _read(sessions, datasets_with_counts().where(Dataset.dataset_id == int(wanted)))
    if rows:
        return rows[0]
    names = ", ".join(repr(row.name) for row in list_datasets(sessions)[:5])
    raise NotFound(f"there is no dataset {name!r}; " + (f"there are {names}" if names else "import one first"))


def set_guidelines(sessions: sessionmaker[Session], dataset_id: int, guidelines: str) -> None:
    """Writes what annotators are shown beside every item. Raises NotFound, or Refused over 100,000 characters."""
    if len(guidelines) > GUIDELINES_LIMIT:
        raise Refused(f"the guidelines have {len(guidelines):,} characters; at most {GUIDELINES_LIMIT:,}")
    get(sessions, dataset_id)
    text = guidelines.replace("\x00", "")  # PostgreSQL keeps no NUL
    with sessions.begin() as session:
        session.execute(update(Dataset).where(Dataset.dataset_id == dataset_id).values(guidelines=text))


def rename(sessions: sessionmaker[Session], dataset_id: int, name: str) -> None:
    """Calls it something else. Raises NotFound, BadName or NameTaken."""
    wanted = check_name(name)
    if get(sessions, dataset_id).name == wanted:
        return
    try:
        with sessions.begin() as session:
            require_free(session, wanted)
            session.execute(update(Dataset).where(Dataset.dataset_id == dataset_id).values(name=wanted))
    except IntegrityError:  # PostgreSQL: somebody took the name in this very moment
        raise NameTaken(f"there is already a dataset named {wanted!r}; choose another name") from None


def delete(sessions: sessionmaker[Session], dataset_id: int) -> None:
    """Deletes it with its items and runs; the log-prob cache stays.

    Raises:
        DecisionsRestOnIt: somebody decided on one of its items, be it undone since.
        Refused: a run is weighing it.
    """
    row = get(sessions, dataset_id)
    try:
        with sessions.begin() as session:
            if is_being_weighed(session, dataset_id):
                raise Refused(f"a run is weighing dataset {row.name!r}; cancel it first, then delete the dataset")
            n_decisions = count_decisions(session, dataset_id)
            if n_decisions:
                raise DecisionsRestOnIt(_refusal(row.name, f"{n_decisions:,} decisions"))
            forget_dataset(session, dataset_id)
            session.execute(delete_from(Run).where(Run.dataset_id == dataset_id))  # first: its scores go by one index
            session.execute(delete_from(Dataset).where(Dataset.dataset_id == dataset_id))
    except IntegrityError:  # PostgreSQL: somebody decided in this very moment
        raise DecisionsRestOnIt(_refusal(row.name, "a decision")) from None


def _refusal(name: str, what: str) -> str:
    return f"dataset {name!r} has {what}, and decisions are kept for good; rename the dataset instead of deleting it"


def _read(sessions: sessionmaker[Session], query: Select[Any]) -> tuple[DatasetRow, ...]:
    with sessions() as session:
        return tuple(
            DatasetRow(
                dataset_id=dataset.dataset_id,
                name=dataset.name,
                file_name=dataset.file_name,
                format=dataset.format,
                statement=dataset.statement,
                guidelines=dataset.guidelines,
                n_items=dataset.n_items,
                n_candidates=dataset.n_candidates,
                n_gold=dataset.n_gold,
                n_decided=n_decided,
                n_runs=n_runs,
                created_at=dataset.created_at,
            )
            for dataset, n_decided, n_runs in session.execute(query)
        )
