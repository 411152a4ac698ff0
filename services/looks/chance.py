"""Chance that anybody can repeat: every draw, veil and shuffle is a SHA-256 of the plan's seed and of what it is about.

    order of items     sha256("SEED:ITEM"), ascending
    blind              sha256("SEED:blind:ITEM") as a fraction of 1 < blind share
    repeat             sha256("SEED:repeat:ITEM:PERSON") as a fraction of 1 < repeat share
    shuffled sides     candidates by sha256("SEED:ITEM:PERSON:CANDIDATE"), with ":repeat" before the candidate there

No state and no random module: the same on every machine and in every version.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from hashlib import sha256


def fresh_seed() -> str:
    """A seed nobody could foresee."""
    return secrets.token_hex(8)


def in_seeded_order(seed: str, item_ids: Iterable[int]) -> list[int]:
    """The items by the hash of seed and item: a uniformly random order, fixed by the seed."""
    return sorted(item_ids, key=lambda item_id: (_digest(f"{seed}:{item_id}"), item_id))


def fraction(*parts: object) -> float:
    """A number in [0, 1) that the parts fix.

    >>> fraction("seed", "blind", 7) == fraction("seed", "blind", 7)
    True
    """
    return int.from_bytes(_digest(":".join(map(str, parts)))[:7], "big") / 2**56


def is_blind(seed: str, item_id: int, *, share: float) -> bool:
    """Whether the item is shown without its suggestion; the same for everybody."""
    return fraction(seed, "blind", item_id) < share


def is_repeated(seed: str, item_id: int, annotator_id: int, *, share: float) -> bool:
    """Whether this person is shown the item once more, after a while."""
    return fraction(seed, "repeat", item_id, annotator_id) < share


def shuffled(
    seed: str, item_id: int, annotator_id: int, candidate_ids: Iterable[int], *, is_repeat: bool = False
) -> tuple[int, ...]:
    """Candidates in an order of this person's own; a repeat has another."""
    about = f"{seed}:{item_id}:{annotator_id}" + (":repeat" if is_repeat else "")
    return tuple(sorted(candidate_ids, key=lambda candidate_id: _digest(f"{about}:{candidate_id}")))


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
