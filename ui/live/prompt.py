"""The left half of Live: the prompt with its earlier turns, examples to click, and the boxes for responses."""

from __future__ import annotations

import re

import streamlit as st

from services.reviews.rows import Message
from ui.live import state
from ui.live.examples import EXAMPLES, Example
from ui.wording import escaped

_TURN = re.compile(r"^(User|Assistant):[ \t]*", re.MULTILINE)
ROLES = {"User": "user", "Assistant": "assistant"}
NO_TURN = "The earlier turns must each begin with User: or Assistant: at the start of a line."


def show_examples() -> None:
    """Examples for the demo pair; a click fills the prompt and the boxes."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Try", width="content")
        for number, example in enumerate(EXAMPLES, start=1):
            st.button(
                example.title, key=f"live_example_{number}", type="tertiary", on_click=_take_example, args=(example,)
            )


def _take_example(example: Example) -> None:
    st.session_state[state.PROMPT] = example.prompt
    st.session_state[state.SYSTEM] = st.session_state[state.EARLIER] = ""
    st.session_state[state.DOMAIN] = example.domain or ""
    state.fill_boxes(example.responses)


def show_prompt() -> tuple[Message, ...]:
    """The prompt as messages; empty while nothing usable is typed, with a line that says why."""
    text = st.text_area("Prompt", key=state.PROMPT, height=96, placeholder="What a person asks the model.")
    with st.expander("System message and earlier turns"):
        system = st.text_area("System message", key=state.SYSTEM, height=68)
        earlier = st.text_area(
            "Earlier turns", key=state.EARLIER, height=96,
            placeholder="User: Do you sell green tea?\nAssistant: Yes, three kinds.",
        )  # fmt: skip
    turns = earlier_turns(earlier)
    if turns is None:
        st.caption(NO_TURN)
        return ()
    if not text.strip():
        return ()
    first = (Message("system", system.strip()),) if system.strip() else ()
    return (*first, *turns, Message("user", text.strip()))


def earlier_turns(text: str) -> tuple[Message, ...] | None:
    """A typed conversation as messages; None when it does not begin with a speaker.

    >>> earlier_turns("User: Hi\\nAssistant: Hello!")
    (Message(role='user', content='Hi'), Message(role='assistant', content='Hello!'))
    """
    if not text.strip():
        return ()
    before, *rest = _TURN.split(text)
    if before.strip() or not rest:
        return None
    said = zip(rest[::2], rest[1::2], strict=True)
    return tuple(Message(ROLES[speaker], words.strip()) for speaker, words in said if words.strip())


def show_boxes() -> None:
    """One box per response, with a way to add and to take away."""
    boxes: list[int] = st.session_state[state.BOXES]
    letters = state.letters()
    for box in boxes:
        left, right = st.columns([14, 1], vertical_alignment="center", gap="small")
        source = state.source_of(box)
        label = f"Response {letters.get(box, '')}" + (f", written by {escaped(source)}" if source else "")
        left.text_area(label, key=state.box_key(box), height=68, placeholder="Paste a response, or sample some below.")
        right.button(
            "", key=f"live_remove_{box}", icon=":material/close:", type="tertiary", help="Take this box away",
            on_click=state.remove_box, args=(box,),
        )  # fmt: skip
    st.button(
        "Add a response", key="live_add", icon=":material/add:", type="tertiary",
        disabled=len(boxes) >= state.BOX_LIMIT, on_click=state.add_boxes, args=([""],),
    )  # fmt: skip
