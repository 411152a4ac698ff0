"""Intervals for a share of a population that was drawn from stratum by stratum, without a normal approximation.

Each stratum is drawn at random without replacement, so its successes are hypergeometric; only their sum K is asked for.
A candidate K is kept unless every way of spreading it over the strata makes what was seen too surprising:

    pooled   All successes found, X. A hypergeometric count is a sum of independent Bernoullis (Vatutin and Mikhailov
             1982), so X is one as well, and its tails are no heavier than those of the binomial with the same mean and
             number of Bernoullis (Hoeffding 1956, theorem 4). The mean is sum K_h n_h / N_h: the least one that K
             allows is found exactly, so rounding in a proportional allocation costs what it costs and no more. Counted
             four ways (successes or failures, looked at or not); the smallest bound counts: that is the gain from a
             finite population.
    Fisher   The strata's own exact tail probabilities, combined by Fisher's rule; the worst spread of K is found
             exactly, since the logs of the tails fall ever faster (made to where they would not).

Which of the two is chosen from the allocation alone, by their widths were 90 % of every stratum a success (for an upper
limit of errors alone: were there none), never from what was seen. One stratum is the exact interval (exact.py). A
pooled hypergeometric interval would not do: many small strata can vary more than one large one.
Leaves out confidence on items not looked at (prediction_powered.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.statistics.exact import LEVEL, Bound, chance_at_most, check_counts, lower_count

REFERENCE = 0.9  # the share for which the two methods' widths are compared
METHODS: dict[str, str] = {
    "exact": "exact, finite population",
    "pooled": "stratified, pooled (Hoeffding)",
    "fisher": "stratified, combined (Fisher)",
}

Method = Literal["exact", "pooled", "fisher"]
Draw = tuple[int, int]  # n_h looks of N_h items


@dataclass(frozen=True, slots=True)
class Stratum:
    """What was drawn from one stratum: `n` looks with an outcome, `unresolved` without, of `population` items."""

    name: str
    successes: int
    n: int
    unresolved: int
    population: int


def stratified_interval(strata: Sequence[Stratum], *, level: float = LEVEL, census: tuple[int, int] = (0, 0)) -> Bound:
    """The share of successes over all strata and the census (successes, n) of items whose outcome is known.

    The value weighs each stratum by its size, leaving out one that nobody looked at; the interval never does.

    Raises ValueError when counts do not fit together.
    """
    for one in (*strata, Stratum("census", *census, 0, census[1])):
        check_counts(one.successes, one.n, one.unresolved, one.population)
    known, n_known = census
    there = [s for s in strata if s.population]
    total = sum(s.population for s in there) + n_known
    n, unresolved = sum(s.n for s in there), sum(s.unresolved for s in there)
    if not there and n_known:
        return Bound(n_known, known / n_known, known / n_known, known / n_known, "all decided", 0, total, level)
    if not n + unresolved:
        return Bound(0, None, None, None, "no look", 0, total or None, level)
    draws = tuple((s.n + s.unresolved, s.population) for s in there)
    method, alpha = method_for(draws, level=level), (1 - level) / 2
    failures = most(tuple(s.n - s.successes for s in there), draws, alpha=alpha, method=method)
    successes = most(tuple(s.successes + s.unresolved for s in there), draws, alpha=alpha, method=method)
    if unresolved:
        failures = most(tuple(s.n - s.successes + s.unresolved for s in there), draws, alpha=alpha, method=method)
    low, high = (total - failures - (n_known - known)) / total, (known + successes) / total
    return Bound(n, _value(there, known, n_known), low, high, METHODS[method], unresolved, total, level)


def _value(strata: Sequence[Stratum], known: int, n_known: int) -> float | None:
    """Each stratum's share over its looks with an outcome, weighed by its size; what is known counts as it is."""
    seen = [s for s in strata if s.n]
    if not seen:
        return None
    share = sum(s.population * s.successes / s.n for s in seen) / sum(s.population for s in seen)
    population = sum(s.population for s in strata)
    return (known + share * population) / (n_known + population)


@lru_cache(maxsize=1_000)
def method_for(
    draws: tuple[Draw, ...], *, level: float, reference: float = REFERENCE, is_upper_only: bool = False
) -> Method:
    """The method that an allocation calls for, were `reference` of every stratum a success; what was seen has no say.

    is_upper_only: whether only the most failures matter, as for a threshold.
    """
    if len(draws) == 1:
        return "exact"
    failures = tuple(round((1 - reference) * n) for n, _ in draws)
    successes = tuple(n - failed for (n, _), failed in zip(draws, failures, strict=True))
    widths: dict[Method, int] = {}
    for method in ("pooled", "fisher"):
        kinds = (failures,) if is_upper_only else (failures, successes)
        widths[method] = sum(most(counts, draws, alpha=(1 - level) / 2, method=method) for counts in kinds)
    return "pooled" if widths["pooled"] <= widths["fisher"] else "fisher"


def most(counts: tuple[int, ...], draws: tuple[Draw, ...], *, alpha: float, method: Method) -> int:
    """The most of a kind in the population under which finding so few (`counts` by stratum) has p > alpha.

    A bisection does: what rejects some total rejects every larger one, since more of a kind are found more often.
    """
    if method == "fisher":
        return _most_by_fisher(counts, draws, alpha=alpha)
    seen, n, population = sum(counts), sum(drawn for drawn, _ in draws), sum(size for _, size in draws)
    if method == "exact":
        return population - lower_count(n - seen, n, population, alpha=alpha)
    low, high = seen, population - n + seen
    while low < high:
        middle = (low + high + 1) // 2
        if chance_of_so_few(counts, draws, middle, method=method) > alpha:
            low = middle
        else:
            high = middle - 1
    return low


