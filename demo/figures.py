"""What the log-probs of candidates amount to: shares with Wilson intervals, flips, out-of-world figures. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choices:
    """The position of the best candidate by each way of ranking."""

    ratio: int
    ratio_mean: int
    strong: int
    weak: int
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class Share:
    """A share in percent with its 95 % Wilson interval."""

    right: int
    n: int
    percent: float
    low: float
    high: float


def wilson(right: int, n: int) -> Share:
    """The Wilson score interval at 95 %: wilson(9, 10) -> 90.0 % (59.6 to 98.2)."""
    z, p = 1.959964, right / n
    centre, spread = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n),
    )
    return Share(
        right,
        n,
        round(100 * p, 1),
        round(100 * max(0.0, centre - spread), 1),
        round(100 * min(1.0, centre + spread), 1),
    )


def choices(strong: Sequence[float], weak: Sequence[float], tokens: Sequence[int], lengths: Sequence[int]) -> Choices:
    """Which of an item's candidates each way of ranking puts first."""
    ratio = [s - w for s, w in zip(strong, weak, strict=True)]
    per_token = [value / n for value, n in zip(ratio, tokens, strict=True)]
    return Choices(top(ratio), top(per_token), top(strong), top(weak), top([-n for n in lengths]), top(lengths))


def top(values: Sequence[float]) -> int:
    return max(range(len(values)), key=lambda index: values[index])


def share(rows: Sequence[Row], found: Sequence[Choices], way: str) -> Share:
    """How often a way of ranking puts the gold candidate first."""
    hits = rights(rows, found, way)
    return wilson(sum(hits), len(hits))


@dataclass(frozen=True, slots=True)
class Paired:
    """Two ways of choosing over the same items: by how many points the first is better, and how surely."""

    n: int
    only_first: int  # items that the first alone gets right
    only_second: int
    points: float
    low: float  # 95 %, by resampling the items
    high: float
    p_value: float  # two-sided sign test on the items that only one of them gets right


def paired(first: Sequence[bool], second: Sequence[bool], *, resamples: int = 10_000) -> Paired:
    """paired([True] * 9 + [False], [True] * 4 + [False] * 6) -> 50.0 points (20.0 to 80.0), p = 0.0625."""
    n, only = len(first), [sum(x > y for x, y in zip(a, b, strict=True)) for a, b in ((first, second), (second, first))]
    shares = [only[0] / n, only[1] / n, 1 - sum(only) / n]
    drawn = np.random.default_rng(0).multinomial(n, shares, resamples)  # the same as drawing n items with replacement
    low, high = np.percentile(100 * (drawn[:, 0] - drawn[:, 1]) / n, (2.5, 97.5))
    return Paired(
        n, only[0], only[1], round(100 * (only[0] - only[1]) / n, 1), round(float(low), 1), round(float(high), 1),
        sign_test(*only),
    )  # fmt: skip


def sign_test(wins: int, losses: int) -> float:
    """Two-sided: the chance of a split at least as uneven among fair coins. sign_test(5, 0) -> 0.0625."""
    n, fewer = wins + losses, min(wins, losses)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)


def rights(rows: Sequence[Row], found: Sequence[Choices], way: str = "ratio") -> list[bool]:
    """Item by item, whether a way of ranking puts the gold candidate first."""
    return [row["responses"][getattr(chosen, way)]["gold_rank"] == 1 for row, chosen in zip(rows, found, strict=True)]


def shares_by(rows: Sequence[Row], found: Sequence[Choices], field: str) -> dict[str, dict[str, Any]]:
    """The ratio's share, and strong and weak alone, for each value of a field."""
    result = {}
    for value in sorted({row[field] for row in rows}):
        chosen = [(row, choice) for row, choice in zip(rows, found, strict=True) if row[field] == value]
        part, part_found = [row for row, _ in chosen], [choice for _, choice in chosen]
        alone = {name: share(part, part_found, name).percent for name in ("strong", "weak")}
        result[value] = asdict(share(part, part_found, "ratio")) | alone
    return result


def flips(rows: Sequence[Row], brief: Sequence[Choices], thorough: Sequence[Choices]) -> dict[str, Any]:
    """How often brief -> thorough turns the best candidate exactly from the short right one to the long right one."""
    hits: dict[str, list[bool]] = {"all": []}
    for row, short, long in zip(rows, brief, thorough, strict=True):
        gold = row["metadata"]["gold_by_criteria"]
        hit = short.ratio == gold["demo-brief"] and long.ratio == gold["demo-thorough"]
        hits["all"].append(hit)
        hits.setdefault(row["domain"], []).append(hit)
    return {name: asdict(wilson(sum(values), len(values))) for name, values in hits.items()}


def auc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """The share of (in, out) pairs in which the in-world value is the higher one; ties count half."""
    wins = sum((i > o) + 0.5 * (i == o) for i in inside for o in outside)
    return wins / (len(inside) * len(outside))


def world_report(
    rows: Sequence[Row], means: Sequence[tuple[float, float]], thresholds: tuple[float, float]
) -> dict[str, Any]:
    """AUC of prompt, answer and the rule's margin (the smaller distance to a threshold), and the rule's errors."""
    prompt_min, response_min = thresholds
    values = {
        "prompt": [p for p, _ in means],
        "answer": [a for _, a in means],
        "rule": [min(p - prompt_min, a - response_min) for p, a in means],
    }
    is_in = [row["world"] == "in" for row in rows]
    result: dict[str, Any] = {"n_in": sum(is_in), "n_out": len(rows) - sum(is_in)}
    for name, series in values.items():
        inside = [v for v, inner in zip(series, is_in, strict=True) if inner]
        outside = [v for v, inner in zip(series, is_in, strict=True) if not inner]
        result[f"auc_{name}"] = round(auc(inside, outside), 4)
        result[f"range_{name}"] = {"in_min": round(min(inside), 2), "out_max": round(max(outside), 2)}
    flagged = [value < 0 for value in values["rule"]]
    result["in_world_flagged"] = asdict(
        wilson(sum(f for f, inner in zip(flagged, is_in, strict=True) if inner), sum(is_in))
    )
    result["out_of_world_missed"] = [
        row["prompt"] for row, f, inner in zip(rows, flagged, is_in, strict=True) if not inner and not f
    ]
    return result
