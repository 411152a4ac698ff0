"""HH-RLHF: `chosen` and `rejected` are whole transcripts; the turns they share are the prompt."""

from __future__ import annotations

from services.formats import pairs
from services.formats.drafts import Fields, ItemDraft, make_item
from services.formats.messages import finish_prompt, require_text, split_conversations
from services.formats.transcripts import is_transcript, read_transcript

USED = frozenset({"chosen", "rejected"})


def matches(row: Fields) -> bool:
    """Whether either side is a transcript and the prompt is nowhere else."""
    sides = (row.get("chosen"), row.get("rejected"))
    return "prompt" not in row and any(isinstance(side, str) and is_transcript(side) for side in sides)


def explain(_row: Fields) -> str:
    """What the columns mean."""
    return f"two transcripts each, the turns they share are the prompt, chosen is the better reply; {pairs.SAID}"


def parse(row: Fields) -> ItemDraft:
    """One item with the two last replies as candidates.

    Raises:
        BadRow: a side is missing, or they part before their last reply.
    """
    notes: list[str] = []
    sides = [read_transcript(require_text(row.get(side), side)) for side in ("chosen", "rejected")]
    shared, chosen, rejected = split_conversations(sides[0], sides[1], notes)
    prompt = finish_prompt(shared, notes)
    return make_item(prompt, pairs.better_and_worse(prompt, chosen, rejected), row=row, used=USED, notes=notes)
