"""LLMBar: `input`, `output_1`, `output_2`, and `label`, which names the better of the two (1 or 2)."""

from __future__ import annotations

from typing import Any

from services.formats.drafts import CandidateDraft, Fields, ItemDraft, make_item
from services.formats.messages import finish_prompt, parse_prompt, require_text
from services.formats.problems import BadRow

USED = frozenset({"input", "output_1", "output_2", "label"})


def matches(row: Fields) -> bool:
    """Whether the row has LLMBar's columns (the label may be missing)."""
    return {"input", "output_1", "output_2"} <= row.keys()


def explain(_row: Fields) -> str:
    """What the columns mean."""
    return "label 1 or 2 names the better of two outputs"


def parse(row: Fields) -> ItemDraft:
    """One item, outputs in the file's order.

    Raises:
        BadRow: no prompt, an output that is not text, a label that is neither 1 nor 2.
    """
    notes: list[str] = []
    prompt = finish_prompt(parse_prompt(row.get("input")), notes)
    better = read_label(row.get("label"))
    candidates = [
        CandidateDraft(
            require_text(row.get(f"output_{n}"), f"output_{n}"),
            gold_rank=None if better is None else 1.0 if n == better else 2.0,
        )
        for n in (1, 2)
    ]
    return make_item(prompt, candidates, row=row, used=USED, notes=notes)


def read_label(label: Any) -> int | None:
    """1 or 2, also as text or float; None where there is none.

    Raises:
        BadRow: anything else.
    """
    if label is None or label == "":
        return None
    if str(label).strip() in ("1", "1.0"):
        return 1
    if str(label).strip() in ("2", "2.0"):
        return 2
    raise BadRow(f"label is {str(label)[:30]!r}; it must be 1 or 2")
