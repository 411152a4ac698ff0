"""Rows of the Review screen with everything filled in that a test does not care about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.looks.rows import LookRow
from services.reviews.rows import RecentRow

NOON = datetime(2026, 1, 1, 12, 0, 0)


def look_row(**more: Any) -> LookRow:
    """An open look that is not blind."""
    given: dict[str, Any] = {
        "look_id": 1, "plan_id": 1, "item_id": 1, "annotator": "ann", "drawn_by": "random", "place": 0,
        "is_blind": False, "is_repeat": False, "display_order": (1, 2), "opened_at": NOON, "leased_until": NOON,
        "closed_as": None, "is_revealed": True, "mode": "best",
    }  # fmt: skip
    return LookRow(**(given | more))


def recent_row(**more: Any) -> RecentRow:
    """A decision in the side list."""
    given: dict[str, Any] = {
        "decision_id": 1, "item_id": 1, "position": 0, "verdict": "accept", "chosen_letter": None,
        "ranking_letters": (), "strength": None, "is_blind": False, "created_at": NOON,
    }  # fmt: skip
    return RecentRow(**(given | more))
