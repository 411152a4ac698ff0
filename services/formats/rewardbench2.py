"""RewardBench 2: `prompt`, lists `chosen` and `rejected`, `num_correct`, and an `id` that in the Ties subset says
which two rows belong together ("ref:12", "tied:12").

The public formulas go by the file's order, chosen before rejected. Candidates get places drawn from the row's content,
so that the correct ones do not always come first; the metadata's `file_order` remembers where each stood.
"""

from __future__ import annotations

import json
from typing import Any

from services.benchmarks.rewardbench_sets import domain_of_2
from services.formats import pairs
from services.formats.drafts import CandidateDraft, Fields, ItemDraft, make_item
from services.formats.messages import finish_prompt, kind_of, parse_prompt, read_number, require_text
from services.formats.problems import BadRow

NUM_CORRECT = "num_correct"
USED = frozenset({"prompt", "chosen", "rejected"})


def matches(row: Fields) -> bool:
    """Whether both sides are lists of texts, in a table's cells as JSON beside num_correct."""
    return "prompt" in row and all(_is_texts(_side(row, side)) for side in ("chosen", "rejected"))


def explain(_row: Fields) -> str:
    """What the columns mean; {n} becomes the number of responses."""
    return f"each a prompt with {{n}} responses, the first num_correct of them right; {pairs.SAID_OF_MANY}"


def parse(row: Fields) -> ItemDraft:
    """One item; the first `num_correct` responses of the file have gold rank 1, the others 2.

    Raises:
        BadRow: no prompt, a side that is no list of texts, a num_correct that is not a whole number from 0.
    """
    notes: list[str] = []
    prompt = finish_prompt(parse_prompt(row.get("prompt")), notes)
    chosen, rejected = (_texts(_side(row, side), side) for side in ("chosen", "rejected"))
    texts = [*chosen, *rejected]
    n_correct = _num_correct(row.get(NUM_CORRECT), default=len(chosen))
    models = _models(row.get("models"), len(texts))
    inside = [
        CandidateDraft(text, models[place], gold_rank=1.0 if place < n_correct else 2.0)
        for place, text in enumerate(texts)
    ]
    order = pairs.drawn_order(prompt, texts)
    kept = {**row, NUM_CORRECT: n_correct, pairs.FILE_ORDER: order}
    domain = domain_of_2(str(row.get("subset") or "").strip())
    if domain is not None and "domain" not in row:
        kept["domain"] = domain
    used = USED | {"models"} if any(models) else USED
    return make_item(prompt, [inside[place] for place in order], row=kept, used=used, notes=notes)


def _side(row: Fields, side: str) -> Any:
    """The list; out of a table's cell where num_correct says that lists are meant (a text may begin with "[" too)."""
    value = row.get(side)
    if not isinstance(value, str) or NUM_CORRECT not in row or not value.startswith("["):
        return value
    try:
        return json.loads(value, strict=False)
    except (ValueError, RecursionError):
        return value


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)


def _texts(value: Any, what: str) -> list[str]:
    if not isinstance(value, list):
        raise BadRow(f"{what} is {kind_of(value)}; it must be a list of texts")
    return [require_text(part, f"text {n} of {what}") for n, part in enumerate(value, 1)]


def _num_correct(value: Any, *, default: int) -> int:
    number = read_number(value, NUM_CORRECT)
    if number is None:
        return default
    if number < 0 or number != int(number):
        raise BadRow(f"num_correct is {number:g}; it must be a whole number from 0")
    return int(number)


def _models(value: Any, n: int) -> list[str | None]:
    """The model of each response, where the list is as long as they are many."""
    if not isinstance(value, list) or len(value) != n:
        return [None] * n
    return [part if isinstance(part, str) and part else None for part in value]
