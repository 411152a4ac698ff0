"""What a whole file was understood to hold, counted row by row in memory that does not grow with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from services.formats.drafts import ItemDraft
from services.imports.reading import Outcome

BAD_ROWS_KEPT = 200
LABELS_KEPT = 200  # distinct domains or subsets; a column of ids must not fill the memory
OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class BadRowSeen:
    """A row that was left out."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Counts over the whole file. `warnings` says how many items there are of each kind worth knowing."""

    n_rows: int
    n_items: int
    n_bad: int
    bad_rows: tuple[BadRowSeen, ...]  # the first 200
    n_candidates: int
    candidates_min: int
    candidates_max: int
    n_gold: int
    domains: dict[str, int]
    subsets: dict[str, int]
    warnings: dict[str, int]

    @property
    def gold_share(self) -> float:
        """Share of the items whose best candidate the file names."""
        return self.n_gold / self.n_items if self.n_items else 0.0


@dataclass(slots=True)
class Tally:
    """Counts while the file is read; `finish()` gives the result."""

    n_rows: int = 0
    n_items: int = 0
    n_candidates: int = 0
    n_gold: int = 0
    sizes: set[int] = field(default_factory=set)
    bad_rows: list[BadRowSeen] = field(default_factory=list)
    domains: Counter[str] = field(default_factory=Counter)
    subsets: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """One more row."""
        self.n_rows += 1
        if outcome.item is not None:
            self._add_item(outcome.item)
        elif len(self.bad_rows) < BAD_ROWS_KEPT:
            self.bad_rows.append(BadRowSeen(outcome.line, outcome.reason))

    def _add_item(self, item: ItemDraft) -> None:
        self.n_items += 1
        self.n_candidates += len(item.candidates)
        self.n_gold += item.has_gold_best
        self.sizes.add(len(item.candidates))
        _count(self.domains, item.domain)
        _count(self.subsets, item.subset)
        self.warnings.update(item.notes)

    def finish(self) -> ImportCounts:
        """The counts so far."""
        return ImportCounts(
            n_rows=self.n_rows,
            n_items=self.n_items,
            n_bad=self.n_rows - self.n_items,
            bad_rows=tuple(self.bad_rows),
            n_candidates=self.n_candidates,
            candidates_min=min(self.sizes, default=0),
            candidates_max=max(self.sizes, default=0),
            n_gold=self.n_gold,
            domains=dict(self.domains.most_common()),
            subsets=dict(self.subsets.most_common()),
            warnings=dict(self.warnings.most_common()),
        )


def _count(labels: Counter[str], label: str | None) -> None:
    if label is not None:
        labels[label if label in labels or len(labels) < LABELS_KEPT else OTHER] += 1
