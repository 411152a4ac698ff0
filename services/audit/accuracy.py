"""How often people agree with a run, over the whole dataset, from the looks of a sample.

    all suggestions = population the sample was drawn from (estimated) + items settled before it was drawn (known)

Exact intervals for a finite population, stratum by stratum; the prediction-powered one beside them, quoted where it may
be used and is tighter. Leaves out the mathematics (services/statistics) and calibration for the screen (calibrate.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session, sessionmaker

from services.audit.outcomes import OTHERWISE, sample_outcomes
from services.audit.rows import Accuracy, Census, Outcome, SampleOutcomes
from services.statistics.exact import LEVEL, Bound
from services.statistics.planner import Cost
from services.statistics.stratified import Stratum, stratified_interval

Agreed = Callable[[Outcome], bool | None]


def accuracy_of(sessions: sessionmaker[Session], plan_id: int, *, level: float = LEVEL) -> Accuracy:
    """The share of the run's suggestions that people agree with, with a bound. Refused for a plan that is no sample."""
    return accuracy_from(sample_outcomes(sessions, plan_id), level=level)


def accuracy_from(found: SampleOutcomes, *, level: float = LEVEL) -> Accuracy:
    """The same from outcomes that were read already."""
    from services.statistics.prediction_powered import pick

    exact = bound_over(found.counted, found, census=found.census, level=level)
    powered = _prediction_powered(found, level=level)
    known = [one.agrees for one in found.counted]
    return Accuracy(
        plan_id=found.plan.plan_id,
        run_id=found.plan.run_id,
        level=level,
        bound=pick(exact, powered),
        exact=exact,
        prediction_powered=powered,
        blind=_blind(found, level=level),
        by_domain=_by_domain(found, level=level),
        by_stratum=_by_stratum(found, level=level),
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

    return looks_needed(
        width,
        share=found.exact.value,
        population=found.n_suggestions - found.n_census,
        n_so_far=found.n_counted,
        n_known=found.n_census,
        level=found.level,
    )


def bound_over(
    outcomes: Sequence[Outcome],
    found: SampleOutcomes,
    *,
    census: Census,
    level: float,
    domain: str | None = None,
    is_one_domain: bool = False,
    agreed: Agreed = lambda one: one.agrees,
) -> Bound:
    """The share of agreement over the population (or one domain of it) and a census, from these outcomes of it."""
    population = found.population
    sizes = Counter(
        stratum
        for stratum, its_domain in zip(population.strata, population.domains, strict=True)
        if not is_one_domain or its_domain == domain
    )
    strata = [_stratum(name, size, outcomes, agreed) for name, size in sorted(sizes.items())]
    return _with_census(strata, census, level=level)


def _stratum(name: str, size: int, outcomes: Sequence[Outcome], agreed: Agreed) -> Stratum:
    known = [agreed(one) for one in outcomes if one.stratum == name]
    n_unresolved = known.count(None)
    return Stratum(name, known.count(True), len(known) - n_unresolved, n_unresolved, size)


def _with_census(strata: Sequence[Stratum], census: Census, *, level: float) -> Bound:
    """Items of the census that came unsettled again count as wrong for the low end, as right for the high one."""
    low = stratified_interval(strata, level=level, census=(census.n_agree, census.n))
    if not census.n_unresolved:
        return low
    high = stratified_interval(strata, level=level, census=(census.n_agree + census.n_unresolved, census.n))
    return replace(low, high=high.high, n_unresolved=low.n_unresolved + census.n_unresolved)


def _blind(found: SampleOutcomes, *, level: float) -> Bound:
    """From items that the seed hides: a random part of a random sample. The census was not blind, so it is left out."""
    outcomes = [one for one in found.counted if one.is_blind]
    nothing = Census(0, 0, 0)
    return bound_over(outcomes, found, census=nothing, level=level, agreed=lambda one: one.blind_agrees)


def _by_domain(found: SampleOutcomes, *, level: float) -> tuple[tuple[str, Bound], ...]:
    names = sorted({*found.population.domains, *found.census_by_domain}, key=lambda name: (name is None, name or ""))
    if len(names) < 2:
        return ()
    return tuple(
        (
            name or "",
            bound_over(
                [one for one in found.counted if one.domain == name], found, level=level, domain=name,
                is_one_domain=True, census=found.census_by_domain.get(name, Census(0, 0, 0)),
            ),
        )
        for name in names
    )  # fmt: skip


def _by_stratum(found: SampleOutcomes, *, level: float) -> tuple[tuple[str, Bound], ...]:
    sizes = Counter(found.population.strata)
    if len(sizes) < 2:
        return ()
    return tuple(
        (name, stratified_interval([_stratum(name, size, found.counted, lambda one: one.agrees)], level=level))
        for name, size in sorted(sizes.items())
    )


def _prediction_powered(found: SampleOutcomes, *, level: float) -> Bound | None:
    """None where it may not be used: too few looks, too few of either outcome, or a census that came undone."""
    from services.statistics.prediction_powered import cross_fitted, interval

    agrees = [None if one.agrees is None else int(one.agrees) for one in found.counted]
    if len(set(agrees) - {None}) < 2 or found.census.n_unresolved:
        return None
    sizes = Counter(found.population.strata)
    return interval(
        agrees,
        cross_fitted([one.margin for one in found.counted], agrees, found.population.margins),
        population=len(found.population.item_ids),
        strata=[one.stratum for one in found.counted] if len(sizes) > 1 else None,
        stratum_population=dict(sizes) if len(sizes) > 1 else None,
        census=(found.census.n_agree, found.census.n),
        level=level,
    )
