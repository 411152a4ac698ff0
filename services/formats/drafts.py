"""One item as a file had it, before the database gives it an id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.formats.problems import BadRow

Message = dict[str, str]  # {"role": "system" | "user" | "assistant", "content": text}
Fields = dict[str, Any]  # a row, by column

DOMAIN_LIMIT, SUBSET_LIMIT, MODEL_LIMIT = 100, 200, 300  # characters, as the columns have it

NO_GOLD = "items without a gold label"
EMPTY_RESPONSE = "items with an empty response (kept)"
SAME_RESPONSES = "items with identical responses (kept)"
NULL_RESPONSE = "items with missing responses (left out)"
MERGED_TURNS = "items with two turns of one speaker in a row (merged)"


@dataclass(frozen=True, slots=True)
class CandidateDraft:
    """A response. `gold_rank` 1 is best, ties share a rank; `gold_score` is the file's own, higher is better."""

    text: str
    source_model: str | None = None
    gold_rank: float | None = None
    gold_score: float | None = None


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """A decision that came with a file. Candidates and other decisions are places: 0 is the first of the item."""

    annotator: str
    kind: str  # label | repeat | adjudication | auto
    verdict: str  # accept | override | tie | skip | flag | undo
    request: str | None
    chosen: int | None
    ranking: tuple[tuple[int, ...], ...]
    strength: int | None
    reason_tags: tuple[str, ...]
    note: str
    is_blind: bool
    display_order: tuple[int, ...]
    suggestion: Fields
    suggested: int | None
    elapsed_ms: int | None
    created_at: datetime  # UTC
    undoes: int | None  # the decision of this item that it takes back
    supersedes: int | None


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """A prompt with its candidates; `notes` are kinds of things worth counting, each at most once."""

    messages: tuple[Message, ...]
    candidates: tuple[CandidateDraft, ...]
    domain: str | None = None
    subset: str | None = None
    meta: Fields = field(default_factory=dict)
    line: int = 0
    notes: tuple[str, ...] = ()
    decisions: tuple[DecisionDraft, ...] = ()  # oldest first

    @property
    def has_gold_best(self) -> bool:
        """Whether the file says which candidate is best (all equally good says nothing)."""
        return any(c.gold_rank == 1 for c in self.candidates) and any(c.gold_rank != 1 for c in self.candidates)


def make_item(
    messages: Sequence[Message],
    candidates: Sequence[CandidateDraft],
    *,
    row: Fields,
    used: frozenset[str],
    notes: Sequence[str] = (),
) -> ItemDraft:
    """An item from the parts a shape found; the columns it did not use become domain, subset and metadata.

    Raises:
        BadRow: fewer than two candidates, or a label longer than its column.
    """
    if len(candidates) < 2:
        raise BadRow(f"needs at least two candidates, has {len(candidates)}")
    for candidate in candidates:
        _require_short("the name of a response's model", candidate.source_model, MODEL_LIMIT)
    rest = {name: value for name, value in row.items() if name not in used}
    domain = _take(rest, ("domain", "category"), DOMAIN_LIMIT)
    subset = _take(rest, ("subset", "dataset"), SUBSET_LIMIT)
    ranked = rank_by_score(candidates)
    draft = ItemDraft(tuple(messages), ranked, domain, subset, rest)
    return ItemDraft(draft.messages, ranked, domain, subset, rest, notes=(*notes, *_notes(draft)))


def rank_by_score(candidates: Sequence[CandidateDraft]) -> tuple[CandidateDraft, ...]:
    """Gold ranks counted from 1, ties sharing a rank; made from the scores where there are scores and no ranks.

    >>> [c.gold_rank for c in rank_by_score([CandidateDraft("a", gold_score=2), CandidateDraft("b", gold_score=5)])]
    [2.0, 1.0]
    """
    keys = [None if c.gold_rank is None else -c.gold_rank for c in candidates]
    if all(key is None for key in keys):
        keys = [c.gold_score for c in candidates]
        if any(key is None for key in keys):
            return tuple(candidates)
    known = [key for key in keys if key is not None]
    ranks = [None if key is None else 1.0 + sum(other > key for other in known) for key in keys]
    return tuple(
        CandidateDraft(c.text, c.source_model, rank, c.gold_score) for c, rank in zip(candidates, ranks, strict=True)
    )


def _notes(draft: ItemDraft) -> list[str]:
    texts = [candidate.text for candidate in draft.candidates]
    found = [] if draft.has_gold_best else [NO_GOLD]
    if not all(text.strip() for text in texts):
        found.append(EMPTY_RESPONSE)
    if len(set(texts)) < len(texts):
        found.append(SAME_RESPONSES)
    return found


def _take(rest: Fields, names: Sequence[str], limit: int) -> str | None:
    """The first of these columns that says something, taken out of `rest`."""
    for name in names:
        value = rest.get(name)
        if isinstance(value, (str, int)) and str(value).strip():
            label = str(rest.pop(name)).strip()
            _require_short(f"the {names[0]}", label, limit)
            return label
    return None


def _require_short(what: str, label: str | None, limit: int) -> None:
    if label is not None and len(label) > limit:
        raise BadRow(f"{what} has {len(label)} characters; at most {limit}")
