"""The tab Add of the Pairs page: two models by hub id, folder, adapter or server; checked first, then saved.

Leaves out what is kept between drawings (form_state.py) and what a check says (check_view.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from services.errors import ServiceError
from services.pairs.check import PairCheck
from services.pairs.files import NAME_LIMIT, add_pair, change_pair, own_file
from ui import resources
from ui.pairs import form_state as form
from ui.pairs.check_view import kept_check, make_check, show_check
from ui.pairs.form_state import ADAPTER, FOLDER, HUB, REF_WORDS, SAID, SERVER, drawn, key
from ui.panels import pressed, problem
from ui.runs.words import DTYPE_WORDS
from ui.wording import escaped

if TYPE_CHECKING:
    from scoring.pairs import ModelPair

PROBLEMS: tuple[type[Exception], ...] = (ServiceError, *resources.MODEL_ERRORS)
TEXT_LIMIT = 500  # characters of a name of a file, a model or an address
TEMPLATE_WORDS = {"strong": "the strong model's, for both", "own": "each model's own"}


def show_form() -> None:
    """The form, the check's result, then what the catalogue will say and the button that saves it."""
    form.restore()
    changes = form.mode().changes
    with st.container(horizontal=True, vertical_alignment="center"):
        where = f"It is written into {own_file()}, and everything else in that file stays."
        st.caption(escaped(where if changes is None else f"Changing {changes.name} in {own_file()}."), width="stretch")
        if changes is not None:
            st.button("Leave it as it is", key="pairs_leave", type="tertiary", on_click=form.leave)
        st.button("Empty the form", key="pairs_new", type="tertiary", on_click=form.begin_new)
    at_name, at_title = st.columns(2, gap="large")
    at_name.text_input("Name", key=drawn("name"), max_chars=NAME_LIMIT, placeholder="my-tune")
    at_title.text_input("Title", key=drawn("title"), max_chars=NAME_LIMIT, placeholder="My tune over its base")
    for column, side in zip(st.columns(2, gap="large"), form.SIDES, strict=True):
        with column:
            _side(side)
    with st.expander("Chat template, dtype, notes", icon=":material/tune:"):
        _more()
    check = _checked()
    if check is not None:
        _card(check)
    form.remember()


def _side(side: str) -> None:
    with st.container(border=True, key=f"pairs_side_{side}", gap="small"):
        kinds = (HUB, FOLDER, ADAPTER, SERVER)
        st.radio(f"{side.capitalize()} model", kinds, key=drawn(f"{side}_kind"), horizontal=True)
        kind = st.session_state[key(f"{side}_kind")]
        if kind == SERVER:
            _text(f"{side}_url", "Address", "http://127.0.0.1:8000/v1")
            _text(f"{side}_served_as", "Its name there", "as the server calls it")
        label, example = REF_WORDS[kind]
        _text(f"{side}_ref", label, example)
        if kind == ADAPTER:
            _text(f"{side}_adapter", "Adapter: hub id or folder", "models/my-lora")
            _text(f"{side}_adapter_revision", "Revision of the adapter", "hub only; empty: the latest")
        if kind in (HUB, ADAPTER):
            _text(f"{side}_revision", "Revision", "a tag or commit; empty: the latest")
        if kind == SERVER:
            _text(f"{side}_revision", "Revision", "what tells its weights from earlier ones")
        st.number_input(
            "Performance", key=drawn(f"{side}_performance"), value=None, format="%.4g", placeholder="optional",
            help="A number of yours, on one scale for all pairs (a benchmark's, say). The pair map draws it.",
        )  # fmt: skip


def _text(field: str, label: str, example: str) -> None:
    st.text_input(label, key=drawn(field), max_chars=TEXT_LIMIT, placeholder=example)


def _more() -> None:
    left, right = st.columns(2, gap="large")
    left.selectbox("Compute in", list(DTYPE_WORDS), key=drawn("dtype"), format_func=lambda name: DTYPE_WORDS[name])
    right.selectbox(
        "Chat template", list(TEMPLATE_WORDS), key=drawn("template"), format_func=lambda name: TEMPLATE_WORDS[name]
    )
    st.text_input("Notes", key=drawn("notes"), max_chars=TEXT_LIMIT)


def _checked() -> PairCheck | None:
    """The button, and what it found of exactly the models that are typed now."""
    is_asked = pressed("Check", key="pairs_check", icon=":material/fact_check:", is_primary=True)
    empty = form.empty_models()
    try:
        models = None if empty else form.typed_models()
        refusal = f"Still empty, {'; '.join(empty)}."
    except ServiceError as error:
        models, refusal = None, str(error).replace("_url:", " model, address:")
    if models is None:
        if is_asked:
            problem(refusal)
        return None
    check = kept_check(models, is_declared=False)
    if is_asked:
        check = make_check(models, is_declared=False)
        form.fill_from(check)
    if check is None:
        st.caption("Checking reads config and tokenizer of both, never weights. What it finds fills in the rest.")
        return None
    show_check(check, key="pairs_form_check")
    return check


def _card(check: PairCheck) -> None:
    """What the catalogue will say, as found or as typed, and saving it."""
    st.markdown("**What the catalogue will say**")
    at_parameters, at_context, at_licence, at_memory = st.columns(4)
    at_parameters.text_input("Parameters", key=drawn("parameters"), max_chars=NAME_LIMIT, placeholder="1.1 B each")
    at_context.number_input("Context, tokens", key=drawn("context"), value=None, min_value=1, step=1)
    at_licence.text_input("Licence", key=drawn("licence"), max_chars=NAME_LIMIT, placeholder="Apache-2.0")
    at_memory.number_input(
        "Memory of both in bf16, GB", key=drawn("memory_gb"), value=None, min_value=0.0, format="%.4g"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Save the change" if form.mode().changes is not None else "Save"
        st.button(
            f"{label} all the same" if check.stops else label, key="pairs_save", icon=":material/save:",
            type="secondary" if check.stops else "primary", on_click=_save,
        )  # fmt: skip
        if check.stops:
            st.caption("It cannot weigh anything here until what stops it is mended.")
    said = st.session_state.pop(SAID, None)
    if said:
        problem(said)


def _save() -> None:
    """Nothing typed is lost when it is refused."""
    empty = form.empty_fields()
    if empty:
        st.session_state[SAID] = f"Still empty: {', '.join(empty)}. Fill that in; what you typed is kept."
        return
    changes = form.mode().changes
    entry = form.typed_entry()
    try:
        pair = add_pair(entry) if changes is None else change_pair(changes.name, entry, seen=changes)
    except PROBLEMS as error:
        st.session_state[SAID] = str(error)
        return
    form.leave()
    _tell(pair)


def _tell(pair: ModelPair) -> None:
    st.toast(escaped(f"Saved {pair.name} in {own_file().name}."))
