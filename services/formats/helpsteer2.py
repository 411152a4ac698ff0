"""HelpSteer2-preference: `response_1`, `response_2` and `preference_strength`, -3 (the first is much better) to 3.

Turns of a longer prompt are split by "\\n<extra_id_1>Assistant\\n" and "\\n<extra_id_1>User\\n"; the first is the
user's. `split` (train or validation) becomes the subset.
"""

from __future__ import annotations

import re
from typing import Any

from services.formats.drafts import CandidateDraft, Fields, ItemDraft, Message, make_item
from services.formats.messages import finish_prompt, parse_prompt, read_number, require_text
from services.formats.problems import BadRow

STRENGTH = "preference_strength"
STRONGEST = 3
COLUMNS = frozenset({"prompt", "response_1", "response_2"})
_TURN = re.compile(r"\n?<extra_id_1>(User|Assistant)\n")
_ROLE = {"User": "user", "Assistant": "assistant"}


def matches(row: Fields) -> bool:
    """Whether the row has HelpSteer2's columns."""
    return (COLUMNS | {STRENGTH}) <= row.keys()


def explain(_row: Fields) -> str:
    """What the columns mean."""
    return "two responses each, preference_strength from -3 (the first much better) to 3 (the second much better)"


def parse(row: Fields) -> ItemDraft:
    """One item, responses in the file's order; strength 0 calls both equally good.

    Raises:
        BadRow: no prompt, a response that is not text, a strength outside -3..3.
    """
    notes: list[str] = []
    prompt = finish_prompt(_prompt(row.get("prompt")), notes)
    strength = read_strength(row.get(STRENGTH))
    ranks: tuple[float | None, float | None] = (None, None)
    if strength is not None:
        ranks = (2.0 if strength > 0 else 1.0, 2.0 if strength < 0 else 1.0)
    candidates = [
        CandidateDraft(require_text(row.get(f"response_{n}"), f"response_{n}"), gold_rank=rank)
        for n, rank in enumerate(ranks, 1)
    ]
    kept = {**row, STRENGTH: strength}
    used = COLUMNS
    if "subset" not in row and row.get("split"):
        kept["subset"], used = row["split"], COLUMNS | {"split"}
    return make_item(prompt, candidates, row=kept, used=used, notes=notes)


def read_strength(value: Any) -> int | None:
    """-3 to 3, also from a table's cell; None where there is none.

    Raises:
        BadRow: anything else.
    """
    number = read_number(value, STRENGTH)
    if number is None:
        return None
    if number != int(number) or abs(number) > STRONGEST:
        raise BadRow(f"preference_strength is {number:g}; it must be a whole number from -3 to 3")
    return int(number)


def _prompt(value: Any) -> list[Message]:
    if not isinstance(value, str) or "<extra_id_1>" not in value:
        return parse_prompt(value)
    first, *rest = _TURN.split(value)
    turns = [{"role": _ROLE[name], "content": said} for name, said in zip(rest[::2], rest[1::2], strict=True)]
    return [{"role": "user", "content": first}, *turns] if first.strip() else turns
