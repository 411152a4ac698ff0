"""Best of N: a `prompt` (or `messages`) with `responses`, a list of texts or of {text, model, rank or score}.

In tables the responses may be columns of their own: response_1, response_2, ...
"""

from __future__ import annotations

import re
from typing import Any

from services.formats.drafts import NULL_RESPONSE, CandidateDraft, Fields, ItemDraft, make_item
from services.formats.messages import finish_prompt, kind_of, parse_prompt, read_number, require_text
from services.formats.problems import BadRow

RESPONSE_KEYS = frozenset({"text", "model", "gold_rank", "rank", "gold_score", "score"})
_COLUMN = re.compile(r"response_(\d+)")


def matches(row: Fields) -> bool:
    """Whether there is a prompt, and responses as a list or as numbered columns."""
    return bool({"prompt", "messages"} & row.keys()) and ("responses" in row or len(_response_columns(row)) > 1)


def explain(_row: Fields) -> str:
    """What the columns mean; {n} becomes the number of responses."""
    return "each a prompt with {n} responses"


def parse(row: Fields) -> ItemDraft:
    """One item, responses in the file's order.

    Raises:
        BadRow: no prompt, fewer than two responses, a response that is not text, a rank that is not a number.
    """
    notes: list[str] = []
    prompt_column = "prompt" if row.get("prompt") is not None else "messages"
    prompt = finish_prompt(parse_prompt(row.get(prompt_column)), notes)
    given = _given_responses(row)
    candidates = [_parse_response(value, n) for n, value in enumerate(given, 1) if value is not None]
    if len(candidates) < len(given):
        notes.append(NULL_RESPONSE)
    extras = _extra_keys(given)
    used = frozenset({prompt_column, "responses", *_response_columns(row)})
    kept = {**row, "response_extras": extras} if extras else row
    return make_item(prompt, candidates, row=kept, used=used, notes=notes)


def _response_columns(row: Fields) -> list[str]:
    """response_1, response_2, ... in the order of their numbers."""
    found = [(int(match[1]), name) for name in row if (match := _COLUMN.fullmatch(name))]
    return [name for _, name in sorted(found)]


def _given_responses(row: Fields) -> list[Any]:
    """The list; from numbered columns without the empty cells at the end, where a row has fewer than others."""
    if "responses" in row:
        value = row["responses"]
        if not isinstance(value, list):
            raise BadRow(f"responses is {kind_of(value)}; it must be a list")
        return value
    cells = [row[name] for name in _response_columns(row)]
    while cells and cells[-1] in ("", None):
        cells.pop()
    return cells


def _parse_response(value: Any, n: int) -> CandidateDraft:
    if not isinstance(value, dict):
        return CandidateDraft(require_text(value, f"response {n}"))
    model = value.get("model")
    return CandidateDraft(
        require_text(value.get("text"), f"the text of response {n}"),
        source_model=None if model is None else str(model),
        gold_rank=_number(value, ("gold_rank", "rank"), n),
        gold_score=_number(value, ("gold_score", "score"), n),
    )


def _number(value: Fields, names: tuple[str, ...], n: int) -> float | None:
    """The first of these that says something. A text is no number here: JSON has numbers of its own."""
    for name in names:
        found = value.get(name)
        if isinstance(found, str):
            raise BadRow(f"{name} of response {n} is {kind_of(found)}; it must be a number")
        if found is not None:
            return read_number(found, f"{name} of response {n}")
    return None


def _extra_keys(given: list[Any]) -> list[Fields]:
    """What the responses say beyond what has a place; [] when that is nothing."""
    extras = [
        {key: part for key, part in value.items() if key not in RESPONSE_KEYS} if isinstance(value, dict) else {}
        for value in given
        if value is not None
    ]
    return extras if any(extras) else []