def chance_of_so_few(counts: tuple[int, ...], draws: tuple[Draw, ...], total: int, *, method: Method) -> float:
    """A valid p-value: no way of spreading `total` over the strata makes finding so few more likely than this."""
    seen, n = sum(counts), sum(drawn for drawn, _ in draws)
    population = sum(size for _, size in draws)
    if total <= seen:
        return 1.0
    if method == "exact":
        return chance_at_most(seen, n, population, total)
    if method == "fisher":
        return _fisher_p(counts, draws, total)
    return _pooled_p(seen, n, population, total, least_mean(draws, total))


def least_mean(draws: tuple[Draw, ...], total: int) -> float:
    """The smallest expected number found, over all ways of spreading `total`: the strata drawn from least come first.

    >>> least_mean(((10, 100), (30, 100)), 150)
    25.0
    """
    mean, left = 0.0, total
    for n, size in sorted(draws, key=lambda draw: draw[0] / draw[1]):
        here = min(left, size)
        mean, left = mean + here * n / size, left - here
    return mean


def _pooled_p(seen: int, n: int, population: int, total: int, mean: float) -> float:
    """Hoeffding's bound of P(X <= seen), X a sum of independent Bernoullis of at least this mean; 1 where it is silent.

    X counts the kind among the looked at. The same event is told by the other kind among the looked at, and by both
    kinds among the rest, each a sum of as many Bernoullis as can be 1: the fewer these are, the tighter the binomial.
    """
    from scipy.special import bdtr, bdtrc

    if seen > mean - 1:
        return 1.0
    rest, other = population - n, population - total
    if rest - total + seen < 0:
        return 0.0  # more than the rest can hold
    bounds = [
        bdtr(seen, *_bernoullis(min(n, total), mean)),
        bdtrc(n - seen - 1, *_bernoullis(min(n, other), n - mean)),
        bdtrc(total - seen - 1, *_bernoullis(min(rest, total), total - mean)),
        bdtr(rest - total + seen, *_bernoullis(min(rest, other), rest - total + mean)),
    ]
    return float(min(bounds))


def _bernoullis(trials: int, mean: float) -> tuple[int, float]:
    return (trials, min(1.0, max(0.0, mean / trials))) if trials else (1, 0.0)


def _most_by_fisher(counts: tuple[int, ...], draws: tuple[Draw, ...], *, alpha: float) -> int:
    """Counts on while the logs may stay above Fisher's critical value: the cheapest step of any stratum first."""
    from scipy.stats import chi2

    free, losses, n_drawn = _log_losses(counts, draws)
    if not n_drawn:
        return free
    limit = float(chi2.isf(alpha, 2 * n_drawn)) / 2
    return free + int(np.searchsorted(np.cumsum(losses), limit, side="left"))


def _fisher_p(counts: tuple[int, ...], draws: tuple[Draw, ...], total: int) -> float:
    from scipy.stats import chi2

    free, losses, n_drawn = _log_losses(counts, draws)
    if total <= free:
        return 1.0
    if total - free > len(losses):
        return 0.0
    return float(chi2.sf(2 * losses[: total - free].sum(), 2 * n_drawn))


@lru_cache(maxsize=200)
def _log_losses(counts: tuple[int, ...], draws: tuple[Draw, ...]) -> tuple[int, NDArray[np.float64], int]:
    """What -log p grows by with each further one of the kind, cheapest first; how many are free; strata drawn from."""
    free, n_drawn, parts = 0, 0, [np.zeros(0)]
    for count, (n, size) in zip(counts, draws, strict=True):
        if n == 0 or count == n:  # nothing seen, or nothing but this kind: any number of it is fine
            free += size
            n_drawn += n > 0
            continue
        free, n_drawn = free + count, n_drawn + 1
        tails = log_tails(count, n, size)
        parts.append(_convex(np.diff(-tails[np.isfinite(tails)])))  # what is left out is out of reach
    return free, np.sort(np.concatenate(parts)), n_drawn


def log_tails(seen: int, n: int, size: int) -> NDArray[np.float64]:
    """log P(X <= seen | K) for K = seen, seen + 1, ... to size - (n - seen), n of `size` drawn; seen < n.

    Turning one more item into the kind lowers the tail by P(X = seen) times the chance that it was drawn as a miss:
    F(K + 1) = F(K) - pmf(seen | K) (n - seen) / (size - K), summed here from the far end so that small tails are exact.
    """
    from scipy.special import gammaln

    def log_choose(top: Any, bottom: Any) -> Any:
        return gammaln(top + 1.0) - gammaln(bottom + 1.0) - gammaln(top - bottom + 1.0)

    kinds = np.arange(seen, size - (n - seen) + 1)
    log_pmf = log_choose(kinds, seen) + log_choose(size - kinds, n - seen) - log_choose(size, n)
    steps = np.exp(log_pmf) * (n - seen) / (size - kinds)
    with np.errstate(divide="ignore"):
        logs: NDArray[np.float64] = np.minimum(0.0, np.log(np.cumsum(steps[::-1])[::-1]))
    logs[0] = 0.0  # so few is certain when there are no more
    return logs


def _convex(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Losses made never to fall (the slopes of the convex minorant of -log p): that allows more, never less."""
    if np.all(np.diff(losses) >= 0):
        return losses
    from sklearn.isotonic import isotonic_regression

    return np.asarray(isotonic_regression(losses), dtype=np.float64)
