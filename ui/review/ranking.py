"""Ranking by keys: number keys place responses best first, 0 ties the next one with the last, Enter saves.

    K  2  4  0  1  Enter        B, then D and A together; of the others nothing is said

The ranking in the making belongs to one screen and is kept for this session only: it is saved whole or not at all.
Two number keys within one run of the page come without their order, so neither counts and a line says so. Leaves out
what a ranking says about the suggestion (services/verdicts.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from services.reviews.rows import ReviewCandidate, ReviewItem
from ui.review.actions import NOTICE, Turn, after, commit, is_on_screen, key, on_choose, on_verdict

RANKING = "review_ranking"  # session key: (the screen it belongs to, Draft)
PRESSED = "review_rank_pressed"  # session key: a number key came in this run of the page already
NUMBER_KEYS = 9
ORDINALS = ("1st", "2nd", "3rd")
Places = tuple[tuple[int, ...], ...]  # candidate ids, best first, ties together


@dataclass(frozen=True, slots=True)
class Draft:
    """A ranking in the making."""

    places: Places = ()
    is_tying: bool = False  # the next one shares the last place

    @property
    def placed(self) -> tuple[int, ...]:
        """Every candidate that has a place."""
        return tuple(candidate_id for place in self.places for candidate_id in place)

    def with_next(self, candidate_id: int) -> Draft:
        """One more; one that has a place already stays where it is.

        >>> Draft(((7,),), is_tying=True).with_next(5).places
        ((7, 5),)
        """
        if candidate_id in self.placed:
            return self
        if self.is_tying and self.places:
            return Draft((*self.places[:-1], (*self.places[-1], candidate_id)))
        return Draft((*self.places, (candidate_id,)))

    def tied(self) -> Draft:
        """The next one will share the last place; before the first place that means nothing."""
        return Draft(self.places, is_tying=bool(self.places))

    def without_last(self) -> Draft:
        """The last one taken back; a tie that was begun is taken back first.

        >>> Draft(((7,), (5, 6))).without_last().places
        ((7,), (5,))
        """
        if self.is_tying or not self.places:
            return Draft(self.places)
        last = self.places[-1][:-1]
        return Draft((*self.places[:-1], last) if last else self.places[:-1])


def draft_of(item: ReviewItem) -> Draft | None:
    """The ranking in the making on this screen; an empty one where the plan asks for a ranking; None: not ranking."""
    screen, draft = st.session_state.get(RANKING, ("", None))
    if screen == key("rank", item):
        return draft if isinstance(draft, Draft) else None
    asks = item.look is not None and item.look.mode == "rank" and item.decision is None
    return Draft() if asks else None


def new_run() -> None:
    """Called once as the page is drawn: the keys of the run before have been heard."""
    st.session_state.pop(PRESSED, None)


def place_words(places: Places) -> dict[int, str]:
    """candidate_id -> its place in words.

    >>> place_words(((7,), (5, 6), (8,)))
    {7: '1st', 5: '2nd, tied', 6: '2nd, tied', 8: '4th'}
    """
    words: dict[int, str] = {}
    for place in places:
        n = len(words)
        ordinal = ORDINALS[n] if n < len(ORDINALS) else f"{n + 1}th"
        words |= {candidate_id: ordinal if len(place) == 1 else f"{ordinal}, tied" for candidate_id in place}
    return words


def ranking_line(item: ReviewItem, places: Places) -> str:
    """The ranking as letters, `B > A = D`; what is not in it is not said."""
    letters = {candidate.candidate_id: candidate.letter for candidate in item.candidates}
    return " > ".join(" = ".join(letters.get(one, "?") for one in place) for place in places)


def ranking_bar(turn: Turn, draft: Draft) -> None:
    """The buttons while one ranks. Those that stay on belong to the step, so that none keeps the focus."""
    item = turn.item
    step = f"{len(draft.placed)}{'t' if draft.is_tying else ''}"
    _save_button(turn, draft, step)
    words = place_words(draft.places)
    for candidate in sorted(item.candidates, key=lambda one: one.key):
        _place_button(turn, candidate, words.get(candidate.candidate_id))
    tie, back = key(f"tie_next_{step}", item), key(f"rank_back_{step}", item)
    st.button("Tie next", key=tie, shortcut="0", on_click=_on_tie, args=(turn,),
              help="The next one shares the last place.")  # fmt: skip
    st.button("Take back", key=back, shortcut="U", disabled=not draft.places, on_click=_on_back, args=(turn,))
    for label, request, shortcut in (("Skip", "skip", "S"), ("Flag", "flag", "F")):
        st.button(label, key=key(request, item), shortcut=shortcut, on_click=on_verdict, args=(turn, request))
    leave = key("rank_off", item)
    st.button("Only the best", key=leave, shortcut="K", type="tertiary", on_click=_set, args=(turn, None))


def rank_button(turn: Turn) -> None:
    """Begins a ranking; only where there is something to rank beside the best."""
    is_off = len(turn.item.candidates) < 3 and not (turn.item.look is not None and turn.item.look.mode == "rank")
    if not is_off:
        name = key("rank_on", turn.item)
        st.button("Rank", key=name, shortcut="K", type="tertiary", on_click=_set, args=(turn, Draft()))


def _save_button(turn: Turn, draft: Draft, step: str) -> None:
    """Enter: saves the ranking, or accepts the suggested one while nothing has a place."""
    item = turn.item
    if not draft.places and item.suggestion is not None and item.decision is None:
        label, on_click, args = "Accept ranking", on_choose, (turn, item.suggestion.best_candidate_id)
        st.button(label, key=key("accept", item), shortcut="Enter", type="primary", on_click=on_click, args=args)
        return
    is_tie_of_some = len(draft.places) == 1 and len(draft.placed) < len(item.candidates)
    is_off = len(draft.placed) < 2 or is_tie_of_some
    hint = f"Give at least {'one more response' if len(draft.placed) > 1 else 'two responses'} a place."
    st.button("Save ranking", key=key(f"rank_save_{step}", item), shortcut="Enter", type="primary", disabled=is_off,
              on_click=_on_save, args=(turn,), help=hint if is_off else None)  # fmt: skip


def _place_button(turn: Turn, candidate: ReviewCandidate, word: str | None) -> None:
    """Its key is the same at every step, so that no press is lost; once placed it is off and gives the focus away."""
    label = candidate.letter if word is None else f"{candidate.letter} · {word}"
    st.button(
        label,
        key=key(f"place_{candidate.key}", turn.item),
        shortcut=str(candidate.key) if candidate.key <= NUMBER_KEYS else None,
        disabled=word is not None,
        on_click=_on_place,
        args=(turn, candidate.candidate_id),
    )


def _set(turn: Turn, draft: Draft | None) -> None:
    if is_on_screen(turn):
        st.session_state[RANKING] = (key("rank", turn.item), draft)


def _now(turn: Turn) -> Draft | None:
    """The draft as it is; None for a press meant for another screen, or one of two that came at once."""
    draft = draft_of(turn.item) if is_on_screen(turn) else None
    if draft is None:
        return None
    before = st.session_state.get(PRESSED)
    st.session_state[PRESSED] = draft if before is None else before
    if before is None:
        return draft
    st.session_state[NOTICE] = (True, "Two keys came at once: neither counts. Press them one after the other.")
    _set(turn, before)
    return None


def _on_place(turn: Turn, candidate_id: int) -> None:
    draft = _now(turn)
    if draft is not None:
        _set(turn, draft.with_next(candidate_id))


def _on_tie(turn: Turn) -> None:
    draft = _now(turn)
    if draft is not None:
        _set(turn, draft.tied())


def _on_back(turn: Turn) -> None:
    draft = _now(turn)
    if draft is not None:
        _set(turn, draft.without_last())


def _on_save(turn: Turn) -> None:
    draft = _now(turn)
    if draft is None:
        return
    decision = commit(turn, "rank", ranking=draft.places)
    if decision is not None:
        st.session_state.pop(RANKING, None)
        after(turn, decision)
