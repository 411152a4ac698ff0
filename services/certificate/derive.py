"""All sections of a certificate from the database, in order, each on its own: building and verifying ask the same.

Leaves out comparing (verify.py) and keeping (build.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, sessionmaker

from services.certificate.as_of import Cut
from services.certificate.canonical import Json, rounded
from services.certificate.figures import accuracy_section, auto_accept_section, calibration_section
from services.certificate.identities import (
    counts_section,
    dataset_section,
    evidence_section,
    plans_section,
    run_section,
)
from services.certificate.people import people_sections
from services.certificate.subject import subject_of
from services.errors import ServiceError

ABOUT_PEOPLE = (
    "anchoring", "agreement", "agreement_on_blind_looks", "position", "fatigue", "self_consistency", "gold",
)  # fmt: skip
NOT_DERIVABLE = (ServiceError, NoResultFound, LookupError, TypeError, ValueError)  # rows that do not fit together


class Underivable(ServiceError):
    """The rows behind a section do not fit together: somebody changed them. Says how, in one line."""


def sections_of(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None, cut: Cut, has_names: bool
) -> Mapping[str, Callable[[], Json]]:
    """The sections by name, each to be derived when it is called. Raises NotFound; a section raises Underivable."""
    subject = subject_of(sessions, dataset_id=dataset_id, run_id=run_id, cut=cut, has_names=has_names)

    @cache
    def people() -> dict[str, Json]:
        return people_sections(subject)

    whole: dict[str, Callable[[], Any]] = {
        "dataset": lambda: dataset_section(subject),
        "run": lambda: run_section(subject),
        "evidence": lambda: evidence_section(subject),
        "plans": lambda: plans_section(subject),
        "counts": lambda: counts_section(subject),
        "accuracy": lambda: accuracy_section(subject),
        "auto_accepts": lambda: auto_accept_section(subject),
        "calibration": lambda: calibration_section(subject),
    }
    for name in ABOUT_PEOPLE:
        whole[name] = partial(_part, people, name)
    return {name: _guarded(name, derive) for name, derive in whole.items()}


def _part(whole: Callable[[], dict[str, Json]], name: str) -> Json:
    return whole()[name]


def _guarded(name: str, derive: Callable[[], Any]) -> Callable[[], Json]:
    def derived() -> Json:
        try:
            return rounded(derive())
        except NOT_DERIVABLE as error:
            raise Underivable(f"{name} cannot be derived: {type(error).__name__}: {error}") from error

    return derived
