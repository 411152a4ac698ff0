"""Which items a plan may draw, in which order, and in which stratum each stands: the same again for the same run,
decision cut and seed.

    random, stratified   everything the run suggests that no people had settled at the cut (labels accepted unlooked
                         stay in); what was settled is known and needs no drawing
    uncertainty          the least calibrated confidence first
    margin               the smallest margin first
    change               another run suggests none of this run's best; smallest margin first
    flip                 length flips the suggestion; smallest margin first
    disagree             people chose differently and nobody adjudicated
    file                 as the file has them

All but `disagree` leave out what people had settled. Leaves out how many are drawn (draw.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session, sessionmaker

from db.queries_plans import items_with_another_best, suggested_items
from services.errors import Refused
from services.labels import ADJUDICATION, SETTLED, SPLIT, Label, labels_of
from services.looks.chance import in_seeded_order
from services.looks.rows import NO_STRATUM, SAMPLES

NOT_SAID = "(none)"  # the stratum of items without a domain or subset
N_BANDS = 4  # margin bands hold a quarter of the population each
STRATUM_LIMIT = 200  # characters, as the column has it

Confidence = Callable[[Sequence[float], Sequence[str | None]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a draw depends on, besides the database."""

    dataset_id: int
    run_id: int
    order: str
    seed: str
    decision_cut: int
    strata: str | None = None
    other_run_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    item_id: int
    domain: str | None
    subset: str | None
    margin: float
    is_length_flip: bool


def orders_of(session: Session, wanted: Wanted, *, confidence: Confidence | None = None) -> dict[str, list[int]]:
    """stratum -> its items in the order of drawing; one stratum, NO_STRATUM, where the plan has none.

    Args:
        confidence: (margins, domains) -> probabilities that people agree; for `uncertainty` only.
    """
    labels = labels_of(session, wanted.dataset_id, up_to=wanted.decision_cut)
    items = [
        _Item(item_id, domain, subset, margin, flips)
        for item_id, _, domain, subset, margin, flips in suggested_items(session, wanted.run_id)
    ]
    items = [item for item in items if _may_be_drawn(wanted.order, labels.get(item.item_id))]
    if wanted.order in SAMPLES:
        strata = _strata(wanted.strata if wanted.order == "stratified" else None, items)
        return {name: in_seeded_order(wanted.seed, members) for name, members in sorted(strata.items())}
    return {NO_STRATUM: _sorted(session, wanted, items, confidence)}


def _may_be_drawn(order: str, label: Label | None) -> bool:
    if order == "disagree":
        if label is None or label.source == ADJUDICATION:
            return False
        return label.state == SPLIT or (label.state == SETTLED and label.n_for < label.n_people)
    return label is None or not label.is_human


def _sorted(session: Session, wanted: Wanted, items: Sequence[_Item], confidence: Confidence | None) -> list[int]:
    if wanted.order in ("file", "disagree"):
        return [item.item_id for item in items]
    if wanted.order == "flip":
        items = [item for item in items if item.is_length_flip]
    if wanted.order == "change":
        other = -1 if wanted.other_run_id is None else wanted.other_run_id
        changed = set(items_with_another_best(session, wanted.run_id, other))
        items = [item for item in items if item.item_id in changed]
    if wanted.order == "uncertainty" and confidence is not None:
        sure = confidence([one.margin for one in items], [one.domain for one in items])
        return [one.item_id for _, one in sorted(zip(sure, items, strict=True), key=lambda p: (p[0], p[1].margin))]
    return [one.item_id for one in sorted(items, key=lambda one: one.margin)]


def _strata(by: str | None, items: Sequence[_Item]) -> dict[str, list[int]]:
    names = _bands(items) if by == "margin" else [_name(item, by) for item in items]
    found: dict[str, list[int]] = {}
    for item, name in zip(items, names, strict=True):
        found.setdefault(name, []).append(item.item_id)
    return found or {NO_STRATUM: []}


def _name(item: _Item, by: str | None) -> str:
    if by is None:
        return NO_STRATUM
    return ((item.domain if by == "domain" else item.subset) or NOT_SAID)[:STRATUM_LIMIT]


def _bands(items: Sequence[_Item]) -> list[str]:
    """The quarter of the population's margins in which each item's lies; equal margins share a band."""
    if not items:
        return []
    margins = np.array([item.margin for item in items])
    edges = np.quantile(margins, np.arange(1, N_BANDS) / N_BANDS)
    bands = np.searchsorted(edges, margins, side="right")
    limits = ["", *(f"{edge:.3g}" for edge in edges), ""]
    return [f"margin {band + 1} of {N_BANDS}{_limits(limits[band], limits[band + 1])}" for band in bands]


def _limits(low: str, high: str) -> str:
    if not low:
        return f" (below {high})"
    return f" ({low} to {high})" if high else f" (from {low})"


def confidence_under(sessions: sessionmaker[Session], run_id: int) -> Confidence:
    """The run's calibrated confidence. Refused while too few decisions are in to say."""
    from services.audit.calibrate import MIN_DECISIONS, calibration_of  # scikit-learn takes a second

    calibration = calibration_of(sessions, run_id)
    if calibration is None:
        raise Refused(
            f"run {run_id} has too few decided items for calibrated confidence, or all with one outcome; decide "
            f"{MIN_DECISIONS} of a random plan first, or take the smallest margin first"
        )
    return calibration.probabilities
