"""How often people agree with a run, over the whole dataset, from the looks of a sample.

    all suggestions = population the sample was drawn from (estimated) + items settled before it was drawn (known)

Exact intervals for a finite population, stratum by stratum; the prediction-powered one beside them, quoted where it may
be used and is tighter. Leaves out the mathematics (services/statistics) and calibration for the screen (calibrate.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session, sessionmaker

from services.audit.outcomes import OTHERWISE, sample_outcomes
from services.audit.rows import Accuracy, Census, Outcome, SampleOutcomes
from services.statistics.exact import LEVEL, Bound
from services.statistics.planner import Cost
from services.statistics.stratified import Stratum, stratified_interval

Agreed = Callable[[Outcome], bool | None]
NOTHING_KNOWN = Census(0, 0, 0)


def accuracy_of(sessions: sessionmaker[Session], plan_id: int, *, level: float = LEVEL) -> Accuracy:
    """The share of the run's suggestions that people agree with, with a bound. Refused for a plan that is no sample."""
    return accuracy_from(sample_outcomes(sessions, plan_id), level=level)


def accuracy_from(found: SampleOutcomes, *, level: float = LEVEL) -> Accuracy:
    """The same from outcomes that were read already."""
    from services.statistics.prediction_powered import pick

    sizes = Counter(found.population.strata)
    exact = _bound(found.counted, sizes, found.census, level=level)
    powered = _prediction_powered(found, sizes, level=level)
    known = [one.agrees for one in found.counted]
    return Accuracy(
        plan_id=found.plan.plan_id,
        run_id=found.plan.run_id,
        level=level,
        bound=pick(exact, powered),
        exact=exact,
        prediction_powered=powered,
        blind=_blind(found, sizes, level=level),
        by_domain=_by_domain(found, level=level),
        by_stratum=_by_stratum(found, sizes, level=level),
        n_suggestions=found.n_suggestions,
        n_census=found.census.n,
        n_counted=len(known),
        n_agree=known.count(True),
        n_unresolved=known.count(None),
        n_otherwise=sum(one.how == OTHERWISE for one in found.counted),
        n_beyond=found.n_beyond,
        up_to=found.up_to,
    )


def looks_for_width(found: Accuracy, *, width: float) -> Cost:
    """What an interval of that width (high minus low) costs in looks, at the share seen so far."""
    from services.statistics.planner import looks_needed

    n_resolved = found.n_counted - found.n_unresolved
    return looks_needed(
        width,
        share=found.n_agree / n_resolved if n_resolved else None,  # of the looks alone: what was known costs none
        population=found.n_suggestions - found.n_census,
        n_so_far=found.n_counted,
        n_known=found.n_census,
        level=found.level,
    )


def _bound(
    outcomes: Iterable[Outcome],
    sizes: Mapping[str, int],
    census: Census,
    *,
    level: float,
    agreed: Agreed = lambda one: one.agrees,
) -> Bound:
    """The share of agreement over strata of these sizes and a census, from these outcomes.

    Items of the census that came unsettled again count as wrong for the low end, as right for the high one.
    """
    by_stratum: dict[str, list[bool | None]] = {name: [] for name in sorted(sizes)}
    for one in outcomes:
        by_stratum[one.stratum].append(agreed(one))
    strata = [_stratum(name, sizes[name], known) for name, known in by_stratum.items()]
    low = stratified_interval(strata, level=level, census=(census.n_agree, census.n))
    if not census.n_unresolved:
        return low
    high = stratified_interval(strata, level=level, census=(census.n_agree + census.n_unresolved, census.n))
    return replace(low, high=high.high, n_unresolved=low.n_unresolved + census.n_unresolved)


def _stratum(name: str, size: int, known: Sequence[bool | None]) -> Stratum:
    n_unresolved = known.count(None)
    return Stratum(name, known.count(True), len(known) - n_unresolved, n_unresolved, size)


def _blind(found: SampleOutcomes, sizes: Mapping[str, int], *, level: float) -> Bound:
    """From items that the seed hides: a random part of a random sample. The census was not blind, so it is left out."""
    outcomes = [one for one in found.counted if one.is_blind]
    return _bound(outcomes, sizes, NOTHING_KNOWN, level=level, agreed=lambda one: one.blind_agrees)


def _by_domain(found: SampleOutcomes, *, level: float) -> tuple[tuple[str, Bound], ...]:
    """A part of the population as large as it is, and the looks that fell into it: random there as well."""
    sizes: dict[str | None, Counter[str]] = {domain: Counter() for domain in found.census_by_domain}
    for domain, stratum in zip(found.population.domains, found.population.strata, strict=True):
        sizes.setdefault(domain, Counter())[stratum] += 1
    looks: dict[str | None, list[Outcome]] = {domain: [] for domain in sizes}
    for one in found.counted:
        looks[one.domain].append(one)
    if len(sizes) < 2:
        return ()
    in_order = sorted(sizes, key=lambda name: (name is None, name or ""))
    census = found.census_by_domain
    return tuple(
        (name or "", _bound(looks[name], sizes[name], census.get(name, NOTHING_KNOWN), level=level))
        for name in in_order
    )


def _by_stratum(found: SampleOutcomes, sizes: Mapping[str, int], *, level: float) -> tuple[tuple[str, Bound], ...]:
    if len(sizes) < 2:
        return ()
    known = {name: [one.agrees for one in found.counted if one.stratum == name] for name in sorted(sizes)}
    return tuple(
        (name, stratified_interval([_stratum(name, sizes[name], its)], level=level)) for name, its in known.items()
    )


def _prediction_powered(found: SampleOutcomes, sizes: Mapping[str, int], *, level: float) -> Bound | None:
    """None where it may not be used: too few looks, too few of either outcome, or a census that came undone."""
    from services.statistics.prediction_powered import cross_fitted, interval

    agrees = [None if one.agrees is None else int(one.agrees) for one in found.counted]
    if len(set(agrees) - {None}) < 2 or found.census.n_unresolved:
        return None
    return interval(
        agrees,
        cross_fitted([one.margin for one in found.counted], agrees, found.population.margins),
        population=len(found.population.item_ids),
        strata=[one.stratum for one in found.counted] if len(sizes) > 1 else None,
        stratum_population=dict(sizes) if len(sizes) > 1 else None,
        census=(found.census.n_agree, found.census.n),
        level=level,
    )
