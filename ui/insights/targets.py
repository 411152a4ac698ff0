"""Which items a point of a figure stands for, as a filter of Review. Pure: a click in, a target out.

Margins go into a filter in the run's unit, as the figures have them. Leaves out drawing (ui/charts) and the link.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.insights import LengthAgainstReward, MarginPoint, ReasonCounts
from services.reviews.filters import Filters
from services.reviews.rows import VERDICTS
from services.statistics.intervals import Share
from ui.charts.figures import margin_bins
from ui.insights.click import Click, Find, Target
from ui.review.filter_query import to_query

if TYPE_CHECKING:
    from services.people.anchoring import AnchoringReport
    from services.statistics.calibration import Bin

NO_REASON = "no reason given"
ROUNDED, TINY = 1e-5, 1e-9  # the address keeps six digits, and "below": a group must keep its own ends


def filtered(words: str, filters: Filters) -> Target:
    """A target that is a filter."""
    return Target(words, to_query(filters))


def verdict(click: Click) -> Target | None:
    """A part of the bar of verdicts."""
    if click.trace not in VERDICTS:
        return None
    return filtered(f"Review the items with verdict {click.trace}", Filters(verdicts=(click.trace,)))


def margins(points: Sequence[MarginPoint]) -> Find:
    """A bar of the margins, by verdict."""

    def find(click: Click) -> Target | None:
        width, n_bins, has_overflow = margin_bins([point.margin for point in points])
        if click.trace not in VERDICTS or not 0 <= click.index < n_bins:
            return None
        low, is_last = click.index * width, click.index == n_bins - 1
        high = None if is_last and has_overflow else low + width
        span = f"{low:g} and more" if high is None else f"{low:g} to {high:g}"
        wanted = Filters(verdicts=(click.trace,), margin=(low, high))
        return filtered(f"Review the items with verdict {click.trace}, margin {span}", wanted)

    return find


def reasons(counts: ReasonCounts) -> Find:
    """A bar of the reasons, the most frequent first as the figure has them."""
    named = sorted(counts.counts.items(), key=lambda pair: (-pair[1], pair[0]))
    names = [name for name, n in named if n] + ([NO_REASON] if counts.n_without_reason else [])

    def find(click: Click) -> Target | None:
        if not 0 <= click.index < len(names) or names[click.index] == NO_REASON:
            return None
        name = names[click.index]
        return filtered(f"Review the overrides with reason {name}", Filters(verdicts=("override",), reasons=(name,)))

    return find


def domains(shares: Sequence[tuple[str, Share]], *, is_subset: bool = False, missing: str = "") -> Find:
    """A dot of shares by domain or subset; the first is all items. `missing` is what items without one are called."""
    names = [name for name, share in shares if share.value is not None]

    def find(click: Click) -> Target | None:
        if not 0 < click.index < len(names):
            return None
        name = names[click.index]
        value = None if name == missing else name
        wanted = Filters(subsets=(value,)) if is_subset else Filters(domains=(value,))
        return filtered(f"Review the items of {'subset' if is_subset else 'domain'} {name}", wanted)

    return find


def lengths(data: LengthAgainstReward) -> Find:
    """A dot of the cloud: one candidate's item."""
    groups = {
        "other": [point for point in data.points if not point.is_best],
        "best of its item": [point for point in data.points if point.is_best],
    }

    def find(click: Click) -> Target | None:
        points = groups.get(click.trace, [])
        if not 0 <= click.index < len(points):
            return None
        return Target("Review this item", {"item": str(points[click.index].item_id)})

    return find


def reliability(bins: Sequence[Bin]) -> Find:
    """A group of decisions with about the same confidence: its range of margins, decided items only."""
    known = [one for one in bins if one.agreed.value is not None]

    def find(click: Click) -> Target | None:
        if not click.trace.startswith("decisions") or not 0 <= click.index < len(known):
            return None
        low, high = known[click.index].lowest_margin, known[click.index].highest_margin
        ends = (max(0.0, low * (1 - ROUNDED) - TINY), high * (1 + ROUNDED) + TINY)
        wanted = Filters(verdicts=("accept", "override", "tie"), margin=ends)
        return filtered(f"Review the decided items with margin {low:.2f} to {high:.2f}", wanted)

    return find


def people(report: AnchoringReport) -> Find:
    """A person's dot: the items they decided on."""
    names = [person.name for person, own in report.by_person if own.shown.n or own.blind.n]

    def find(click: Click) -> Target | None:
        place = round(float(click.y)) - 1 if isinstance(click.y, int | float) else -1
        if not 0 <= place < len(names):
            return None
        return filtered(f"Review what {names[place]} decided", Filters(annotators=(names[place],)))

    return find
