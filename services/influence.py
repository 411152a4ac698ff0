"""Where to look again: undecided suggestions most like overridden ones, decided items at odds with their neighbours.

    like overridden   likeness to the NEAREST overridden items minus likeness to the NEAREST accepted ones (means)
    at odds           share of its NEIGHBOURS that went the other way, weighed by likeness, times the nearest such one's

Likeness is of texts: TF-IDF of the prompt's last turn and the suggested response. A guide to the eye, never a proof:
what it finds is no sample, so looking at it narrows no bound. Labels accepted unlooked count as undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from db.queries_influence import reasons_of_overrides, suggested_texts, suggested_tops
from services.labels import UNDECIDED, labels_of
from services.statistics.likeness import nearest, vectors

NEAREST = 3  # overridden, and accepted, items that a suggestion is compared with
NEIGHBOURS = 5  # decided items that a decided item is compared with
UNDECIDED_LIMIT, DECIDED_LIMIT = 20_000, 5_000  # compared at most: evenly spread, and the latest
CHARACTERS = 1_000  # of the prompt and of the response: what they are about shows early
LEAST = 0.05  # likeness below it is chance
LEAST_ALIKE = 0.15  # to the nearest overridden item, for a suggestion to be listed
PROMPT_SHOWN = 200


@dataclass(frozen=True, slots=True)
class LikeOverridden:
    """An undecided suggestion, and the overridden one it is most like."""

    item_id: int
    position: int  # 0-based
    prompt: str  # the last turn, cut: text of the file, untrusted
    score: float  # mean likeness to the nearest overridden items minus that to the nearest accepted ones
    reason: str | None  # what those overrides were for, most of all; None where no reason was given
    n_alike: int  # how many of them say so
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


@dataclass(frozen=True, slots=True)
class _Known:
    """What is compared: ids in one order, with their rows of the matrix."""

    agrees_by_item: Mapping[int, bool]
    undecided: Sequence[int]
    texts: Mapping[int, tuple[int, Any, str]]
    reasons: Mapping[int, Sequence[str]]
    row_by_item: Mapping[int, int]
    matrix: Any  # (items, words)

    def rows(self, item_ids: Sequence[int]) -> Any:
        return self.matrix[[self.row_by_item[item_id] for item_id in item_ids]]


def look_again(sessions: sessionmaker[Session], *, dataset_id: int, run_id: int, n: int = 20) -> LookAgain:
    """At most `n` of each list, under one run."""
    known, n_left_out = _read(sessions, dataset_id, run_id)
    overridden = [item_id for item_id, agrees in known.agrees_by_item.items() if not agrees]
    agreed = [item_id for item_id, agrees in known.agrees_by_item.items() if agrees]
    return LookAgain(
        like_overridden=_like_overridden(known, overridden, agreed, n),
        at_odds=_at_odds(known, [*overridden, *agreed], n),
        n_overridden=len(overridden),
        n_agreed=len(agreed),
        n_undecided=len(known.undecided),
        n_left_out=n_left_out,
    )


def _read(sessions: sessionmaker[Session], dataset_id: int, run_id: int) -> tuple[_Known, int]:
    with sessions() as session:
        tops = suggested_tops(session, run_id)
        labels = labels_of(session, dataset_id, with_auto=False)
        settled = [label for label in labels.values() if label.is_human and label.item_id in tops]
        settled.sort(key=lambda label: -(label.decision_id or 0))
        agrees = {one.item_id: one.chosen_candidate_id in tops[one.item_id] for one in settled[:DECIDED_LIMIT]}
        waiting = [item for item in tops if item not in labels or labels[item].state == UNDECIDED]
        undecided = _spread(waiting, UNDECIDED_LIMIT) if not all(agrees.values()) else []
        compared = [*agrees, *undecided]
        texts = suggested_texts(session, run_id, compared, characters=CHARACTERS) if agrees else {}
        reasons = reasons_of_overrides(session, dataset_id)
    compared = [item_id for item_id in compared if item_id in texts]
    matrix = vectors([_text(texts[item_id]) for item_id in compared]) if compared else None
    rows = {item_id: row for row, item_id in enumerate(compared)}
    return _Known(agrees, undecided, texts, reasons, rows, matrix), len(waiting) - len(undecided) if undecided else 0


def _spread(item_ids: Sequence[int], limit: int) -> list[int]:
    """At most `limit` of them, evenly over the file."""
    if len(item_ids) <= limit:
        return list(item_ids)
    return [item_ids[int(place)] for place in np.linspace(0, len(item_ids) - 1, limit)]


def _text(found: tuple[int, Any, str]) -> str:
    _, messages, response = found
    return f"{_last_turn(messages)[:CHARACTERS]}\n{response}"


def _last_turn(messages: Any) -> str:
    return str(messages[-1].get("content", "")) if messages else ""


def _like_overridden(
    known: _Known, overridden: Sequence[int], agreed: Sequence[int], n: int
) -> tuple[LikeOverridden, ...]:
    if not overridden or not known.undecided:
        return ()
    agreed_rows = known.rows(agreed) if agreed else None
    places, cosines, scores = likeness_to_overridden(known.rows(known.undecided), known.rows(overridden), agreed_rows)
    best = [row for row in np.argsort(-scores, kind="stable") if cosines[row, 0] >= LEAST_ALIKE][:n]
    return tuple(_likely(known, overridden, int(row), places[row], cosines[row], float(scores[row])) for row in best)


def likeness_to_overridden(rows: Any, overridden: Any, agreed: Any | None) -> tuple[Any, Any, Any]:
    """The nearest overridden items of each row, their cosines, and the score by which rows are listed.

    Args:
        rows, overridden, agreed: (n, words) as `vectors` makes them, of one fit; agreed None: nothing was accepted.
    """
    places, cosines = nearest(rows, overridden, NEAREST)
    scores = cosines.mean(axis=1)
    if agreed is not None:
        scores = scores - nearest(rows, agreed, NEAREST)[1].mean(axis=1)
    return places, cosines, scores


def _likely(
    known: _Known, overridden: Sequence[int], row: int, places: NDArray[Any], cosines: NDArray[Any], score: float
) -> LikeOverridden:
    item_id, near = known.undecided[row], [overridden[int(place)] for place in places]
    reason, n_alike = _shared_reason(known.reasons, near, cosines)
    position, messages, _ = known.texts[item_id]
    return LikeOverridden(
        item_id, position, _last_turn(messages)[:PROMPT_SHOWN], score, reason, n_alike,
        near[0], known.texts[near[0]][0], float(cosines[0]),
    )  # fmt: skip


def _shared_reason(
    reasons: Mapping[int, Sequence[str]], near: Sequence[int], cosines: Sequence[float] | NDArray[Any]
) -> tuple[str | None, int]:
    """The reason with the most likeness behind it, and how many of the near items carry it."""
    weights: dict[str, float] = {}
    for item_id, cosine in zip(near, cosines, strict=True):
        for tag in dict.fromkeys(reasons.get(item_id, ())):
            weights[tag] = weights.get(tag, 0.0) + float(cosine)
    if not weights:
        return None, 0
    reason = max(weights, key=lambda tag: weights[tag])
    return reason, sum(reason in reasons.get(item_id, ()) for item_id in near)


def _at_odds(known: _Known, decided: Sequence[int], n: int) -> tuple[AtOdds, ...]:
    if len(decided) < 2:
        return ()
    rows = known.rows(decided)
    places, cosines = nearest(rows, rows, NEIGHBOURS, is_same=True)
    agrees = np.array([known.agrees_by_item[item_id] for item_id in decided])
    is_other = agrees[places] != agrees[:, None]
    weights = np.where(cosines >= LEAST, cosines, 0.0)
    share = (weights * is_other).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    nearest_other = np.where(is_other, weights, 0.0).max(axis=1)
    scores = share * nearest_other
    best = [int(row) for row in np.argsort(-scores, kind="stable")[:n] if share[row] > 0.5]
    return tuple(
        _odd(known, decided, row, places[row], weights[row], is_other[row], float(scores[row])) for row in best
    )


def _odd(
    known: _Known, decided: Sequence[int], row: int, places: NDArray[Any], weights: NDArray[Any],
    is_other: NDArray[Any], score: float,
) -> AtOdds:  # fmt: skip
    item_id = decided[row]
    at = int(np.argmax(np.where(is_other, weights, -1.0)))
    other = decided[int(places[at])]
    position, messages, _ = known.texts[item_id]
    return AtOdds(
        item_id, position, _last_turn(messages)[:PROMPT_SHOWN], known.agrees_by_item[item_id],
        int((is_other & (weights > 0)).sum()), int((weights > 0).sum()), score,
        other, known.texts[other][0], float(weights[at]),
    )  # fmt: skip
