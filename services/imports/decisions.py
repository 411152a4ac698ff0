"""Decisions that came with a file: kept aside while its items are written, then appended as they were made.

They are appended in the order of their times over the whole file, in the transaction that makes the dataset ready: a
decision can never be deleted, so none may be written for an import that fails later. Each is marked as imported.
Leaves out reading and checking them (services/formats/decision_rows.py).
"""

from __future__ import annotations

import pickle
import tempfile
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_labels import new_decision_ids
from db.queries_reviews import UNDO_PREFIX
from db.tables import Candidate, Decision, Item
from services.annotators import ensure_annotator, machine_annotator_id
from services.formats.decision_rows import renumber
from services.formats.drafts import DecisionDraft, ItemDraft
from services.labels import AUTO

BATCH = 500


class _Kept(NamedTuple):
    """Where a decision lies in the file aside; sorts by time, an item's own always in their order."""

    at: float  # seconds; never earlier than the item's decision before it
    position: int  # of the item in the dataset
    n: int  # of the decision in the item
    offset: int


class DecisionsAside:
    """The decisions of an import, on disk until all of its items are in. Closes its file when it leaves the block."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._kept: list[_Kept] = []
        self._names: set[str] = set()
        self._has_auto = False

    def __enter__(self) -> DecisionsAside:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, items: Sequence[ItemDraft], *, first_position: int) -> None:
        """Put the decisions of these items aside; positions count on from the first."""
        for position, item in enumerate(items, first_position):
            latest = float("-inf")
            for n, draft in enumerate(item.decisions):
                latest = max(latest, (draft.created_at - draft.created_at.min).total_seconds())
                self._kept.append(_Kept(latest, position, n, self._file.tell()))
                pickle.dump(draft, self._file)
                if draft.kind == AUTO:
                    self._has_auto = True
                else:
                    self._names.add(draft.annotator)

    def ensure_people(self, sessions: sessionmaker[Session]) -> dict[str, int]:
        """name -> annotator_id of everybody who decided, written down on first sight; roles do not come with a file."""
        return {name: ensure_annotator(sessions, name).annotator_id for name in sorted(self._names)}

    def append_all(self, session: Session, dataset_id: int, person_ids: dict[str, int]) -> None:
        """Append them in the caller's transaction, in the order they were made."""
        machine_id = machine_annotator_id(session) if self._has_auto else -1
        self._kept.sort()
        numbers = new_decision_ids(session, len(self._kept))
        number_of = {(kept.position, kept.n): number for kept, number in zip(self._kept, numbers, strict=True)}
        drafts = self._read()
        while some := list(islice(drafts, BATCH)):
            places = _Places(session, dataset_id, {kept.position for kept, _ in some})
            rows = [
                _row(draft, kept, places, number_of)
                | {"annotator_id": machine_id if draft.kind == AUTO else person_ids[draft.annotator]}
                for kept, draft in some
            ]
            session.connection().execute(insert(Decision), rows)

    def _read(self) -> Iterator[tuple[_Kept, DecisionDraft]]:
        """In the order of `_kept`."""
        for kept in self._kept:
            self._file.seek(kept.offset)
            yield kept, pickle.load(self._file)  # written by this object, so safe to load


class _Places:
    """The new numbers of items and candidates, by position in the dataset and place in the item."""

    def __init__(self, session: Session, dataset_id: int, positions: Collection[int]) -> None:
        self.item_id: dict[int, int] = {}
        self.candidate_ids: dict[int, list[int]] = {}
        rows = session.execute(
            select(Item.position, Item.item_id, Candidate.candidate_id)
            .join(Candidate, Candidate.item_id == Item.item_id)
            .where(Item.dataset_id == dataset_id, Item.position.in_(positions))
            .order_by(Item.position, Candidate.position)
        )
        for position, item_id, candidate_id in rows:
            self.item_id[position] = item_id
            self.candidate_ids.setdefault(position, []).append(candidate_id)


def _row(
    draft: DecisionDraft, kept: _Kept, places: _Places, number_of: Mapping[tuple[int, int], int]
) -> dict[str, Any]:
    ids = places.candidate_ids[kept.position]
    undone, superseded = (None if n is None else number_of[kept.position, n] for n in (draft.undoes, draft.supersedes))
    return {
        "decision_id": number_of[kept.position, kept.n],
        "submission": f"imported:{uuid.uuid4().hex}" if undone is None else f"{UNDO_PREFIX}{undone}",
        "item_id": places.item_id[kept.position],
        "verdict": draft.verdict,
        "chosen_candidate_id": None if draft.chosen is None else ids[draft.chosen],
        "ranking": [[ids[place] for place in group] for group in draft.ranking],
        "strength": draft.strength,
        "reason_tags": list(draft.reason_tags),
        "note": draft.note,
        "is_blind": draft.is_blind,
        "display_order": [ids[place] for place in draft.display_order],
        "suggestion": renumber(draft.suggestion, dict(enumerate(ids))),
        "suggested_candidate_id": None if draft.suggested is None else ids[draft.suggested],
        "elapsed_ms": draft.elapsed_ms,
        "created_at": draft.created_at,
        "supersedes_id": superseded,
        "kind": draft.kind,
        "request": draft.request,
        "is_imported": True,
    }
