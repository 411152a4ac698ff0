"""Fatigue: whether people agree more (or less) with the suggestion, and decide faster, the longer a sitting lasts.

    sitting   a person's answers one after the other; a pause of more than 30 minutes ends it
    number    which answer of its sitting it is, from 1
    trend     change per 100 answers within a sitting: least squares with a level of its own for each sitting, so that
              people (or days) with long sittings do not count as a trend; interval from HC3 errors

Where items came in an order of their own (the file's, the least sure first) a trend may be the order's: only answers on
randomly drawn looks are counted when there are enough of them, and `is_random` says which it was.
Seconds above 30 minutes are left out: nobody was looking. Leaves out whose fault a trend is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from services.people.answers import Answer, Answers, Person
from services.statistics.intervals import Share, share

PAUSE = timedelta(minutes=30)
RANDOM_ORDERS = ("random", "stratified")
ENOUGH = 30  # answers on randomly drawn looks, to leave the others out
BLOCK_ENDS = (5, 10, 20, 40, 80, 160, 320, 640)  # last numbers of the blocks a figure shows; then "more"
PER = 100  # answers that a trend is stated for

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """Change per 100 answers of a sitting, over n answers; the interval takes three more answers than sittings."""

    n: int
    value: float | None
    low: float | None
    high: float | None

    @property
    def is_seen(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Median:
    """The middle of n values with a 95 % interval from order statistics; the interval takes 6 values."""

    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Block:
    """Answers whose numbers in their sittings lie from first to last (None: and all that follow)."""

    first: int
    last: int | None
    agreed: Share
    seconds: Median


@dataclass(frozen=True, slots=True)
class Fatigue:
    """What happens over a sitting. `speed`: a factor minus 1 per 100 answers, -0.2: a fifth faster."""

    n_sittings: int
    longest: int  # answers
    blocks: tuple[Block, ...]
    agreement: Trend  # of the share that agrees: 0.1 is 10 points more per 100 answers
    speed: Trend
    seconds: Median
    is_random: bool


@dataclass(frozen=True, slots=True)
class FatigueReport:
    """Fatigue of everyone together and of each person."""

    overall: Fatigue
    by_person: tuple[tuple[Person, Fatigue], ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    sitting: int
    number: int
    answer: Answer


def fatigue_of(answers: Answers) -> FatigueReport:
    """From every answer at its place in its sitting; only first answers of a look or item are compared."""
    placed = [one for one in _placed(answers) if not one.answer.is_repeat and one.answer.choice is not None]
    people = sorted(answers.people.values(), key=lambda person: (person.name.casefold(), person.annotator_id))
    own = [(person, [p for p in placed if p.answer.annotator_id == person.annotator_id]) for person in people]
    return FatigueReport(_of(placed), tuple((person, _of(found)) for person, found in own if found))


def sittings(answers: Iterable[Answer]) -> list[list[Answer]]:
    """One person's answers, oldest first, cut where a pause lasted longer than 30 minutes."""
    found: list[list[Answer]] = []
    for one in answers:
        if not found or one.created_at - found[-1][-1].created_at > PAUSE:
            found.append([])
        found[-1].append(one)
    return found


def _placed(answers: Answers) -> list[_Placed]:
    """Each answer with its sitting and number, revisions counted in the number but not handed out."""
    by_person: dict[int, list[Answer]] = {}
    for one in answers.given:
        by_person.setdefault(one.annotator_id, []).append(one)
    found: list[_Placed] = []
    sitting = 0
    for own in by_person.values():
        seen: set[int] = set()
        for together in sittings(sorted(own, key=lambda one: (one.created_at, one.decision_id))):
            sitting += 1
            for number, one in enumerate(together, start=1):
                if one.item_id not in seen or one.is_repeat:
                    found.append(_Placed(sitting, number, one))
                seen.add(one.item_id)
    return found


