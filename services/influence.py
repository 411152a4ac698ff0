"""Where to look again: undecided suggestions most like overridden ones, decided items at odds with their neighbours.

Likeness is of texts (TF-IDF of the prompt's last turn and the suggested response). A guide to the eye, never a proof:
what it finds is not a sample, so looking at it narrows no bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker


@dataclass(frozen=True, slots=True)
class LikeOverridden:
    """An undecided suggestion, and the overridden one it is most like."""

    item_id: int
    position: int
    prompt: str  # the last turn, as text of the file: untrusted
    score: float  # 0 to 1: likeness to overrides of one reason, less the likeness to accepted ones
    reason: str | None  # the reason those overrides share; None where no reason was given
    n_alike: int  # overrides of that reason among the nearest
    nearest_item_id: int
    nearest_position: int
    likeness: float  # cosine to the nearest, 0 to 1


@dataclass(frozen=True, slots=True)
class AtOdds:
    """A decided item whose most similar decided items went the other way."""

    item_id: int
    position: int
    prompt: str
    agrees: bool  # what people decided here: the suggestion, or not
    n_other: int  # of its neighbours, those that went the other way
    n_neighbours: int
    score: float  # 0 to 1
    nearest_item_id: int  # the most similar one that went the other way
    nearest_position: int
    likeness: float


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Both lists, the strongest first, and what they rest on."""

    like_overridden: tuple[LikeOverridden, ...]
    at_odds: tuple[AtOdds, ...]
    n_overridden: int
    n_agreed: int
    n_undecided: int  # compared
    n_left_out: int  # undecided suggestions beyond the limit, not compared


def look_again(sessions: sessionmaker[Session], *, dataset_id: int, run_id: int, n: int = 20) -> LookAgain:
    """At most `n` of each list, under one run."""
    raise NotImplementedError
