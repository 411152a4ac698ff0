"""What the decisions prove, section by section: accuracy with its bound, calibration, labels accepted unlooked.

Every figure comes from the verb of the audit that the screens use, asked as of the certificate's cut: a second
derivation is the same question asked again. Leaves out identities (identities.py) and people (people.py).
"""

from __future__ import annotations

from dataclasses import replace

from db.queries_audit import standing_auto
from services.audit.accuracy import accuracy_of
from services.audit.auto_accept import propose
from services.audit.auto_accept_rows import OVERTAKING, list_auto_accepts
from services.audit.calibrate import MIN_DECISIONS
from services.audit.outcomes import run_outcomes
from services.audit.rows import AutoAcceptRow, ThresholdRow
from services.certificate.as_of import as_of
from services.certificate.canonical import Json
from services.certificate.subject import Subject
from services.errors import Refused
from services.labels import labels_of
from services.looks.plans import list_plans
from services.statistics.calibration import Curve, fit
from services.statistics.exact import Bound
from services.statistics.intervals import Share
from services.statistics.threshold import Search


def accuracy_section(subject: Subject) -> list[Json]:
    """For every sample under the run: the share of its suggestions that people agree with, with a bound."""
    if subject.run_id is None:
        return []
    plans = list_plans(subject.sessions, dataset_id=subject.dataset_id, with_closed=True)
    samples = sorted(plan.plan_id for plan in plans if plan.is_sample and plan.run_id == subject.run_id)
    return [_accuracy(subject, plan_id) for plan_id in samples]


def _accuracy(subject: Subject, plan_id: int) -> Json:
    found = accuracy_of(subject.sessions, plan_id)
    return {
        "plan_id": plan_id,
        "level": found.level,
        "bound": bound_json(found.bound),
        "exact": bound_json(found.exact),
        "prediction_powered": None if found.prediction_powered is None else bound_json(found.prediction_powered),
        "blind_looks_only": bound_json(found.blind),
        "by_domain": [{"domain": name, **bound_json(bound)} for name, bound in found.by_domain],
        "by_stratum": [{"stratum": name, **bound_json(bound)} for name, bound in found.by_stratum],
        "n_suggestions": found.n_suggestions,
        "n_known_before": found.n_census,
        "n_counted": found.n_counted,
        "n_agree": found.n_agree,
        "n_unresolved": found.n_unresolved,
        "n_decided_otherwise": found.n_otherwise,
        "n_beyond_first_gap": found.n_beyond,
    }


def calibration_section(subject: Subject) -> Json:
    """How often people agree at a margin: a guide, on which no bound rests. None with too few decisions."""
    if subject.run_id is None:
        return None
    outcomes = run_outcomes(subject.sessions, subject.run_id, dataset_id=subject.dataset_id)
    if len(outcomes) < MIN_DECISIONS:
        return None
    found = fit(  # afresh: what a process keeps of an earlier fit is no second derivation
        [one.margin for one in outcomes],
        [int(one.agrees) for one in outcomes],
        domains=[one.domain for one in outcomes],
    )
    if found is None:
        return None
    return {
        "overall": _curve(found.overall),
        "by_domain": [{"domain": name, **_curve(curve)} for name, curve in sorted(found.by_domain.items())],
    }


def _curve(curve: Curve) -> dict[str, Json]:
    return {
        "n": curve.n,
        "n_agreed": curve.n_agreed,
        "method": curve.method,
        "brier": figure_json(curve.brier),
        "brier_of_plain_share": curve.brier_of_share,
        "expected_calibration_error": figure_json(curve.ece),
        "balance_score": figure_json(curve.balance),
        "bins": [
            {
                "confidence": one.confidence,
                "agreed": share_json(one.agreed),
                "margins": [one.lowest_margin, one.highest_margin],
            }
            for one in curve.bins
        ],
    }


def auto_accept_section(subject: Subject) -> list[Json]:
    """Every threshold applied under the run, its search derived again from the looks it rested on."""
    rows = list_auto_accepts(subject.sessions, dataset_id=subject.dataset_id)
    return [_auto_accept(subject, row) for row in sorted(rows, key=lambda row: row.auto_accept_id)]


def _auto_accept(subject: Subject, row: AutoAcceptRow) -> Json:
    derived = _derived(subject, row)
    return {
        "auto_accept_id": row.auto_accept_id,
        "run_id": row.run_id,
        "plan_id": row.plan_id,
        "target_error": row.target,
        "level": row.level,
        "is_per_domain": row.is_per_domain,
        "rests_on_decision": row.up_to,
        "made_at": f"{row.created_at.isoformat()}Z",
        "thresholds": [_threshold(one) for one in derived],
        "is_as_applied": [_threshold(one) for one in row.thresholds] == [_threshold(one) for one in derived],
        "n_accepted": row.n_items,
        "n_standing": _n_standing(subject, row.auto_accept_id),
    }


def _n_standing(subject: Subject, auto_accept_id: int) -> int:
    """Labels neither revoked nor overtaken by people at the cut; the row itself says only what is so now."""
    with subject.sessions() as session:
        overtaken = {
            item_id
            for item_id, label in labels_of(session, subject.dataset_id, with_auto=False).items()
            if label.state in OVERTAKING
        }
        return sum(item_id not in overtaken for _, item_id in standing_auto(session, auto_accept_id))


def _derived(subject: Subject, row: AutoAcceptRow) -> tuple[ThresholdRow, ...]:
    """The thresholds as the looks of that moment give them."""
    if row.plan_id is None:
        return ()
    places = tuple((plan, row.n_places if plan == row.plan_id else n) for plan, n in subject.cut.n_places)
    then = as_of(
        subject.sessions, replace(subject.cut, decision_id=min(row.up_to, subject.cut.decision_id), n_places=places)
    )
    try:
        found = propose(then, plan_id=row.plan_id, target=row.target, level=row.level, is_per_domain=row.is_per_domain)
    except Refused:
        return ()
    return found.thresholds


def _threshold(row: ThresholdRow) -> Json:
    return {"domain": row.domain, "n_accepted": row.n_accepted, **_search(row.search)}


def _search(search: Search) -> dict[str, Json]:
    chosen = search.chosen
    return {
        "threshold": None if chosen is None else chosen.threshold,
        "reason": search.reason,
        "n_looks": None if chosen is None else chosen.n_looks,
        "n_errors": None if chosen is None else chosen.n_errors,
        "error_at_most": None if chosen is None else search.target,  # never the limit at the one that was chosen
        "n_labels": None if chosen is None else chosen.n_labels,
        "path": [
            [one.threshold, one.n_looks, one.n_errors, one.upper_unlooked, one.was_tested, one.passed]
            for one in search.path
        ],
    }


def share_json(share: Share) -> dict[str, Json]:
    """A share with its n and interval."""
    return {"n": share.n, "value": share.value, "low": share.low, "high": share.high}


def bound_json(bound: Bound) -> dict[str, Json]:
    """A share of a population with an exact or prediction-powered interval."""
    return {
        "n": bound.n,
        "value": bound.value,
        "low": bound.low,
        "high": bound.high,
        "method": bound.method,
        "n_unresolved": bound.n_unresolved,
        "population": bound.population,
    }


def figure_json(figure: object) -> dict[str, Json]:
    """Anything with n, value, low and high."""
    return {name: getattr(figure, name) for name in ("n", "value", "low", "high")}
