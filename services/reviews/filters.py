"""What a person filters items by, and which items that keeps.

    filters = Filters(words="brew", verdicts=("override",), margin=(None, 0.5))
    items_select(filters, run)        ids of the items; goes into Queue and into a plan's `among`

Several values of one thing widen the filter, several things narrow it. Leaves out how many items there are of each
value (facets.py) and the names in the URL (ui/review/filter_query.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Select, or_, select, union

from db import queries_filters as queries
from db.queries_noise import is_within_noise
from db.queries_search import items_that_say
from db.tables import Item, NotWeighed, Suggestion
from services.errors import Refused
from services.reviews.rows import REASON_TAGS, VERDICTS
from services.routing.choice import routing_of

BADGES = ("noise", "flip", "world", "unweighed")
UNDECIDED = "undecided"
VERDICTS_KNOWN = (*VERDICTS, UNDECIDED)
STATES = ("human", "adjudication", "auto", "split", "flagged", "skipped", UNDECIDED)  # the first three are settled
WORDS_LIMIT = 200  # characters
Margin = tuple[float | None, float | None]  # at least, below


class RunFacts(Protocol):
    """What a filter has to know of a run: a `Run` of the database or a `RunRow`."""

    @property
    def run_id(self) -> int: ...
    @property
    def dataset_id(self) -> int: ...
    @property
    def noise_margin(self) -> float | None: ...
    @property
    def configuration(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; an empty value asks for nothing. None among the values stands for items without one."""

    words: str = ""  # all of these, in the prompt or a response; "in quotes" one after the other
    domains: tuple[str | None, ...] = ()
    subsets: tuple[str | None, ...] = ()
    margin: Margin | None = None  # under the run, in its unit
    verdicts: tuple[str, ...] = ()  # of VERDICTS_KNOWN
    annotators: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()  # of REASON_TAGS
    sources: tuple[str | None, ...] = ()
    states: tuple[str, ...] = ()  # of the label: of STATES
    badges: tuple[str, ...] = ()  # of BADGES

    def __post_init__(self) -> None:
        """Raises Refused for a word of a closed list that is not on it, and for words that are too long."""
        for what, given, known in (
            ("verdict", self.verdicts, VERDICTS_KNOWN), ("reason", self.reasons, REASON_TAGS),
            ("label state", self.states, STATES), ("badge", self.badges, BADGES),
        ):  # fmt: skip
            for value in given:
                if value not in known:
                    raise Refused(f"the {what} {value!r} is not known; choose from {', '.join(known)}")
        if len(self.words) > WORDS_LIMIT:
            raise Refused(f"the search has {len(self.words)} characters; at most {WORDS_LIMIT}")

    @property
    def is_empty(self) -> bool:
        """Whether every item passes."""
        return self == Filters()

    @property
    def is_about_decisions(self) -> bool:
        """Whether what passes depends on what was decided: such a filter is there to look at, not to work off."""
        return bool(self.verdicts or self.annotators or self.reasons or self.states)


def items_select(filters: Filters | None, run: RunFacts | None, *, dataset_id: int | None = None) -> Select[Any] | None:
    """Ids of the items that pass, to be met with a dataset's; None: all of them.

    Badges and margins are those under the run; without a run no item has any.
    """
    number = run.dataset_id if run is not None else -1 if dataset_id is None else dataset_id
    parts = [] if filters is None else list(_parts(filters, run, number))
    if len(parts) < 2:
        return parts[0] if parts else None
    return select(Item.item_id).where(Item.dataset_id == number, *(Item.item_id.in_(part) for part in parts))


def _parts(filters: Filters, run: RunFacts | None, dataset_id: int) -> Iterator[Select[Any]]:
    """The ids that each thing keeps."""
    run_id = -1 if run is None else run.run_id
    if filters.words.strip():
        yield items_that_say(filters.words)
    if filters.badges:
        yield _with_badges(filters.badges, run)
    if filters.domains:
        yield queries.of_domain(dataset_id, routed_run_id(run), filters.domains)
    if filters.subsets:
        yield queries.of_subset(dataset_id, filters.subsets)
    if filters.margin is not None:
        yield queries.with_margin(run_id, *filters.margin)
    if filters.sources:
        yield queries.with_source(filters.sources)
    if filters.states:
        yield queries.in_state(dataset_id, filters.states)
    if filters.verdicts or filters.annotators or filters.reasons:
        yield _by_decisions(filters, dataset_id)


def routed_run_id(run: RunFacts | None) -> int | None:
    """The run, where it took domains of its own; None for one by the file's column."""
    is_routed = run is not None and routing_of(run.configuration).by != "column"
    return run.run_id if run is not None and is_routed else None


def _by_decisions(filters: Filters, dataset_id: int) -> Select[Any]:
    """Items with a decision that is all of it; undecided ones beside them where they are asked for."""
    verdicts = tuple(verdict for verdict in filters.verdicts if verdict != UNDECIDED)
    some = queries.decided(verdicts=verdicts, annotators=filters.annotators, reasons=filters.reasons)
    if UNDECIDED not in filters.verdicts:
        return some
    none = queries.undecided(dataset_id, filters.annotators)
    return none if not verdicts else select(union(some, none).subquery().c.item_id)


def _with_badges(badges: tuple[str, ...], run: RunFacts | None) -> Select[Any]:
    run_id, noise = (-1, 0.0) if run is None else (run.run_id, run.noise_margin or 0.0)
    conditions = {
        "noise": is_within_noise(noise),
        "flip": Suggestion.is_length_flip,
        "world": Suggestion.is_out_of_world,
    }
    wanted = [conditions[badge] for badge in badges if badge in conditions]
    weighed = select(Suggestion.item_id).where(Suggestion.run_id == run_id, or_(*wanted)) if wanted else None
    if "unweighed" not in badges:
        return weighed if weighed is not None else select(Suggestion.item_id).where(Suggestion.run_id == -1)
    unweighed = select(NotWeighed.item_id).where(NotWeighed.run_id == run_id)
    return unweighed if weighed is None else select(union(weighed, unweighed).subquery().c.item_id)
