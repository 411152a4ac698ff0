"""The items of a dataset with their domains, to look through and to correct by hand.

A correction is a row that says who and when; taking it back is another. Leaves out the figures (report.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from db.queries_routing import RoutedRow, corrections_of, guessing_models, messages_of, routed_rows
from db.tables import Item
from db.tables_criteria import DomainCorrection
from services.annotators import ensure_annotator
from services.errors import NotFound, Refused
from services.routing.report import guess_of
from services.routing.resolve import BELOW, ResolvedDomain, resolve
from services.version_store import NAME_LIMIT

SORTS = ("least sure", "file order")
FILTERS = ("all", "below threshold", "not as the file says", "corrected", "not asked")
EXCERPT = 240  # characters of a prompt in the list


@dataclass(frozen=True, slots=True)
class DomainItem:
    """An item in the list of domains. Texts of the prompt and of the file are untrusted."""

    item_id: int
    position: int
    prompt: str  # the last user message's beginning
    column: str | None
    guess: str | None  # the router's first choice
    probability: float | None
    problem: str  # why the model could not be asked, one line
    counts: ResolvedDomain | None  # what a run by this router and threshold would take
    corrected: str | None
    corrected_by: str | None
    corrected_at: datetime | None


@dataclass(frozen=True, slots=True)
class DomainPage:
    """Some items of the list; n is how many there are under the filter."""

    n: int
    items: tuple[DomainItem, ...]


def correct_domain(sessions: sessionmaker[Session], item_id: int, *, annotator: str, domain: str | None) -> None:
    """Keep what a person says an item's domain is; None takes the correction back. The same again writes nothing.

    Runs that have routed the item already keep their domain. Raises NotFound, or Refused (a name that is too long).
    """
    wanted = None if domain is None else domain.strip()
    if wanted is not None and not 1 <= len(wanted) <= NAME_LIMIT:
        raise Refused(f"the domain's name has {len(wanted)} characters; give one of 1 to {NAME_LIMIT}")
    annotator_id = ensure_annotator(sessions, annotator).annotator_id
    with sessions.begin() as session:
        if session.get(Item, item_id) is None:
            raise NotFound(f"no item {item_id}; its dataset may have been deleted")
        before = corrections_of(session, [item_id]).get(item_id)
        if (None if before is None else before.domain) != wanted:
            session.add(DomainCorrection(item_id=item_id, annotator_id=annotator_id, domain=wanted))


def list_domain_items(
    sessions: sessionmaker[Session],
    dataset_id: int,
    *,
    router_id: int,
    fingerprint: str | None = None,
    threshold: float = 0.0,
    only: str = "all",
    sort: str = "least sure",
    offset: int = 0,
    limit: int = 20,
) -> DomainPage:
    """Items with their domains; `only` is one of FILTERS, `sort` one of SORTS. Not asked comes before least sure."""
    if only not in FILTERS or sort not in SORTS:
        raise Refused(f"items {only!r} by {sort!r}; choose of {', '.join(FILTERS)}, by {' or '.join(SORTS)}")
    with sessions() as session:
        if fingerprint is None:
            models = guessing_models(session, dataset_id, router_id)
            fingerprint = models[0][0] if models else None
        rows = routed_rows(session, dataset_id, router_id=router_id, fingerprint=fingerprint)
        found = [row for row in rows if _is_wanted(row, only, threshold)]
        if sort == "least sure":
            found.sort(key=_sureness)
        shown = found[offset : offset + limit]
        prompts = messages_of(session, [row.item_id for row in shown])
    return DomainPage(len(found), tuple(_item(row, prompts[row.item_id], threshold) for row in shown))


def _is_wanted(row: RoutedRow, only: str, threshold: float) -> bool:
    if only == "all":
        return True
    if only == "corrected":
        return row.correction is not None
    guess = guess_of(row)
    resolved = resolve(guess, None, threshold)
    if only == "not asked":
        return guess is None or guess.first is None
    if only == "below threshold":
        return resolved is not None and resolved.source == BELOW
    return resolved is not None and row.column is not None and resolved.domain != row.column


def _sureness(row: RoutedRow) -> tuple[float, int]:
    guess = guess_of(row)
    first = None if guess is None else guess.first
    return (-1.0 if first is None else first[1], row.position)


def _item(row: RoutedRow, messages: list[dict[str, str]], threshold: float) -> DomainItem:
    guess, correction = guess_of(row), row.correction
    first = None if guess is None else guess.first
    return DomainItem(
        item_id=row.item_id,
        position=row.position,
        prompt=_excerpt(messages),
        column=row.column,
        guess=None if first is None else first[0],
        probability=None if first is None else first[1],
        problem=row.problem,
        counts=resolve(guess, None if correction is None else correction.domain, threshold),
        corrected=None if correction is None else correction.domain,
        corrected_by=None if correction is None else correction.annotator,
        corrected_at=None if correction is None else correction.created_at,
    )


def _excerpt(messages: list[dict[str, str]]) -> str:
    users = [message["content"] for message in messages if message["role"] == "user"]
    text = " ".join((users[-1] if users else messages[-1]["content"]).split())
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
