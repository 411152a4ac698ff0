"""The decisions of a row of Tare's lossless export, read back and checked one by one.

A file names candidates and decisions by the numbers they had in the database it came from. Here candidates become
places (0 is the first in the file) and decisions places in their row, which hold wherever the item is imported.
Leaves out writing them down (services/imports/decisions.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.dataset_names import as_read, is_visible
from services.formats.cleaning import clean
from services.formats.decision_sense import require_readable, require_sense
from services.formats.drafts import DecisionDraft, Fields
from services.formats.messages import kind_of
from services.formats.problems import BadRow

KINDS = ("label", "repeat", "adjudication", "auto")
VERDICTS = ("accept", "override", "tie", "skip", "flag", "undo")
REQUESTS = ("best", "rank", "tie", "skip", "flag")
MACHINE_NAME = "auto-accept"  # under which decisions of kind "auto" are kept, and no others
NAME_LIMIT, NOTE_LIMIT, TAG_LIMIT = 100, 4_000, 60  # characters
TAGS_LIMIT, SUGGESTION_LIMIT = 50, 100_000  # reasons; characters
INTEGER_LIMIT = 2**31 - 1
UNDO = "undo:"
DIGITS_LIMIT = 100  # of a decision's number

Places = Mapping[int, int]  # a number of the file -> a place


def parse_decisions(found: Any, candidate_ids: Sequence[Any]) -> tuple[DecisionDraft, ...]:
    """The decisions of a row, oldest first; `candidate_ids` are the file's numbers of its candidates, in order.

    Raises:
        BadRow: one of them cannot have been made on this item.
    """
    if not found:
        return ()
    if not isinstance(found, list):
        raise BadRow(f"decisions is {kind_of(found)}; it must be a list")
    place = _places(candidate_ids, "candidate")
    index = _places([one.get("decision_id") if isinstance(one, dict) else None for one in found], "decision")
    drafts: list[DecisionDraft] = []
    for n, row in enumerate(found):
        if not isinstance(row, dict):
            raise BadRow(f"decision {n + 1} is {kind_of(row)}; it must be an object")
        try:
            drafts.append(_parse(row, n, place, index))
        except BadRow as problem:
            raise BadRow(f"decision {n + 1}: {problem}") from None
    _require_undone_once(drafts)
    return tuple(drafts)


def renumber(suggestion: Mapping[str, Any], number: Places) -> dict[str, Any]:
    """A suggestion as it stood, its candidates numbered anew; what is not about candidates stays as it is.

    Raises:
        KeyError: it names a candidate that has no new number.
    """
    new = dict(suggestion)
    if isinstance(new.get("best"), int):
        new["best"] = number[new["best"]]
    if isinstance(new.get("ranking"), list):
        new["ranking"] = [
            [number[one] for one in group] if isinstance(group, list) else number[group] for group in new["ranking"]
        ]
    if isinstance(new.get("rewards"), dict):
        new["rewards"] = {str(number[int(key)]): value for key, value in new["rewards"].items()}
    return new


def _places(numbers: Sequence[Any], what: str) -> dict[int, int]:
    if any(isinstance(one, bool) or not isinstance(one, int) for one in numbers) or len(set(numbers)) < len(numbers):
        raise BadRow(f"a {what}_id is missing or there twice; decisions cannot be told apart without")
    return {one: n for n, one in enumerate(numbers)}


def _parse(row: Fields, n: int, place: Places, index: Places) -> DecisionDraft:
    kind, verdict = _one_of(row.get("kind", "label"), KINDS, "kind"), _one_of(row.get("verdict"), VERDICTS, "verdict")
    draft = DecisionDraft(
        annotator=_name(row.get("annotator"), kind),
        kind=kind,
        verdict=verdict,
        request=_one_of(row["request"], REQUESTS, "request") if row.get("request") is not None else None,
        chosen=_at(row.get("chosen_candidate_id"), place, "chosen_candidate_id"),
        ranking=_ranking(row.get("ranking"), place),
        strength=_integer(row.get("strength"), -3, 3, "strength"),
        reason_tags=_tags(row.get("reason_tags")),
        note=_text(row.get("note") or "", NOTE_LIMIT, "note"),
        is_blind=row.get("is_blind") is True,
        display_order=tuple(one for group in _ranking(row.get("display_order"), place) for one in group),
        suggestion=_suggestion(row.get("suggestion_json"), place),
        suggested=_at(row.get("suggested_candidate_id"), place, "suggested_candidate_id"),
        elapsed_ms=_integer(row.get("elapsed_ms"), 0, INTEGER_LIMIT, "elapsed_ms"),
        created_at=_time(row.get("created_at")),
        undoes=_undone(row.get("submission"), n, index),
        supersedes=_earlier(row.get("supersedes_id"), n, index, "supersedes_id"),
    )
    require_sense(draft, len(place))
    return draft


def _one_of(value: Any, allowed: Sequence[str], what: str) -> str:
    if value not in allowed:
        raise BadRow(f"the {what} is {str(value)[:30]!r}; it must be one of {', '.join(allowed)}")
    return str(value)


def _name(value: Any, kind: str) -> str:
    if kind == "auto":
        return MACHINE_NAME
    name = value.strip() if isinstance(value, str) else ""
    if not 1 <= len(name) <= NAME_LIMIT or not all(map(is_visible, name)):
        raise BadRow(f"annotator is no name of 1 to {NAME_LIMIT} visible characters")
    if as_read(name) == MACHINE_NAME:
        raise BadRow(f"annotator is {name!r}, under which only labels accepted unlooked are kept")
    return name


def _at(value: Any, place: Places, what: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value not in place:
        raise BadRow(f"{what} is {str(value)[:30]!r}, which is no candidate of this row")
    return place[value]


def _ranking(value: Any, place: Places) -> tuple[tuple[int, ...], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadRow(f"a ranking is {kind_of(value)}; it must be a list")
    groups = [group if isinstance(group, list) else [group] for group in value]
    ranking = tuple(tuple(_at(one, place, "a candidate of a ranking") for one in group) for group in groups)
    named = [one for group in ranking for one in group]
    if len(set(named)) < len(named) or None in named:
        raise BadRow("a ranking names a candidate twice, or none")
    return tuple(tuple(one for one in group if one is not None) for group in ranking)


def _integer(value: Any, lowest: int, highest: int, what: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise BadRow(f"{what} is {str(value)[:30]!r}; it must be a whole number from {lowest} to {highest}")
    return value


def _tags(value: Any) -> tuple[str, ...]:
    tags = [] if value is None else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags) or len(tags) > TAGS_LIMIT:
        raise BadRow(f"reason_tags must be a list of at most {TAGS_LIMIT} texts")
    return tuple(_text(tag, TAG_LIMIT, "a reason") for tag in tags)


def _text(value: Any, limit: int, what: str) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise BadRow(f"{what} must be a text of at most {limit} characters")
    return value


def _suggestion(text: Any, place: Places) -> dict[str, Any]:
    if isinstance(text, str) and len(text) > SUGGESTION_LIMIT:
        raise BadRow(f"suggestion_json has {len(text)} characters; at most {SUGGESTION_LIMIT}")
    try:
        value = clean(json.loads(text), set()) if isinstance(text, str) else {}
        found = value if isinstance(value, dict) else {}
        require_readable(found)
        return renumber(found, place)
    except (ValueError, TypeError, RecursionError):
        raise BadRow("suggestion_json cannot be read") from None
    except KeyError as unknown:
        raise BadRow(f"suggestion_json names candidate {unknown}, which is not one of this row") from None


def _time(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        raise BadRow(f"created_at is {str(value)[:30]!r}; it must be a time such as 2026-01-31T12:00:00Z") from None


def _undone(submission: Any, n: int, index: Places) -> int | None:
    if not isinstance(submission, str) or not submission.startswith(UNDO):
        return None
    number = submission.removeprefix(UNDO)
    is_number = number.isascii() and number.isdigit() and len(number) < DIGITS_LIMIT
    return _earlier(int(number) if is_number else number, n, index, "the decision taken back")


def _earlier(value: Any, n: int, index: Places, what: str) -> int | None:
    if value is None:
        return None
    found = index.get(value) if isinstance(value, int) else None
    if found is None or found >= n:
        raise BadRow(f"{what} is {str(value)[:30]!r}, which is no earlier decision of this row")
    return found


def _require_undone_once(drafts: Sequence[DecisionDraft]) -> None:
    undone = [draft.undoes for draft in drafts if draft.undoes is not None]
    if len(set(undone)) < len(undone) or any(drafts[n].undoes is not None for n in undone):
        raise BadRow("a decision is taken back twice, or a taking back is taken back")
