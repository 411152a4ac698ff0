"""Calibrated confidence beside a suggestion: how often people agreed at about this margin, and on how many decisions.

Never waits: what is not worked out yet shows on a later screen. Leaves out the calibration (services/audit).
"""

from __future__ import annotations

from services.errors import ServiceError
from services.reviews.rows import ReviewItem
from ui import resources


def confidence_words(item: ReviewItem) -> str:
    """`people agree 87 % (82–91), from 212 decisions`; empty below the decisions it takes, and behind the veil."""
    if item.suggestion is None or item.run_id is None:
        return ""
    from services.audit.calibrate import confidence_of

    domain = item.domain if item.run_domain is None else item.run_domain.domain
    try:
        found = confidence_of(resources.sessions(), item.run_id, item.suggestion.margin, domain, is_waiting=False)
    except ServiceError:
        return ""
    if found is None:
        return ""
    low, high = round(100 * found.low), round(100 * found.high)
    return f"people agree {found.probability:.0%} ({low}–{high}), from {found.n:,} decisions".replace("%", " %")
