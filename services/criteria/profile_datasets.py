"""A whole dataset ranked by weighted lifts, and how often that ranking's best is the gold best.

Each set alone, the strong model alone and chance stand beside it on the same items. Domains are the items' own column.
Leaves out one item's profile (profiles.py) and the weights' notation (profile_weights.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item, items_between
from db.tables import Item
from scoring.pairs import ModelPair
from scoring.protocol import ModelSource
from services.criteria.profile_weights import WeightedSets
from services.criteria.profiles import By, ItemProfile, profile_with, setup_for
from services.datasets import get as get_dataset
from services.errors import Refused
from services.pairs.catalogue import get_pair
from services.statistics.bootstrap import Difference, paired_difference
from services.statistics.credits import chance, credit, gold_best
from services.statistics.intervals import Share, share
from services.weighing.encode import ItemText
from services.weighing.order import chunk_bounds
from services.weighing.write import item_text

WEIGHTED, STRONG, CHANCE = "weighted", "strong", "chance"
NO_WEIGHT = "no weight"
Gold = frozenset[int]


@dataclass(frozen=True, slots=True)
class RankedItem:
    """An item by weighted lifts: candidates' letters, best first, with their values in nats (or nats per token)."""

    position: int  # 0-based, in file order
    domain: str | None
    letters: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """An item that could not be ranked, and why."""

    position: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class DatasetProfile:
    """Shares are of the n items that have gold and a ranking; over_strong: weighted minus the strong model alone."""

    dataset: str
    pair: str
    by: By
    weights: tuple[str, ...]
    sets: dict[str, int]  # version by name
    n_items: int
    accuracy: Share
    by_domain: dict[str, Share]
    by_set: dict[str, Share]  # each set's lift alone
    strong: Share  # log p_strong(y | x) alone
    chance: Share
    over_strong: Difference
    ranked: tuple[RankedItem, ...]
    unread: tuple[Unread, ...]
    n_computed: int
    n_cached: int

    def to_json(self) -> dict[str, Any]:
        """The one object that `tare profile --json` prints."""
        return asdict(self)


@dataclass(slots=True)
class _Tally:
    """Credits of the items counted so far, by what ranks, and of the weighted ranking by domain."""

    credits: dict[str, list[float]] = field(default_factory=dict)
    by_domain: dict[str, list[float]] = field(default_factory=dict)
    ranked: list[RankedItem] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    n_computed: int = 0
    n_cached: int = 0

    def share(self, way: str) -> Share:
        return _share(self.credits.get(way, []))


def profile_dataset(
    sessions: sessionmaker[Session],
    models: ModelSource,
    dataset_id: int,
    *,
    pair: str | ModelPair,
    weights: WeightedSets,
    by: By = "sum",
    on_progress: Callable[[int, int], None] | None = None,
) -> DatasetProfile:
    """Rank a dataset by weighted lifts under the pair's strong model. What was cached before is not computed again.

    Raises NotFound, Refused (every weight 0, an empty dataset), or a ScoringError in one line.
    """
    model_pair = pair if isinstance(pair, ModelPair) else get_pair(pair)
    dataset = get_dataset(sessions, dataset_id)
    given = [*weights.in_every_domain.values(), *(w for own in weights.in_domain.values() for w in own.values())]
    if not any(given):
        raise Refused("every weight is 0, which ranks nothing; give one set a weight, for example helpful=1")
    if not dataset.n_items:
        raise Refused(f"dataset {dataset.name!r} has no item; import a file with at least one good row")
    setup, tally, n_done = setup_for(model_pair), _Tally(), 0
    with models.open(setup.spec("strong")) as model:
        for rows in _chunks(sessions, dataset_id):
            found = profile_with(sessions, model, setup, [text for _, text, _ in rows], weights.sets)
            tally.n_computed += found.n_computed
            tally.n_cached += found.n_cached
            for (position, _, gold), profile in zip(rows, found.items, strict=True):
                _count(tally, position, profile, gold, weights, by)
            n_done += len(rows)
            if on_progress is not None:
                on_progress(n_done, dataset.n_items)
    return _result(dataset.name, model_pair.name, dataset.n_items, weights, by, tally)


