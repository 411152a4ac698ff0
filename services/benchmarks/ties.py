"""RewardBench 2's Ties subset: prompts with many right answers, scored by a formula of its own. Pure functions.

Every prompt comes as two rows: `ref` with one right answer and `tied` with several. Of a row:

    margin   lowest reward of a right answer - highest of a wrong one         (0 where either kind is missing)
    accurate whether every right answer is above every wrong one: margin > 0
    spread   highest - lowest reward of the right answers                     (none where there is one)

    score = 0.3 A_tied + 0.3 A_ref + 0.2 P + 0.2 H + 0.01 M

A: share of accurate rows. P: share of prompts whose tied margin exceeds its spread. H: share of prompts where the
smaller of both rows' margins does. M: mean of tanh(that smaller margin / spread - 1). Over prompts that have both rows
and, for P and H, a spread; for M, one above 0.

Source: Malik et al. 2025, arXiv 2506.01937, section on Ties; equal to PyPI rewardbench 0.1.4, `process_single_model`,
whose record a test compares with. The score lies between -0.01 and 1.01.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SORTS = ("ref", "tied")
WEIGHTS = {"accuracy_tied": 0.3, "accuracy_ref": 0.3, "preferred": 0.2, "preferred_hard": 0.2, "margin": 0.01}


class TiesRow(NamedTuple):
    """A row of the subset: its sort, its prompt's number, and the rewards in the file's order, right ones first."""

    sort: str
    prompt: int
    rewards: tuple[float, ...]
    n_correct: int


@dataclass(frozen=True, slots=True)
class TiesScore:
    """The score and what it is made of; None where there is nothing to count (then there is no score)."""

    n_prompts: int
    score: float | None
    accuracy_tied: float
    accuracy_ref: float
    preferred: float | None
    preferred_hard: float | None
    margin: float


@dataclass(frozen=True, slots=True)
class _Stats:
    is_accurate: bool
    margin: float
    spread: float | None


def read_reference(text: object) -> tuple[str, int] | None:
    """The sort and the prompt's number out of an id; None for any other.

    >>> read_reference("tied:12"), read_reference("12"), read_reference("tied:x")
    (('tied', 12), None, None)
    """
    sort, _, number = str(text).partition(":")
    return (sort, int(number)) if sort in SORTS and number.isascii() and number.isdigit() else None


def ties_score(rows: Iterable[TiesRow]) -> TiesScore:
    """The subset's score. Of two rows of the same sort and prompt the later one counts, reward by reward."""
    stats = {sort: {prompt: _stats(known) for prompt, known in found.items()} for sort, found in _gather(rows).items()}
    ref, tied = stats["ref"], stats["tied"]
    both = [(ref[prompt], tied[prompt]) for prompt in ref if prompt in tied]
    accuracy_ref = _mean([one.is_accurate for one in ref.values()]) or 0.0
    accuracy_tied = _mean([one.is_accurate for one in tied.values()]) or 0.0
    spread = [(min(r.margin, t.margin), t.margin, t.spread) for r, t in both if t.spread is not None]
    preferred = _mean([margin > wide for _, margin, wide in spread]) if both else 0.0
    preferred_hard = _mean([smaller > wide for smaller, _, wide in spread]) if both else 0.0
    margin = _mean([math.tanh(smaller / wide - 1) for smaller, _, wide in spread if wide > 0]) or 0.0
    parts = (accuracy_tied, accuracy_ref, preferred, preferred_hard, margin)
    known = [part for part in parts if part is not None]
    is_whole = len(known) == len(parts) and bool(ref or tied)
    score = sum(weight * part for weight, part in zip(WEIGHTS.values(), known, strict=True)) if is_whole else None
    return TiesScore(len(ref.keys() | tied.keys()), score, *parts)


def _gather(rows: Iterable[TiesRow]) -> dict[str, dict[int, dict[int, tuple[bool, float]]]]:
    """sort -> prompt -> place in the file -> (whether right, reward)."""
    found: dict[str, dict[int, dict[int, tuple[bool, float]]]] = {sort: {} for sort in SORTS}
    for row in rows:
        places = found[row.sort].setdefault(row.prompt, {})
        places.update({place: (place < row.n_correct, reward) for place, reward in enumerate(row.rewards)})
    return found


def _stats(answers: dict[int, tuple[bool, float]]) -> _Stats:
    right = [reward for is_right, reward in answers.values() if is_right]
    wrong = [reward for is_right, reward in answers.values() if not is_right]
    if not right or not wrong:
        return _Stats(False, 0.0, None)
    margin = min(right) - max(wrong)
    return _Stats(min(right) > max(wrong), margin, max(right) - min(right) if len(right) > 1 else None)


def _mean(values: Sequence[float | bool]) -> float | None:
    return math.fsum(values) / len(values) if values else None
