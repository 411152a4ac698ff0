"""A pair map in words: correlations, costs and what counted, for screens and the terminal. Pure strings.

Every share and correlation stands with its n and its 95 % interval. Leaves out figures (charts/map.py).
"""

from __future__ import annotations

from services.pair_map.pick import Pick, RankedPair
from services.pair_map.read import MapPair, PairMap
from services.statistics.bootstrap import Difference
from services.statistics.correlation import MapCorrelation
from services.statistics.intervals import Share

JUDGED_WORDS = {
    "any": "people's decisions, else gold",
    "decided": "people's decisions only",
    "gold": "gold only",
    "decisions": "people's decisions",
}
BASELINE_WORDS = {"shortest": "the shortest response", "longest": "the longest response", "random": "picking at random"}
FEW_MODELS = 4


def pair_name(strong: str, weak: str) -> str:
    """How a pair is called everywhere."""
    return f"{strong} over {weak}"


def correlation_line(name: str, found: MapCorrelation | None) -> str:
    """A correlation by name with what it rests on."""
    if found is None or found.value is None:
        return f"{name}: {correlation_words(found)}"
    return f"{name} {correlation_words(found)}"


def correlation_words(found: MapCorrelation | None) -> str:
    """A correlation with what it rests on: models, not pairs, are what was sampled."""
    if found is None or found.value is None:
        return "nothing to correlate yet"
    of = f"{found.n_pairs} pairs of {found.n_models} models"
    if found.low is None or found.high is None:
        return f"{found.value:+.2f} ({of}; an interval takes {FEW_MODELS} models or more)"
    chance = "" if found.p_value is None else f", p {p_words(found.p_value)}"
    return f"{found.value:+.2f} (95 % interval {found.low:+.2f} to {found.high:+.2f} over models, {of}{chance})"


def upward_line(found: MapCorrelation | None) -> str:
    """The same among the pairs that anybody would choose from."""
    return correlation_line("Only pairs whose strong model is the better one: Pearson", found)


def p_words(p_value: float) -> str:
    """A p-value with as many digits as matter.

    >>> p_words(0.0412), p_words(0.0002)
    ('= 0.041', 'below 0.001')
    """
    return "below 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def verdict(found: MapCorrelation | None) -> str:
    """What the correlation says, in a sentence."""
    if found is None or found.value is None or found.low is None or found.high is None:
        return "Too few models to say whether the gap predicts accuracy."
    if found.low > 0:
        return "On this dataset a larger gap goes with a more accurate pair."
    if found.high < 0:
        return "On this dataset a larger gap goes with a less accurate pair."
    return "On this dataset the gap does not predict which pair is accurate: the interval holds 0."


def basis_line(found: PairMap) -> str:
    """How many items count and why the others do not."""
    parts = [f"{found.n:,} of {found.n_items:,} items count, judged by {JUDGED_WORDS[found.judged_by]}"]
    if found.n_decided and found.judged_by == "any":
        parts.append(f"{found.n_decided:,} by a person")
    if found.n_fell_out:
        parts.append(f"{found.n_fell_out:,} fell out: some pair of the map has no reward for them")
    if found.n_unjudged:
        parts.append(f"{found.n_unjudged:,} were weighed, but nobody says which response is right")
    return "; ".join(parts) + "."


def performance_line(found: PairMap) -> str:
    """Where the models' performances are from."""
    if found.performance_from == "given":
        return "Performance: the numbers given for the models."
    line = f"Performance: how often a model's {found.performance_from}, ranks the right response first on these items."
    if found.n_given:
        line += f" {found.n_given} of {len(found.models)} models have a number of their own; all need one to be used."
    return line


def cost_words(per_thousand_s: float | None) -> str:
    """Seconds for 1,000 responses; a dash where nothing measured them."""
    if per_thousand_s is None:
        return "–"
    return f"{per_thousand_s:.1f} s" if per_thousand_s < 100 else f"{per_thousand_s:,.0f} s"


def memory_words(memory_bytes: int | None) -> str:
    """Weights of both models as loaded."""
    if not memory_bytes:
        return "–"
    return f"{memory_bytes / 1e9:.1f} GB" if memory_bytes >= 1e9 else f"{memory_bytes / 1e6:.1f} MB"


def short_share(share: Share) -> str:
    """A share with its interval where n stands in the heading."""
    if share.value is None or share.low is None or share.high is None:
        return "–"
    return f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"


def gap_words(pair: MapPair) -> str:
    """The gap with its sign."""
    return "–" if pair.gap is None else f"{pair.gap:+.3f}"


def behind_words(behind: Difference | None) -> str:
    """How far the best is ahead, in percentage points with their interval, and whether that is noise."""
    if behind is None:
        return "the best"
    if behind.value is None or behind.low is None or behind.high is None:
        return "not known"
    span = f"{100 * behind.value:.1f} ({100 * behind.low:.1f} to {100 * behind.high:.1f})"
    if not behind.is_noise:
        return span
    by_signs = behind.low > 0 and behind.p_value is not None  # the interval alone would call it a difference
    return f"{span} noise, p {p_words(behind.p_value or 0.0)}" if by_signs else f"{span} noise"


def pick_line(found: Pick) -> str:
    """What the ranking says, in a sentence or two."""
    if not found.ranked:
        return "Nothing to rank by yet: decide on some items, or import a file with gold."
    best = found.ranked[0]
    basis = f"{found.n:,} items judged by {JUDGED_WORDS[found.judged_by]}"
    name = pair_name(best.pair.strong, best.pair.weak)
    if len(found.ranked) == 1:
        return f"The only pair on {basis}: {name}."
    if not found.n_as_good:
        return f"First on {basis}: {name}. Every other pair is behind it by more than noise."
    others = "One other pair is" if found.n_as_good == 1 else f"{found.n_as_good} other pairs are"
    return f"First on {basis}: {name}. {others} within noise of it. {_cheapest(found)}"


def _cheapest(found: Pick) -> str:
    as_good = [one for one in found.ranked if one.is_as_good]
    measured: list[RankedPair] = [one for one in as_good if one.pair.per_thousand_s is not None]
    if not measured:
        return "What they cost was not measured."
    best = min(measured, key=lambda one: one.pair.per_thousand_s or 0.0)
    among = "these" if len(measured) == len(as_good) else f"the {len(measured)} whose cost was measured"
    return f"Of {among} {pair_name(best.pair.strong, best.pair.weak)} costs least."
