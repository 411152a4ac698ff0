"""Whether a decision that came with a file says one thing: its verdict, its choice, its ranking, its suggestion.

A decision cannot be deleted once it is in, so what contradicts itself must not come in: a file could else count an
override as an accept, or bring a suggestion that no page can read. The rules are those of deciding (services/verdicts).
Leaves out reading the single values (decision_rows.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from db.tables import utc_now
from services.errors import Refused
from services.formats.drafts import DecisionDraft
from services.formats.messages import kind_of
from services.formats.problems import BadRow
from services.verdicts import chosen_of, require_strength, verdict_of_best, verdict_of_ranking

AHEAD_LIMIT = timedelta(days=1)  # clocks differ, and some write the time of their own zone
PREFERRING = ("accept", "override")


def require_sense(draft: DecisionDraft, n_candidates: int) -> None:
    """Raises BadRow, in one line, for the first thing that cannot be."""
    ranking = draft.ranking
    if draft.kind == "auto" and draft.verdict not in ("accept", "undo"):
        raise BadRow(f"the verdict is {draft.verdict!r}; unlooked, a suggestion can only be accepted")
    if draft.verdict in PREFERRING:
        _require_preference(draft)
    elif draft.chosen is not None:
        raise BadRow(f"the verdict is {draft.verdict!r}, which chooses nobody, but chosen_candidate_id is given")
    elif draft.verdict == "tie" and len(ranking) > 1:
        raise BadRow(f"the verdict is 'tie', but the ranking has {len(ranking)} places")
    elif draft.verdict != "tie" and ranking:
        raise BadRow(f"the verdict is {draft.verdict!r}, which ranks nobody, but a ranking is given")
    if not all(ranking):
        raise BadRow("a ranking has an empty place")
    try:
        require_strength(draft.strength, range(n_candidates), ranking)
    except Refused as problem:
        raise BadRow(str(problem)) from None
    if draft.created_at > utc_now() + AHEAD_LIMIT:
        raise BadRow(f"created_at is {draft.created_at:%Y-%m-%d}, which is still to come")


def _require_preference(draft: DecisionDraft) -> None:
    ranking, chosen = draft.ranking, draft.chosen
    if draft.request == "rank":
        if len(ranking) < 2 or chosen != chosen_of(ranking):
            raise BadRow("the ranking and chosen_candidate_id do not name the same best")
    elif chosen is None:
        raise BadRow(f"the verdict is {draft.verdict!r}, but chosen_candidate_id is missing")
    elif ranking and chosen not in ranking[0]:
        raise BadRow("chosen_candidate_id does not stand first in the ranking")
    best = draft.suggestion.get("best")
    if best is not None and draft.suggested not in (None, best):
        raise BadRow("suggested_candidate_id is not the best of suggestion_json")
    suggested = _places(draft.suggestion)
    if draft.request == "rank" or chosen is None:
        found = verdict_of_ranking(ranking, suggested)
    else:
        found = verdict_of_best(chosen, suggested)
    if found != draft.verdict:
        raise BadRow(f"the verdict is {draft.verdict!r}, but compared with suggestion_json it is {found!r}")


def _places(suggestion: Mapping[str, Any]) -> list[list[int]]:
    return [group if isinstance(group, list) else [group] for group in suggestion.get("ranking") or []]


def require_readable(suggestion: Mapping[str, Any]) -> None:
    """Raises BadRow where a suggestion as it stood has not the types that its readers take for granted."""
    for name, kind in (("best", int), ("ranking", list), ("rewards", dict), ("not_weighed", dict)):
        value = suggestion.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
            raise BadRow(f"suggestion_json has {kind_of(value)} for {name!r}")
    numbers = {"margin": suggestion.get("margin"), **(suggestion.get("rewards") or {})}
    for name, value in numbers.items():
        if value is not None and not _is_number(value):
            raise BadRow(f"suggestion_json has for {name!r} no number that can be kept, but {kind_of(value)}")
    places = _places(suggestion)
    named = [one for group in places for one in group]
    if not all(places) or any(isinstance(one, bool) or not isinstance(one, int) for one in named):
        raise BadRow("suggestion_json has a ranking that is no list of candidates")
    if len(set(named)) < len(named):
        raise BadRow("suggestion_json ranks a candidate twice")
    if places and suggestion.get("best") not in (None, *places[0]):
        raise BadRow("suggestion_json has a best that does not stand first in its ranking")


def _is_number(value: Any) -> bool:
    """Whether it is a number that fits a double."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isinstance(value, float) or abs(value) < 2**63
