"""How many items each value of each filter would leave: counted under all the other filters in hand.

    verdict  override (34)      34 items have an override and pass what else is chosen

Leaves out which items a filter keeps (filters.py) and the list of them (item_list.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, sessionmaker

from db import queries_facets as queries
from db.queries_filters import has_reason
from db.queries_noise import is_within_noise
from db.tables import Annotator, Decision, Run, Suggestion
from services.errors import NotFound
from services.reviews.filters import (
    BADGES,
    STATES,
    UNDECIDED,
    VERDICTS_KNOWN,
    Filters,
    routed_run_id,
)
from services.reviews.kept_items import steady_select
from services.reviews.rows import REASON_TAGS

BAND_SHARES = (0.2, 0.4, 0.6, 0.8)  # of a run's suggestions, from the smallest margin
VALUES_LIMIT = 50  # domains, subsets, sources with the most items


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value and how many items it would leave."""

    value: str | None  # None: items without one
    n: int


@dataclass(frozen=True, slots=True)
class MarginBand:
    """A fifth of a run's suggestions by margin, and how many items of it would be left."""

    low: float | None  # at least
    high: float | None  # below
    n: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Everything one can filter by, counted."""

    n: int  # items that pass the whole filter
    n_items: int
    domains: tuple[FacetValue, ...]
    subsets: tuple[FacetValue, ...]
    sources: tuple[FacetValue, ...]
    verdicts: tuple[FacetValue, ...]
    annotators: tuple[FacetValue, ...]
    reasons: tuple[FacetValue, ...]
    states: tuple[FacetValue, ...]
    badges: tuple[FacetValue, ...]
    margins: tuple[MarginBand, ...]


@dataclass(frozen=True, slots=True)
class _Counting:
    """What every count needs, and what was found for counts before it."""

    session: Session
    dataset_id: int
    run: Run | None
    filters: Filters
    known: dict[Filters, queries.Kept] = field(default_factory=dict)

    def left(self, **without: Any) -> queries.Kept:
        """The items that pass without these parts of the filter; things that are not filtered by share the same."""
        others = replace(self.filters, **without)
        if others not in self.known:
            among = steady_select(self.session, others, self.run, dataset_id=self.dataset_id)
            self.known[others] = queries.keep(self.session, self.dataset_id, among, name=f"tare_kept_{len(self.known)}")
        return self.known[others]


def facets(sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None, filters: Filters | None) -> Facets:
    """The counts beside every value. Raises NotFound for a run that is not the dataset's."""
    with sessions() as session:
        run = None if run_id is None else session.get(Run, run_id)
        if run_id is not None and (run is None or run.dataset_id != dataset_id):
            raise NotFound(f"no run {run_id} of this dataset; choose one on the Runs screen")
        at = _Counting(session, dataset_id, run, filters or Filters())
        verdicts, annotators, reasons = _of_decisions(at)
        routed = routed_run_id(run)
        return Facets(
            n=at.left().n,
            n_items=queries.keep(session, dataset_id, None, name="").n,
            domains=_named(queries.by_domain(session, at.left(domains=()), routed, limit=VALUES_LIMIT)),
            subsets=_named(queries.by_subset(session, at.left(subsets=()), limit=VALUES_LIMIT)),
            sources=_named(queries.by_source(session, at.left(sources=()), limit=VALUES_LIMIT)),
            verdicts=verdicts,
            annotators=annotators,
            reasons=reasons,
            states=_of_states(at),
            badges=_of_badges(at),
            margins=_of_margins(at),
        )


def stamp(sessions: sessionmaker[Session], run_id: int | None) -> tuple[int, int]:
    """(latest decision, items weighed): while these stay, counts of the same filter stay."""
    with sessions() as session:
        latest = session.scalar(select(func.max(Decision.decision_id))) or 0
        weighed = session.scalar(select(Run.n_done).where(Run.run_id == run_id)) or 0
        return latest, weighed


def _named(found: queries.Counted) -> tuple[FacetValue, ...]:
    return tuple(FacetValue(value, n) for value, n in found)


def _of_decisions(at: _Counting) -> tuple[tuple[FacetValue, ...], ...]:
    """Verdicts, annotators, reasons: one decision has to be all that is asked for."""
    kept = at.left(verdicts=(), annotators=(), reasons=())
    said, by, why = _said(at.filters), _by(at.filters), _why(at.filters)
    n_by_verdict = queries.by_verdict(at.session, kept, *by, *why)
    n_by_verdict[UNDECIDED] = kept.n - queries.n_decided(at.session, kept, *by)
    verdicts = tuple(FacetValue(verdict, n_by_verdict.get(verdict, 0)) for verdict in VERDICTS_KNOWN)
    reasons = queries.by_reason(at.session, kept, REASON_TAGS, *said, *by)
    annotators = _named(queries.by_annotator(at.session, kept, *said, *why))
    return verdicts, annotators, tuple(FacetValue(tag, n) for tag, n in reasons.items())


def _said(filters: Filters) -> list[ColumnElement[bool]]:
    return [Decision.verdict.in_(filters.verdicts)] if filters.verdicts else []


def _by(filters: Filters) -> list[ColumnElement[bool]]:
    people = select(Annotator.annotator_id).where(Annotator.name.in_(filters.annotators))
    return [Decision.annotator_id.in_(people)] if filters.annotators else []


def _why(filters: Filters) -> list[ColumnElement[bool]]:
    return [or_(*map(has_reason, filters.reasons))] if filters.reasons else []


def _of_states(at: _Counting) -> tuple[FacetValue, ...]:
    kept = at.left(states=())
    found = queries.by_state(at.session, kept)
    found[UNDECIDED] = kept.n - sum(found.values())
    return tuple(FacetValue(state, found[state]) for state in STATES)


def _of_badges(at: _Counting) -> tuple[FacetValue, ...]:
    if at.run is None:
        return ()
    kept = at.left(badges=())
    is_so = {
        "noise": is_within_noise(at.run.noise_margin or 0.0),
        "flip": Suggestion.is_length_flip,
        "world": Suggestion.is_out_of_world,
    }
    found = queries.by_badge(at.session, kept, at.run.run_id, is_so)
    found["unweighed"] = queries.n_unweighed(at.session, kept, at.run.run_id)
    return tuple(FacetValue(badge, found[badge]) for badge in BADGES)


def _of_margins(at: _Counting) -> tuple[MarginBand, ...]:
    """Fifths of the run, whatever else is chosen, so that a band means the same while other filters change."""
    if at.run is None:
        return ()
    edges = [float(f"{edge:.2g}") for edge in queries.margin_edges(at.session, at.run.run_id, BAND_SHARES)]
    edges = sorted(set(edges))
    if not edges:
        return ()
    counts = queries.by_margin(at.session, at.left(margin=None), at.run.run_id, edges)
    ends = [None, *edges, None]
    return tuple(MarginBand(low, high, n) for low, high, n in zip(ends, ends[1:], counts, strict=False))
