"""What the Live screen holds between two clicks: the boxes with responses, the last result, the places before it.

Streamlit drops a widget's value when its page is left; `keep` and `restore` carry what was typed over a visit to
another page. It lives in the session alone: what should last is sent to a dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from services.live.now import LiveResult, SampledCandidate
from services.reviews.rows import Message

BOX_LIMIT = 12
BOXES, NEXT_BOX, SOURCES = "live_boxes", "live_next_box", "live_sources"
SHOWN, KEPT = "live_shown", "live_kept"
PROMPT, SYSTEM, EARLIER, DOMAIN = "live_prompt", "live_system", "live_earlier", "live_domain"
KEPT_KEYS = (PROMPT, SYSTEM, EARLIER, DOMAIN, "live_pair", "live_criteria", "live_rank", "live_tokens")


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """Everything a result depends on."""

    pair: str
    criteria_id: int
    criteria: str  # as a label
    domain: str | None
    rank_by: Literal["sum", "mean"]
    messages: tuple[Message, ...]
    responses: tuple[str | SampledCandidate, ...]

    def differs_in_texts(self, other: LiveRequest) -> bool:
        """Whether the places of the two cannot be compared."""
        return (self.messages, self.responses) != (other.messages, other.responses)


@dataclass(frozen=True, slots=True)
class Shown:
    """The result on screen, and the places the same responses had before, if they were weighed before."""

    request: LiveRequest
    result: LiveResult
    before: LiveRequest | None = None
    places_before: Mapping[str, int] | None = None  # by letter


def restore() -> None:
    """Put back what was typed before the page was left; two empty boxes at first."""
    for key, value in st.session_state.get(KEPT, {}).items():
        if key not in st.session_state:
            st.session_state[key] = value
    if BOXES not in st.session_state:
        fill_boxes(["", ""])


def keep() -> None:
    """Remember what is typed, for `restore`."""
    keys = (*KEPT_KEYS, *(box_key(box) for box in st.session_state[BOXES]))
    st.session_state[KEPT] = {key: st.session_state[key] for key in keys if key in st.session_state}


def box_key(box: int) -> str:
    """The widget key of a box."""
    return f"live_text_{box}"


def fill_boxes(responses: Sequence[str | SampledCandidate]) -> None:
    """New boxes with these responses in place of all there were."""
    st.session_state[BOXES] = []
    st.session_state[SOURCES] = {}
    add_boxes(responses)


def add_boxes(responses: Sequence[str | SampledCandidate]) -> None:
    """New boxes after those there are, up to the limit. A box never used before may be given its text."""
    for response in responses[: BOX_LIMIT - len(st.session_state[BOXES])]:
        box = st.session_state.get(NEXT_BOX, 0)
        st.session_state[NEXT_BOX] = box + 1
        st.session_state[BOXES] = [*st.session_state[BOXES], box]
        is_sampled = isinstance(response, SampledCandidate)
        st.session_state[box_key(box)] = response.text if isinstance(response, SampledCandidate) else response
        if is_sampled:
            st.session_state[SOURCES] = st.session_state[SOURCES] | {box: response}


def remove_box(box: int) -> None:
    """Take one box away."""
    st.session_state[BOXES] = [other for other in st.session_state[BOXES] if other != box]


def drop_empty_boxes() -> None:
    """Only the boxes that hold something stay."""
    st.session_state[BOXES] = [box for box in st.session_state[BOXES] if text_of(box).strip()]


def text_of(box: int) -> str:
    """What a box holds now."""
    return str(st.session_state.get(box_key(box), ""))


def source_of(box: int) -> str | None:
    """The model that wrote what the box holds; None once it was edited."""
    sampled: Any = st.session_state[SOURCES].get(box)
    return sampled.source_model if sampled is not None and sampled.text == text_of(box) else None


def responses() -> tuple[str | SampledCandidate, ...]:
    """What is in the boxes, empty ones left out; what a model wrote carries its name."""
    return tuple(
        text_of(box) if (source := source_of(box)) is None else SampledCandidate(text_of(box), source)
        for box in letters()
    )


def letters() -> dict[int, str]:
    """The letter that each filled box will have in the ranking, by box."""
    filled = [box for box in st.session_state[BOXES] if text_of(box).strip()]
    return {box: chr(ord("A") + place) for place, box in enumerate(filled)}


def show(request: LiveRequest, result: LiveResult) -> None:
    """Keep a result for the screen; the same responses' last places become the places before."""
    old: Shown | None = st.session_state.get(SHOWN)
    if old is None or request.differs_in_texts(old.request):
        st.session_state[SHOWN] = Shown(request, result)
        return
    st.session_state[SHOWN] = Shown(request, result, before=old.request, places_before=places(old.result))


def places(result: LiveResult) -> dict[str, int]:
    """The place of each candidate that has one, by letter."""
    return {candidate.letter: candidate.rank for candidate in result.candidates if candidate.rank is not None}
