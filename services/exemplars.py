"""The loop: an override becomes an exemplar, and its effect is measured on what it was not made from.

    good          what the person chose             bad   what had been suggested
    explanation   the reasons in words, then the note

Leaves out the similarity of texts (exemplar_likeness.py) and the weighing (trials.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from scoring.criteria_body import CriteriaBody, Exemplar


@dataclass(frozen=True, slots=True)
class Proposal:
    """An override as the exemplar it would make.

    margin: the run's best minus the person's choice, in the unit that ranks: how wrong the run was.
    similarity: 0 to 1, to the nearest exemplar of the body or proposal before it.
    """

    decision_id: int
    item_id: int
    position: int
    domain: str | None
    exemplar: Exemplar
    margin: float
    similarity: float
    reason: str  # one line: why it is worth adding


def proposals(
    sessions: sessionmaker[Session], *, run_id: int, body: CriteriaBody, domain: str | None = None, limit: int = 10
) -> tuple[Proposal, ...]:
    """Overrides most worth adding: still wrong under the run, largest wrong margin first, near duplicates left out.

    At most `limit` for each domain. domain: only that one; "" for items without a domain, None for all.
    """
    raise NotImplementedError


def exemplar_from_decision(sessions: sessionmaker[Session], decision_id: int) -> Proposal:
    """The exemplar that an override makes. NotFound, or Refused with one line (an accept, a tie, no bad side)."""
    raise NotImplementedError


def adopt_exemplar(
    sessions: sessionmaker[Session], body: CriteriaBody, *, domain: str | None, proposal: Proposal
) -> CriteriaBody:
    """The body with the exemplar added for the domain (None: the default); where it came from is remembered.

    A domain without an entry of its own gets the default's text first, which held for it until now.
    """
    raise NotImplementedError


def carry_origin(sessions: sessionmaker[Session], *, before: Exemplar, after: Exemplar) -> None:
    """An exemplar was edited: what it was made from is still never used to measure it."""
    raise NotImplementedError


def held_out_item_ids(sessions: sessionmaker[Session], *, run_id: int, body: CriteriaBody) -> tuple[int, ...]:
    """Decided items that the run ranked and that no exemplar of the body was made from or shares its prompt with."""
    raise NotImplementedError