def _chunks(sessions: sessionmaker[Session], dataset_id: int) -> Iterator[list[tuple[int, ItemText, Gold]]]:
    """(position, item, places of the gold best) of a chunk's items."""
    with sessions() as session:
        last = session.scalar(select(func.max(Item.position)).where(Item.dataset_id == dataset_id))
    for first, until in chunk_bounds(-1 if last is None else last):
        with sessions() as session:
            items = items_between(session, dataset_id, first=first, last=until)
            candidates = candidates_by_item(session, [item.item_id for item in items])
        yield [
            (item.position, item_text(item, own), gold_best([c.gold_rank for c in own], [c.gold_score for c in own]))
            for item in items
            for own in (candidates[item.item_id],)
        ]


def _count(tally: _Tally, position: int, profile: ItemProfile, gold: Gold, weights: WeightedSets, by: By) -> None:
    in_domain = weights.of(profile.domain)
    if profile.problem is None and not any(in_domain.values()):
        where = "an item without a domain" if profile.domain is None else f"the domain {profile.domain!r}"
        tally.unread.append(Unread(position, NO_WEIGHT, f"no set has a weight for {where}, so nothing ranks there"))
        return
    values = profile.weighted(in_domain, by=by)
    if values is None or sum(value is not None for value in values) < 2:
        tally.unread.append(_unread(position, profile))
        return
    order = sorted(
        (place for place, v in enumerate(values) if v is not None), key=lambda place: -(values[place] or 0.0)
    )
    letters, ranked = tuple(profile.letters[i] for i in order), tuple(values[i] or 0.0 for i in order)
    tally.ranked.append(RankedItem(position, profile.domain, letters, ranked))
    if not gold:
        return
    ways = {WEIGHTED: values, STRONG: [None if one is None else one.by(by) for one in profile.bare]}
    ways |= {one.name: [None if lift is None else lift.by(by) for lift in one.lifts] for one in profile.sets}
    for way, found in ways.items():
        tally.credits.setdefault(way, []).append(credit(found, gold))
    tally.credits.setdefault(CHANCE, []).append(chance(len(values), gold))
    if profile.domain is not None:
        tally.by_domain.setdefault(profile.domain, []).append(tally.credits[WEIGHTED][-1])


def _unread(position: int, profile: ItemProfile) -> Unread:
    told = profile.problem or next((one.problem for one in profile.sets if one.problem is not None), None)
    if told is None:
        return Unread(position, "too few candidates", "fewer than two responses have text; a ranking needs two")
    return Unread(position, told.reason, told.detail)


def _share(credits: Sequence[float]) -> Share:
    return share(min(sum(credits), float(len(credits))), len(credits))


def _result(dataset: str, pair: str, n_items: int, weights: WeightedSets, by: By, tally: _Tally) -> DatasetProfile:
    return DatasetProfile(
        dataset=dataset,
        pair=pair,
        by=by,
        weights=tuple(weights.to_texts()),
        sets={row.name: row.version for row in weights.sets},
        n_items=n_items,
        accuracy=tally.share(WEIGHTED),
        by_domain={name: _share(tally.by_domain[name]) for name in sorted(tally.by_domain)},
        by_set={row.name: tally.share(row.name) for row in weights.sets},
        strong=tally.share(STRONG),
        chance=tally.share(CHANCE),
        over_strong=paired_difference(tally.credits.get(WEIGHTED, []), tally.credits.get(STRONG, [])),
        ranked=tuple(tally.ranked),
        unread=tuple(tally.unread),
        n_computed=tally.n_computed,
        n_cached=tally.n_cached,
    )
