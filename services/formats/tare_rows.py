"""Tare's own lossless export, read back: items, candidates and decisions as they were.

What a run found does not come along: its rewards belong to the models of the place they were computed at. The
suggestion as it stood does, inside each decision.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from services.formats.cleaning import clean
from services.formats.decision_rows import parse_decisions
from services.formats.drafts import CandidateDraft, Fields, ItemDraft, make_item
from services.formats.messages import finish_prompt, kind_of, parse_prompt, read_number, require_text
from services.formats.problems import BadRow

DECIDED = "items with decisions (kept as they were made, marked as imported)"


def matches(row: Fields) -> bool:
    """Whether the row calls itself Tare's."""
    return {"tare", "messages", "candidates"} <= row.keys()


def explain(_row: Fields) -> str:
    """What the rows hold."""
    return "each a prompt with {n} candidates; decisions come along as they were made"


def parse(row: Fields) -> ItemDraft:
    """One item, candidates in their order.

    Raises:
        BadRow: somebody edited the row into something else.
    """
    notes: list[str] = []
    prompt = finish_prompt(parse_prompt(row.get("messages")), notes)
    if not isinstance(row.get("candidates"), list):
        raise BadRow(f"candidates is {kind_of(row.get('candidates'))}; it must be a list")
    candidates = [_parse_candidate(value, n) for n, value in enumerate(row["candidates"], 1)]
    found = row.get("item")
    item: Fields = found if isinstance(found, dict) else {}
    flat = {**_read_meta(item.get("meta_json"), notes), "domain": item.get("domain"), "subset": item.get("subset")}
    flat = {name: value for name, value in flat.items() if value is not None}
    numbers = [value.get("candidate_id") for value in row["candidates"]]
    decisions = parse_decisions(row.get("decisions"), numbers)
    notes += [DECIDED] if decisions else []
    return replace(make_item(prompt, candidates, row=flat, used=frozenset(), notes=notes), decisions=decisions)


def _parse_candidate(value: Any, n: int) -> CandidateDraft:
    if not isinstance(value, dict):
        raise BadRow(f"candidate {n} is {kind_of(value)}; it must be an object")
    rank, score = (read_number(value.get(key), f"the {key} of candidate {n}") for key in ("gold_rank", "gold_score"))
    model = value.get("source_model")
    return CandidateDraft(
        require_text(value.get("text"), f"the text of candidate {n}"),
        None if model is None else str(model),
        rank,
        score,
    )


def _read_meta(text: Any, notes: list[str]) -> Fields:
    """The metadata as it was; it is cleaned once more, for in the row it was one text."""
    if not isinstance(text, str):
        return {}
    found: set[str] = set()
    try:
        value = clean(json.loads(text), found)
    except ValueError:
        raise BadRow("meta_json is not JSON") from None
    except RecursionError:
        raise BadRow("meta_json is nested too deeply") from None
    notes += sorted(found)
    return value if isinstance(value, dict) else {}
