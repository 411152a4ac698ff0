"""Which items a point of the audit's own figures stands for. Pure, built on ui/insights/targets.py.

Leaves out drawing (ui/charts/audit.py) and the link (ui/insights/click.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.reviews.filters import Filters
from ui.insights.click import Click, Find, Target
from ui.insights.targets import filtered, reliability

if TYPE_CHECKING:
    from services.audit.rows import ThresholdRow
    from services.statistics.calibration import Bin

LATER = "not relied on"  # the trace of steps below the first that failed


def nowhere(_click: Click) -> Target | None:
    """Points without items of their own."""
    return None


def steps(row: ThresholdRow) -> Find:
    """A threshold: what would be accepted from there on, of the domain it is for."""
    tested = [step.threshold for step in row.search.path if step.was_tested]
    later = [step.threshold for step in row.search.path if not step.was_tested]

    def find(click: Click) -> Target | None:
        places = {"tested": tested, LATER: later}.get(click.trace, [])
        if not 0 <= click.index < len(places):
            return None
        threshold = places[click.index]
        domains = () if row.domain is None else (row.domain or None,)
        wanted = Filters(margin=(max(0.0, threshold * (1 - 1e-5)), None), domains=domains)
        return filtered(f"Review the items from margin {threshold:.2f} on", wanted)

    return find


def reliability_of(bins: Sequence[Bin], domain: str) -> Find:
    """A group of decisions of one domain; "" for all of them."""
    everywhere = reliability(bins)
    own = filtered("", Filters(domains=(domain,))).query if domain else {}

    def find(click: Click) -> Target | None:
        found = everywhere(click)
        return None if found is None else Target(found.words, {**found.query, **own})

    return find
