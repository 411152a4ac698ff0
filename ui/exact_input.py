"""What the models read: the exact text and token ids sent for one response, in a panel over the responses.

The models' tokenizers are needed for it, so it is read only when asked for, and loading a model may take a while.
A panel and not a dialog: the keys that decide stay live behind a dialog, which would hide what they decide on. Over the
responses: under thirty of them nobody would see that X did anything.
"""

from __future__ import annotations

import streamlit as st

from services import token_views
from services.reviews.rows import ReviewItem
from services.token_views import ExactText, ModelInput
from ui import resources
from ui.prose import prose, safe
from ui.review.actions import FAILURES, key

IS_EXACT = "review_is_exact"  # session key: whether the panel is open
IDS_SHOWN = 4_000  # ids written out; more are counted


def exact_input_button(item: ReviewItem) -> None:
    """Opens and closes the panel; only for an item that a run weighed."""
    is_on = st.session_state.get(IS_EXACT, False)
    label, thing = ("Hide input", "exact_on") if is_on else ("Exact input", "exact")
    is_off = item.suggestion is None
    st.button(label, key=key(thing, item), shortcut="X", type="tertiary", on_click=_flip, disabled=is_off)


def _flip() -> None:
    st.session_state[IS_EXACT] = not st.session_state.get(IS_EXACT, False)


def exact_input_panel(item: ReviewItem) -> None:
    """The panel, when it is open."""
    if not st.session_state.get(IS_EXACT, False) or item.suggestion is None:
        return
    with st.container(border=True, key="review_exact_panel"):
        _panel(item)


def _panel(item: ReviewItem) -> None:
    weighed = {c.letter: c.candidate_id for c in item.candidates if c.reward is not None}
    in_order = sorted(weighed)
    title = "What the models read for response"
    letter = st.segmented_control(title, in_order, default=in_order[0], key=key("exact_letter", item)) or in_order[0]
    try:
        with st.spinner("Opening the models for their tokenizers …"):
            models = resources.model_room()
            exact = token_views.exact_text(resources.sessions(), models, item.run_id or 0, weighed[letter])
    except (*FAILURES, *resources.MODEL_ERRORS) as error:
        st.html(f'<div class="t-notice-error" role="alert">{safe(str(error))}</div>')
        return
    _show(exact)


def _show(exact: ExactText) -> None:
    is_same = (exact.strong.text, exact.strong.ids) == (exact.weak.text, exact.weak.ids)
    if is_same:
        st.caption("Both models got the same text and the same tokens.")
        st.html(input_html(exact.strong, exact.weak.ref))
        return
    for side, model in (("Strong", exact.strong), ("Weak", exact.weak)):
        st.caption(f"{side} model")
        st.html(input_html(model))


def input_html(model: ModelInput, also: str = "") -> str:
    """The text as it was sent, and its token ids with the response's marked."""
    refs = safe(model.ref) + (f" and {safe(also)}" if also else "")
    prompt = " ".join(map(str, model.ids[: model.n_prompt][:IDS_SHOWN]))
    response = " ".join(map(str, model.ids[model.n_prompt :][:IDS_SHOWN]))
    n_response = len(model.ids) - model.n_prompt
    return (
        f'<div class="t-exact"><p>{refs}</p><div class="t-raw">{prose(model.text)}</div>'
        f"<p>{model.n_prompt} prompt tokens, {n_response} response tokens, marked</p>"
        f'<div class="t-raw">{prompt} <span class="t-mine">{response}</span></div></div>'
    )
