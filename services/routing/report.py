"""How often a router is right on a dataset, at a threshold: against corrections by hand, and against the file's column.

From what is kept; opens no model. An item below the threshold, or about which the model could not be asked, goes to the
default domain and counts as not right. Leaves out asking (guesses.py) and figures (ui/charts/domains.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from db.queries_routing import RoutedRow, guessing_models, routed_rows
from services.routing.guesses import Guess
from services.routing.resolve import resolve
from services.routing.store import get_router
from services.statistics.intervals import Share, share

BELOW, NOT_ASKED = "below threshold", "not asked"  # columns of a matrix beside the router's domains


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of items: what is true (rows) against what the router says (columns, the last ones BELOW, NOT_ASKED)."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The router against one truth. Items whose true domain it does not know stand in the matrix alone.

    right: of all items with a truth it knows. right_if_sure: of those at or above the threshold.
    """

    right: Share
    right_if_sure: Share
    n_below: int
    n_not_asked: int
    n_unknown: int  # the truth is none of the router's domains
    matrix: Confusion


@dataclass(frozen=True, slots=True)
class RouterReport:
    """One router by one model over one dataset, at one threshold."""

    dataset_id: int
    router_id: int
    router: str
    version: int
    fingerprint: str | None  # of the model that was asked; None: none was
    threshold: float
    n_items: int
    n_routed: int  # items the model was asked about, those it could not be asked about too
    n_below: int
    n_problems: int
    n_corrected: int
    n_by_domain: dict[str, int]  # where the items go under the router, corrections first; "" is the default
    against_corrections: Accuracy
    against_column: Accuracy


def router_report(
    sessions: sessionmaker[Session],
    dataset_id: int,
    *,
    router_id: int,
    fingerprint: str | None = None,
    threshold: float = 0.0,
) -> RouterReport:
    """What is known by now; without a fingerprint of the model that was asked last. Raises NotFound (router)."""
    router = get_router(sessions, router_id)
    with sessions() as session:
        if fingerprint is None:
            models = guessing_models(session, dataset_id, router_id)
            fingerprint = models[0][0] if models else None
        rows = routed_rows(session, dataset_id, router_id=router_id, fingerprint=fingerprint)
    asked = [(row, guess) for row in rows if (guess := guess_of(row)) is not None]
    says = {row.item_id: _column_of(guess, threshold) for row, guess in asked}
    return RouterReport(
        dataset_id=dataset_id,
        router_id=router_id,
        router=router.name,
        version=router.version,
        fingerprint=fingerprint,
        threshold=threshold,
        n_items=len(rows),
        n_routed=len(asked),
        n_below=sum(said == BELOW for said in says.values()),
        n_problems=sum(said == NOT_ASKED for said in says.values()),
        n_corrected=sum(row.correction is not None for row in rows),
        n_by_domain=_destinations(rows, threshold),
        against_corrections=_accuracy(asked, says, router.body.names, lambda row: _corrected(row)),
        against_column=_accuracy(asked, says, router.body.names, lambda row: row.column),
    )


def guess_of(row: RoutedRow) -> Guess | None:
    """The model's guess of an item; None while it was not asked."""
    return None if row.probabilities is None else Guess(row.probabilities, row.problem)


def _corrected(row: RoutedRow) -> str | None:
    return None if row.correction is None else row.correction.domain


def _column_of(guess: Guess, threshold: float) -> str:
    """Where the router alone puts an item: one of its domains, BELOW or NOT_ASKED."""
    resolved = resolve(guess, None, threshold)
    if resolved is None or resolved.source == "problem":
        return NOT_ASKED
    return BELOW if resolved.domain is None else resolved.domain


def _destinations(rows: Sequence[RoutedRow], threshold: float) -> dict[str, int]:
    found = (resolve(guess_of(row), _corrected(row), threshold) for row in rows)
    counts = Counter(one.domain or "" for one in found if one is not None)
    return dict(sorted(counts.items()))


def _accuracy(
    asked: Sequence[tuple[RoutedRow, Guess]],
    says: dict[int, str],
    names: Sequence[str],
    truth: Callable[[RoutedRow], str | None],
) -> Accuracy:
    judged = [(true, says[row.item_id]) for row, _ in asked if (true := truth(row)) is not None]
    known = [(true, said) for true, said in judged if true in names]
    n_right = sum(true == said for true, said in known)
    n_below = sum(said == BELOW for _, said in known)
    n_not_asked = sum(said == NOT_ASKED for _, said in known)
    return Accuracy(
        right=share(n_right, len(known)),
        right_if_sure=share(n_right, len(known) - n_below - n_not_asked),
        n_below=n_below,
        n_not_asked=n_not_asked,
        n_unknown=len(judged) - len(known),
        matrix=_matrix(judged, names),
    )


def _matrix(judged: Sequence[tuple[str, str]], names: Sequence[str]) -> Confusion:
    """Rows: the router's domains that occur as truth, in its order, then foreign ones by name."""
    counts = Counter(judged)
    true = {name for name, _ in judged}
    rows = [name for name in names if name in true] + sorted(true - set(names))
    columns = [*names, *(one for one in (BELOW, NOT_ASKED) if any(said == one for _, said in judged))]
    return Confusion(
        tuple(rows), tuple(columns), tuple(tuple(counts[row, column] for column in columns) for row in rows)
    )