def _of(placed: Sequence[_Placed]) -> Fatigue:
    drawn = [one for one in placed if one.answer.drawn_by in RANDOM_ORDERS]
    kept = drawn if len(drawn) >= ENOUGH else list(placed)
    timed = [(one, seconds) for one in kept if (seconds := seconds_of(one.answer)) is not None]
    agreed = [(one, float(one.answer.agrees)) for one in kept if one.answer.agrees is not None]
    speed = trend([(one.sitting, one.number, math.log(seconds)) for one, seconds in timed])
    return Fatigue(
        n_sittings=len({one.sitting for one in kept}),
        longest=max((one.number for one in kept), default=0),
        blocks=_blocks(kept),
        agreement=trend([(one.sitting, one.number, value) for one, value in agreed]),
        speed=Trend(
            speed.n, *(None if end is None else math.expm1(end) for end in (speed.value, speed.low, speed.high))
        ),
        seconds=median([seconds for _, seconds in timed]),
        is_random=bool(kept) and kept == drawn,
    )


def seconds_of(answer: Answer) -> float | None:
    """How long the answer took; None when that is not known, or too long to have been work."""
    if answer.elapsed_ms is None or not 0 < answer.elapsed_ms <= PAUSE.total_seconds() * 1000:
        return None
    return answer.elapsed_ms / 1000


def _blocks(placed: Sequence[_Placed]) -> tuple[Block, ...]:
    found = []
    for first, last in zip((1, *(end + 1 for end in BLOCK_ENDS)), (*BLOCK_ENDS, None), strict=True):
        inside = [one.answer for one in placed if one.number >= first and (last is None or one.number <= last)]
        known = [one.agrees for one in inside if one.agrees is not None]
        seconds = [seconds for one in inside if (seconds := seconds_of(one)) is not None]
        if inside:
            found.append(Block(first, last, share(sum(known), len(known)), median(seconds)))
    return tuple(found)


def trend(points: Sequence[tuple[int, int, float]]) -> Trend:
    """Slope per 100 answers of (sitting, number, value), with a level for each sitting; no interval without a spread.

    Residuals are divided by 1 - leverage (HC3, MacKinnon and White 1985): right for shares too, whose spread differs.
    """
    from scipy.stats import t

    n = len(points)
    sitting = np.unique([point[0] for point in points], return_inverse=True)[1] if n else np.empty(0, dtype=np.int64)
    n_sittings = len(set(sitting.tolist()))
    if n < n_sittings + 3:
        return Trend(n, None, None, None)
    x, size = _centred(np.array([point[1] for point in points], dtype=np.float64) / PER, sitting)
    y, _ = _centred(np.array([point[2] for point in points], dtype=np.float64), sitting)
    spread = float(x @ x)
    if spread == 0:
        return Trend(n, None, None, None)
    slope = float(x @ y) / spread
    if float(y @ y) == 0:
        return Trend(n, 0.0, None, None)
    leverage = np.minimum(x * x / spread + 1 / size, 1 - 1e-9)
    off = np.where(size > 1, (y - slope * x) / (1 - leverage), 0.0)
    error = math.sqrt(float((x * x) @ (off * off))) / spread
    half = float(t.ppf(0.975, n - n_sittings - 1)) * error
    return Trend(n, slope, slope - half, slope + half)


def _centred(values: Floats, group: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Values minus their group's mean, and the size of each one's group: (n,), (n,) -> (n,), (n,)."""
    sizes = np.bincount(group)
    means = np.bincount(group, weights=values) / sizes
    return values - means[group], sizes[group].astype(np.float64)


def median(values: Sequence[float]) -> Median:
    """The median with the widest order statistics that 95 % of samples have it between (exact, any distribution)."""
    from scipy.stats import binom

    n = len(values)
    if n == 0:
        return Median(0, None, None, None)
    ordered = sorted(values)
    below = int(binom.ppf(0.025, n, 0.5)) - 1  # 0-based place of the low end
    middle = float(np.median(ordered))
    if below < 0:
        return Median(n, middle, None, None)
    return Median(n, middle, ordered[below], ordered[n - 1 - below])
