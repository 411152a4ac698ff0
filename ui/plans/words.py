"""Plans in words: what each order draws and proves, how far a plan is, how it was drawn. Pure strings, no streamlit.

Leaves out the widgets (form.py, panel.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from services.looks.rows import PlanRow
from services.statistics.intervals import wilson
from ui.prose import badge, safe
from ui.wording import count, moment, percent

ORDER_WORDS = {
    "random": "At random",
    "stratified": "At random within groups",
    "uncertainty": "Least sure first",
    "margin": "Smallest margin first",
    "change": "Where another run suggests otherwise",
    "flip": "Where length flips the suggestion",
    "disagree": "Where people disagree",
    "file": "As the file has them",
}
PROVES_NOTHING = "Goes where it pays to look. Proves nothing about the items nobody looked at."
PROVES = {
    "random": "Proves how good all the labels are: what people say here holds for every item, within exact bounds.",
    "stratified": "Proves the same, and holds every group in its share, so that none is missed by chance.",
    "uncertainty": "Calibrated confidence, lowest first; needs 30 decided items. " + PROVES_NOTHING,
    "margin": "The run's own margin, smallest first. " + PROVES_NOTHING,
    "change": "Items for which the two runs suggest different bests. " + PROVES_NOTHING,
    "flip": "Items whose best changes when rewards are taken per token. " + PROVES_NOTHING,
    "disagree": "Items that people chose differently on and nobody adjudicated. " + PROVES_NOTHING,
    "file": "Item by item, as the file has them. " + PROVES_NOTHING,
}
STRATA_WORDS = {"domain": "domain", "subset": "subset", "margin": "margin, in four bands"}
ALLOCATION_WORDS = {"proportional": "in their shares", "equal": "the same number from each"}
MODE_WORDS = {"best": "choose the best", "rank": "put in order", "strength": "say how much better"}
AGREE = 0.9  # what a plan's width is foretold at


def precision_line(n: int) -> str:
    """How narrow n random looks make it, said before anybody has looked.

    >>> precision_line(200)
    'If people agree with 9 suggestions in 10, 200 looks say so to within about 4 points either way.'
    """
    low, high = wilson(AGREE * n, n)
    points = max(1, round(50 * (high - low)))
    unit = "point" if points == 1 else "points"
    looks = count(n, "look")
    says = "says" if n == 1 else "say"
    return f"If people agree with 9 suggestions in 10, {looks} {says} so to within about {points} {unit} either way."


def head_html(plan: PlanRow) -> str:
    """Name, order and state; the name is somebody's text."""
    marks = badge("a sample", kind="accent", title=PROVES[plan.order]) if plan.is_sample else ""
    marks += badge("closed") if plan.closed_at is not None else ""
    order = ORDER_WORDS[plan.order] + (f": {STRATA_WORDS[plan.strata]}" if plan.strata else "")
    return (
        f'<div class="t-runhead" dir="auto"><strong>{safe(plan.name)}</strong>'
        f'<span class="t-muted">{safe(order)}</span>{marks}</div>'
    )


def progress_words(plan: PlanRow) -> str:
    """How far it is, and how it is shown."""
    people = "as many people as come" if not plan.overlap else count(plan.overlap, "person", "people") + " each"
    parts = [f"{plan.n_decided:,} of {count(plan.n, 'item')} done", people, MODE_WORDS[plan.mode]]
    parts += [f"{percent(plan.blind_share)} blind"] if plan.blind_share else []
    parts += [f"{percent(plan.repeat_share)} shown again"] if plan.repeat_share else []
    return " · ".join(parts)


def drawn_facts(plan: PlanRow) -> Mapping[str, str]:
    """How it was drawn: all that it takes to draw it again."""
    drawings = ", ".join(f"{n:,} on {when.replace('T', ' ')} UTC" for n, when in plan.draws)
    facts = {
        "Drawn from": f"{count(plan.n_population, 'item')} of run {plan.run_id}",
        "Drawn": drawings,
        "Seed": plan.seed,
        "Known then": f"decisions up to number {plan.decision_cut:,}" if plan.decision_cut else "no decision yet",
        "Made by": f"{plan.made_by}, {moment(plan.created_at)}",
        "Lease": count(plan.lease_minutes, "minute"),
    }
    if plan.strata:
        facts["Groups"] = ", ".join(f"{name} {n:,}" for name, n in plan.population.items())
        facts["From each group"] = ALLOCATION_WORDS[plan.allocation]
    if plan.other_run_id is not None:
        facts["Compared with"] = f"run {plan.other_run_id}"
    return facts
