"""How much each criteria set counts in a profile's ranking, written down as a person would type it.

    helpful=1            in every domain
    safety:safety=2      in the domain `safety` only, where it replaces what counts in every domain

Kept in a page's address or on a command line, nowhere else. Leaves out the lifts that are weighted (profiles.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from services.criteria.store import CriteriaRow, find_criteria
from services.errors import NotFound, Refused

SETS_LIMIT = 12


@dataclass(frozen=True, slots=True)
class WeightedSets:
    """Criteria sets, each once, and their weights by name: for every domain, and where a domain says otherwise."""

    sets: tuple[CriteriaRow, ...]
    in_every_domain: Mapping[str, float]
    in_domain: Mapping[str, Mapping[str, float]]

    def of(self, domain: str | None) -> dict[str, float]:
        """The weight of every set in this domain; 0 where none was given.

        >>> WeightedSets((), {"a": 1.0}, {"safety": {"a": 2.0}}).of("safety")
        {'a': 2.0}
        """
        own = {} if domain is None else self.in_domain.get(domain, {})
        names = dict.fromkeys([*(row.name for row in self.sets), *self.in_every_domain])
        return {name: own.get(name, self.in_every_domain.get(name, 0.0)) for name in names}

    def to_texts(self) -> list[str]:
        """As `read_weights` takes them."""
        everywhere = [f"{name}={weight:g}" for name, weight in self.in_every_domain.items()]
        return everywhere + [
            f"{domain}:{name}={weight:g}" for domain, own in self.in_domain.items() for name, weight in own.items()
        ]


def read_weights(sessions: sessionmaker[Session], texts: Sequence[str]) -> WeightedSets:
    """Each text is NAME=WEIGHT or DOMAIN:NAME=WEIGHT; a name alone weighs 1. The latest version of a set counts.

    Raises Refused (no set, too many, a weight that is no number, one given twice) or NotFound (a set).
    """
    found: dict[str, CriteriaRow] = {}
    everywhere: dict[str, float] = {}
    by_domain: dict[str, dict[str, float]] = {}
    for text in texts:
        left, weight = _weight_of(text)
        domain, row = _domain_and_set(sessions, left)
        place = everywhere if domain is None else by_domain.setdefault(domain, {})
        if row.name in place:
            raise Refused(f"{left!r} is given twice; give each set one weight in a domain")
        place[row.name] = weight
        found.setdefault(row.name, row)
    if not 1 <= len(found) <= SETS_LIMIT:
        raise Refused(f"{len(found)} criteria sets to profile; give 1 to {SETS_LIMIT}, for example helpful=1")
    return WeightedSets(tuple(found.values()), everywhere, by_domain)


def _weight_of(text: str) -> tuple[str, float]:
    left, equals, right = text.rpartition("=")
    if not equals:
        return text.strip(), 1.0
    try:
        weight = float(right)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight):
        raise Refused(f"the weight in {text!r} is {right!r}; it must be a number, for example helpful=0.5")
    return left.strip(), weight


def _domain_and_set(sessions: sessionmaker[Session], left: str) -> tuple[str | None, CriteriaRow]:
    """A set of exactly that name comes first, then the longest name that leaves a domain: both may hold colons."""
    parts = left.split(":")
    for n in range(len(parts) - 1):
        try:
            return _joined(parts[:n]) or None, find_criteria(sessions, _joined(parts[n:]))
        except NotFound:
            continue
    return _joined(parts[:-1]) or None, find_criteria(sessions, parts[-1].strip())


def _joined(parts: Sequence[str]) -> str:
    return ":".join(parts).strip()
