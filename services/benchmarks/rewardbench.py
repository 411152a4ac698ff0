"""RewardBench's scores out of its subsets' accuracies: sections by their weights, then the whole. Pure functions.

    section     = sum of weight * accuracy over its subsets that are there / sum of those weights
    score       = mean of the four sections
    with prior  = (2 * each section + mean of the prior sets) / 9

Equal to PyPI rewardbench 0.1.4: `calculate_scores_per_section` and, for the two means, `get_average_over_rewardbench`
of its results page, which takes prior sets with half a section's weight where a model has them. A section of which no
subset is there has no score here (the package's first function says 0, its second fails), and then the whole has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.benchmarks.intervals import weighted
from services.benchmarks.rewardbench_sets import PRIOR_SETS, PRIOR_WEIGHT, SECTION_WEIGHT, SECTIONS, SUBSETS_2
from services.statistics.intervals import Share

SCORE, PRIOR, SCORE_WITH_PRIOR = "Score", "Prior Sets", "Score with prior sets"
NOTHING = Share(0, None, None, None)


def section_scores(accuracy_by_subset: Mapping[str, Share]) -> dict[str, Share]:
    """The four sections, the score, and with prior sets two more; a score that cannot be told has no value."""
    found = {
        section: weighted([(weight, accuracy_by_subset.get(name, NOTHING)) for name, weight in weights.items()])
        for section, weights in SECTIONS.items()
    }
    is_whole = all(share.value is not None for share in found.values())
    four = [(float(SECTION_WEIGHT), share) for share in found.values()]
    scores = {**found, SCORE: weighted(four) if is_whole else NOTHING}
    prior = weighted([(1.0, accuracy_by_subset.get(name, NOTHING)) for name in PRIOR_SETS])
    if prior.value is None:
        return scores
    with_prior = weighted([*four, (float(PRIOR_WEIGHT), prior)]) if is_whole else NOTHING
    return {**scores, PRIOR: prior, SCORE_WITH_PRIOR: with_prior}


def subset_scores_2(score_by_subset: Mapping[str, Share]) -> dict[str, Share]:
    """RewardBench 2: its subsets in the published order, then any others, and the mean of those that have a score."""
    known = [name for name in SUBSETS_2 if name in score_by_subset]
    names = [*known, *(name for name in score_by_subset if name not in SUBSETS_2)]
    found = {name: score_by_subset[name] for name in names}
    return {**found, SCORE: weighted([(1.0, share) for share in found.values()])}


def missing_subsets(names: Mapping[str, object]) -> list[str]:
    """RewardBench subsets that a dataset has no item of, in the published order."""
    return [subset for weights in SECTIONS.values() for subset in weights if subset not in names]
