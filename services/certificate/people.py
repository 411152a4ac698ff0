"""What the decisions say of the people who made them: agreement, anchoring, position, fatigue, self-consistency,
gold.

Leaves out how the figures are computed (services/people) and groups of taste, which are a guide, not evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from services.certificate.canonical import Json
from services.certificate.figures import figure_json, share_json
from services.certificate.subject import Subject
from services.people.agreement import Agreement, agreement_of
from services.people.anchoring import Anchoring, anchoring_of
from services.people.answers import Answers, Person, read_answers
from services.people.consistency import Consistency, consistency_of
from services.people.fatigue import Fatigue, fatigue_of
from services.people.gold import GoldAccuracy, gold_of
from services.people.position import PositionBias, position_of


def people_sections(subject: Subject) -> dict[str, Json]:
    """Every section about people, from one reading of their answers. Anchoring is of answers under the run alone."""
    answers = read_answers(subject.sessions, dataset_id=subject.dataset_id)
    under_run = answers if subject.run_id is None else _under_run(subject)
    return {
        "agreement": _agreement(subject, agreement_of(answers)),
        "agreement_on_blind_looks": _agreement(subject, agreement_of(answers, is_blind_only=True)),
        "anchoring": _everyone(subject, anchoring_of(under_run), _anchoring),
        "position": _everyone(subject, position_of(under_run), _position),
        "fatigue": _everyone(subject, fatigue_of(under_run), _fatigue),
        "self_consistency": _everyone(subject, consistency_of(answers), _consistency),
        "gold": _everyone(subject, gold_of(answers), _gold),
    }


def _under_run(subject: Subject) -> Answers:
    return read_answers(subject.sessions, dataset_id=subject.dataset_id, run_id=subject.run_id)


def _everyone(subject: Subject, report: Any, described: Callable[[Any], dict[str, Json]]) -> dict[str, Json]:
    """A report's overall figure and each person's, by what people are called here."""
    return {"overall": described(report.overall), "by_person": _by_person(subject, report.by_person, described)}


def _by_person(
    subject: Subject, rows: Iterable[tuple[Person, Any]], described: Callable[[Any], dict[str, Json]]
) -> list[Json]:
    ordered = sorted(rows, key=lambda pair: pair[0].annotator_id)
    return [{"person": subject.called(person.annotator_id), **described(found)} for person, found in ordered]


def _agreement(subject: Subject, found: Agreement) -> Json:
    if not found.n_items:
        return None
    return {
        "n_items": found.n_items,
        "n_people": found.n_people,
        "same_answer": share_json(found.same),
        "alpha_nominal": figure_json(found.nominal),
        "alpha_ordinal": figure_json(found.ordinal),
        "alpha_strength": figure_json(found.strength),
        "cohens_kappa": figure_json(found.kappa),
        "kendalls_tau_b": figure_json(found.tau),
        "pairs": [
            {
                "people": [subject.called(pair.first.annotator_id), subject.called(pair.second.annotator_id)],
                "same_answer": share_json(pair.same),
                "cohens_kappa": figure_json(pair.kappa),
                "kendalls_tau_b": figure_json(pair.tau),
            }
            for pair in sorted(found.pairs, key=lambda one: (one.first.annotator_id, one.second.annotator_id))
        ],
    }


def _anchoring(found: Anchoring) -> dict[str, Json]:
    return {
        "agreed_when_shown": share_json(found.shown),
        "agreed_when_blind": share_json(found.blind),
        "difference": {"value": found.value, "low": found.low, "high": found.high},
    }


def _position(found: PositionBias) -> dict[str, Json]:
    return {"first_place_chosen": share_json(found.first), "expected": found.expected, "p_value": found.p_value}


def _fatigue(found: Fatigue) -> dict[str, Json]:
    return {
        "n_sittings": found.n_sittings,
        "longest": found.longest,
        "on_random_looks_only": found.is_random,
        "agreement_per_100_answers": figure_json(found.agreement),
        "speed_per_100_answers": figure_json(found.speed),
        "median_seconds": figure_json(found.seconds),
    }


def _consistency(found: Consistency) -> dict[str, Json]:
    return {"same_answer": share_json(found.same), "n_without_choice": found.n_without_choice}


def _gold(found: GoldAccuracy) -> dict[str, Json]:
    return {
        "right": share_json(found.right),
        "right_when_blind": share_json(found.blind),
        "suggestion_right": share_json(found.suggestion),
        "n_ties": found.n_ties,
    }
