"""The demo's texts of known world, as items with one response each: weighed for the mark, never ranked or reviewed.

{"text": response, "prompt": user message, "world": "in" | "out", "kind": what it is}
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from db.tables import Dataset
from services.dataset_names import require_free
from services.errors import Refused
from services.formats.drafts import CandidateDraft, ItemDraft
from services.item_store import insert_items

STATEMENT = "Texts in and out of the tea shop's world, one response each; they measure the mark and are not ranked."


def import_world_texts(sessions: sessionmaker[Session], path: Path, *, name: str) -> int:
    """The file as a dataset, written in one transaction; returns its dataset_id. Raises Refused for a bad line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    items = [_item(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
    with sessions.begin() as session:
        require_free(session, name)
        dataset = Dataset(
            name=name,
            file_name=path.name,
            format="world texts",
            statement=STATEMENT,
            n_items=len(items),
            n_candidates=len(items),
        )
        session.add(dataset)
        session.flush()
        insert_items(session, dataset.dataset_id, items, first_position=0)
        return dataset.dataset_id


def _item(line: str, number: int) -> ItemDraft:
    row: dict[str, Any] = json.loads(line)
    if row.get("world") not in ("in", "out") or not isinstance(row.get("text"), str) or not row.get("prompt"):
        raise Refused(
            f"line {number} of the world texts needs text, prompt, and world 'in' or 'out'; it has {sorted(row)}"
        )
    return ItemDraft(
        messages=({"role": "user", "content": str(row["prompt"])},),
        candidates=(CandidateDraft(row["text"]),),
        subset=row["world"],
        meta={"world": row["world"], "kind": row.get("kind")},
        line=number,
    )
