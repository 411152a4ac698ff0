"""The audit's numbers as words: shares with their bounds, what was counted, what accepting unlooked would do. Pure.

No share without its n and its interval.
"""

from __future__ import annotations

from services.audit.rows import Accuracy, AutoAcceptRow, Proposal, ThresholdRow
from services.looks.rows import PlanRow
from services.statistics.calibration import Figure
from services.statistics.exact import Bound
from services.statistics.intervals import Share
from ui.charts.figures import MARGIN_UNITS
from ui.wording import count, moment


def pct(share: float) -> str:
    """A measured share, to a tenth of a percent.

    >>> pct(0.9123), pct(0.88)
    ('91.2 %', '88.0 %')
    """
    return f"{100 * share:.1f} %"


def asked(share: float) -> str:
    """A share that somebody chose (a target, a level), as it was written: "95 %"."""
    return f"{round(100 * share, 6):g} %"


def bound_value(bound: Bound) -> str:
    """The share alone, for a big number; a dash where there is none. Always stands with `bound_basis`."""
    return "–" if bound.value is None else pct(bound.value)


def bound_basis(bound: Bound, *, of: str = "look") -> str:
    """What it rests on: "n = 212 looks, 95 % interval 88 to 93.6 %"."""
    if bound.low is None or bound.high is None:
        return f"no {of} yet"
    unresolved = f" and {bound.n_unresolved:,} unresolved" if bound.n_unresolved else ""
    return f"n = {count(bound.n, of)}{unresolved}, {asked(bound.level)} interval {_span(bound.low, bound.high)}"


def bound_share(bound: Bound) -> Share:
    """The same for a figure."""
    return Share(bound.n, bound.value, bound.low, bound.high)


def claim(found: Accuracy) -> str:
    """The sentence that the looks prove."""
    low, high = found.bound.low, found.bound.high
    if low is None or high is None:
        return "Nothing yet: no place of the sample has been looked at."
    return (
        f"Of all {count(found.n_suggestions, 'suggestion')} of this run, people would agree with "
        f"{_span(low, high)}, at {asked(found.level)} confidence."
    )


def method_line(found: Accuracy) -> str:
    """How the interval came about."""
    if found.bound is not found.exact and found.exact.low is not None and found.exact.high is not None:
        return (
            "Tightened by calibrated confidence on the items that nobody looked at (prediction-powered). "
            f"Without it: {_span(found.exact.low, found.exact.high)}."
        )
    return f"Method: {found.bound.method}."


def counted_lines(found: Accuracy) -> list[str]:
    """What was counted and what was not, one fact a line; nothing where all is plain."""
    lines = []
    if found.n_census:
        lines.append(
            f"{count(found.n_census, 'item')} had been settled before the draw: counted as known, not estimated."
        )
    if found.n_unresolved:
        lines.append(
            f"{count(found.n_unresolved, 'look')} settled nothing (skipped, flagged or split): counted at worst at "
            "both ends of the interval."
        )
    if found.n_otherwise:
        lines.append(
            f"{count(found.n_otherwise, 'item')} of the sample {_were(found.n_otherwise)} decided in another way."
        )
    if found.n_beyond:
        lines.append(
            f"{count(found.n_beyond, 'decision')} not counted yet: {_they(found.n_beyond)} behind an item that nobody "
            "has looked at, and only an unbroken beginning of the sample is random."
        )
    return lines


def enough_line(found: Accuracy, *, width: float) -> str:
    """Why no more looks are asked for an interval of that width: it is that narrow, or waits for what is unresolved."""
    if found.bound.width <= width or not found.n_unresolved:
        return "The interval is that narrow already."
    return (
        f"So many looks are enough once they are settled: {count(found.n_unresolved, 'look')} settled nothing yet, and "
        "each widens the interval."
    )


def plan_label(plan: PlanRow) -> str:
    """A plan in one line for a picker."""
    drawn = "random" if plan.strata is None else f"random by {plan.strata}"
    closed = " · closed" if plan.closed_at else ""
    return f"{plan.name} · {drawn} · {plan.n_decided:,} of {plan.n:,} looked at{closed}"


def figure_value(figure: Figure) -> str:
    """A number of the calibration, for a big number; stands with `figure_basis`."""
    return f"{figure.value:.3f}"


def balance_value(figure: Figure) -> str:
    """The same with its sign; a rounded 0 has none."""
    return f"{figure.value:+.3f}" if round(figure.value, 3) else "0.000"


def figure_basis(figure: Figure) -> str:
    """What it rests on."""
    return f"n = {figure.n:,} decisions, 95 % interval {figure.low:.3f} to {figure.high:.3f}"


def margin_words(margin: float, rank_by: str) -> str:
    """ "3.21 nats"."""
    return f"{margin:.2f} {MARGIN_UNITS.get(rank_by, 'nats')}"


def domain_words(row: ThresholdRow) -> str:
    """The domain a threshold is for."""
    return "all items" if row.domain is None else row.domain or "no domain"


def threshold_cells(row: ThresholdRow) -> tuple[str, ...]:
    """A line of the table of thresholds: domain, margin, looks, errors, wrong at most, accepted.

    Wrong at most is the target: the pointwise limit at a threshold that was chosen by its outcomes is no bound.
    """
    chosen = row.search.chosen
    if chosen is None:
        return (domain_words(row), "none", f"{row.search.n_looks:,}", "–", "–", "0")
    return (
        domain_words(row),
        f"{chosen.threshold:.2f}",
        f"{chosen.n_looks:,}",
        f"{chosen.n_errors:,}",
        asked(row.search.target),
        f"{row.n_accepted:,}",
    )


def promise(proposal: Proposal) -> str:
    """What is promised of the labels accepted unlooked."""
    each = " in each domain" if proposal.is_per_domain else ""
    return (
        f"At most {asked(proposal.target)} of them are wrong{each}, at {asked(proposal.level)} confidence. "
        "What people decided stays as it is, and a person's decision always counts more."
    )


def before_line(proposal: Proposal) -> str:
    """Why nothing more may be accepted once something was."""
    return (
        f"{count(proposal.n_before, 'label')} {_were(proposal.n_before)} accepted before. The promise is about the "
        "labels of one application: take those back to accept all anew with what is known now."
    )


def applied_line(row: AutoAcceptRow, rank_by: str) -> str:
    """One auto-accept: how many, from where, under which bound."""
    chosen = [one for one in row.thresholds if one.threshold is not None]
    if len(chosen) == 1 and chosen[0].domain is None:
        where = f"from margin {margin_words(chosen[0].threshold or 0.0, rank_by)} on"
    else:
        where = "in " + ", ".join(f"{domain_words(one)} (from {one.threshold:.2f})" for one in chosen)
    return f"{count(row.n_items, 'label')} {where}, at most {asked(row.target)} wrong at {asked(row.level)}"


def standing_line(row: AutoAcceptRow) -> str:
    """Who applied it, and what of it still stands."""
    made = f"accepted by {row.made_by}, {moment(row.created_at)}"
    if row.revoked_at is not None:
        return f"{made}; taken back by {row.revoked_by}, {moment(row.revoked_at)}"
    overtaken = row.n_items - row.n_standing
    return f"{made}; {row.n_standing:,} stand" + (f", {overtaken:,} decided by people since" if overtaken else "")


def _span(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {pct(high)}"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _they(n: int) -> str:
    return "it stands" if n == 1 else "they stand"
