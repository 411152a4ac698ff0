"""The editor of the Criteria page: per domain the instruction and the exemplars, kept as each field is left.

A field shows what the database holds; it is set only where it differs, so that nobody's typing is overwritten. Every
callback is bound to the domain and place it was drawn for. Leaves out what is proposed (overrides.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.criteria.editing import DOMAIN_LIMIT, Editing, ExemplarText, edited, place_now
from services.errors import Refused
from ui import frame, resources
from ui.criteria.state import UNSAVED, InHand, change
from ui.panels import note
from ui.prose import safe
from ui.wording import count

DOMAIN, IN_URL = "criteria_domain", "domain"
TEXT_LIMIT = 20_000  # characters of a field
OTHER = "another name …"
OVERWRITTEN = "Kept what you typed. The field had been changed in another window meanwhile; Undo brings that back."
FIELDS = {"prompt": "Prompt", "good": "Good response", "bad": "Bad response", "explanation": "Why"}


def pick_domain(in_hand: InHand, known: Sequence[str]) -> str | None:
    """The domain to edit, None for the default; beside it, to add and to remove one.

    Args:
        known: domains of the dataset at hand, offered when one is added.
    """
    editing = in_hand.editing
    options = ["", *editing.domains]
    wanted = st.query_params.get(IN_URL, "")
    st.session_state[DOMAIN] = wanted if wanted in options else ""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="criteria_domains"):
        chosen = st.segmented_control(
            "Domain", options, key=DOMAIN, required=True, format_func=lambda name: _domain_label(editing, name),
            on_change=lambda: open_domain(st.session_state[DOMAIN]),
        )  # fmt: skip
        if in_hand.is_editable:
            _add_domain(in_hand, [name for name in known if name not in editing.domains])
            if chosen:
                st.button(
                    "Remove domain", key="criteria_domain_remove", type="tertiary", icon=":material/delete:",
                    on_click=_remove_domain, args=(in_hand, chosen),
                )  # fmt: skip
    return chosen or None


def open_domain(name: str | None) -> None:
    """Names the domain to show in the URL; None and "" are the default."""
    if name:
        st.query_params[IN_URL] = name
    else:
        st.query_params.pop(IN_URL, None)


def _domain_label(editing: Editing, name: str) -> str:
    n = len(editing.exemplars(name or None))
    return frame.plain(name or "default") + (f" · {n}" if n else "")


def _add_domain(in_hand: InHand, known: Sequence[str]) -> None:
    # the key changes with every domain, so that the panel closes once one was added
    with st.popover(
        "Add domain",
        key=f"criteria_domain_panel_{len(in_hand.editing.domains)}",
        type="tertiary",
        icon=":material/add:",
    ):
        if known:
            options = [*known, OTHER]
            st.selectbox("Domain", options, key="criteria_domain_known")
        if not known or st.session_state.get("criteria_domain_known") == OTHER:
            st.text_input("Name", key="criteria_domain_name", max_chars=DOMAIN_LIMIT, placeholder="as the data says it")
        st.caption("It begins with the default's text, which holds for it until now.")
        st.button(
            "Add", key="criteria_domain_add", type="primary", on_click=_on_add_domain, args=(in_hand, bool(known))
        )


def _on_add_domain(in_hand: InHand, has_known: bool) -> None:
    picked = st.session_state.get("criteria_domain_known") if has_known else OTHER
    name = st.session_state.get("criteria_domain_name", "") if picked in (None, OTHER) else picked
    wanted = str(name).strip()
    if change(in_hand, lambda editing: editing.with_domain(wanted), what=f"Added the domain {wanted}."):
        open_domain(wanted)
        st.session_state["criteria_domain_name"] = ""


def _remove_domain(in_hand: InHand, name: str) -> None:
    change(in_hand, lambda editing: editing.without_domain(name), what=f"Removed the domain {name}.")


def show_domain(in_hand: InHand, domain: str | None) -> None:
    """Instruction and exemplars of a domain."""
    _field(
        "Instruction" if domain else "Instruction of every domain without its own",
        "criteria_instruction", in_hand.editing.instruction(domain), in_hand, domain, height=110,
        placeholder="What a good response does, as you would tell it to the model. Empty: no instruction.",
        on_change=_keep_instruction, args=(in_hand, domain),
    )  # fmt: skip
    texts = in_hand.editing.exemplars(domain)
    for place, text in enumerate(texts):
        _exemplar(in_hand, domain, place, text, n=len(texts))
    if in_hand.is_editable:
        st.button(
            "Add an exemplar", key="criteria_exemplar_add", icon=":material/add:", on_click=_add_exemplar,
            args=(in_hand, domain),
        )  # fmt: skip
    if not texts:
        st.caption("An exemplar is a worked case: a prompt, a good and a bad response, and why. None here yet.")


def _field(label: str, key: str, value: str, in_hand: InHand, domain: str | None, **more: object) -> None:
    """A text area that shows what is kept, or what was typed and could not be."""
    unsaved = st.session_state.get(UNSAVED)
    is_unsaved = False if unsaved is None else unsaved[:3] == (in_hand.name, domain, key)
    shown = unsaved[3] if unsaved is not None and is_unsaved else value
    if st.session_state.get(key) != shown:
        st.session_state[key] = shown
    st.text_area(label, key=key, max_chars=TEXT_LIMIT, disabled=not in_hand.is_editable, **more)  # type: ignore[call-overload]
    if is_unsaved:
        note("Not saved yet; change the text to try again.")


def _keep_instruction(in_hand: InHand, domain: str | None) -> None:
    typed = str(st.session_state["criteria_instruction"])

    def edit(editing: Editing) -> Editing:
        _require(domain, editing, typed)
        return editing.with_instruction(domain, typed)

    def overwritten(before: Editing) -> str:
        return _overwritten(before.instruction(domain), in_hand.editing.instruction(domain), typed)

    change(in_hand, edit, what=overwritten, typed=(domain, "criteria_instruction", typed))


def _require(domain: str | None, editing: Editing, typed: str) -> None:
    if domain is not None and domain not in editing.domains:
        raise Refused(f"the domain {domain!r} is gone, it was removed in another window; what you typed: {typed}")


def _overwritten(now: str, drawn: str, typed: str) -> str:
    """What to say when the text that is replaced is not the one that was on the screen."""
    return "" if now in (drawn, typed) else OVERWRITTEN


def _exemplar(in_hand: InHand, domain: str | None, place: int, text: ExemplarText, *, n: int) -> None:
    with st.container(border=True, key=f"criteria_exemplar_{place}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.html(f"<b>Exemplar {place + 1}</b>", width="stretch")
            if in_hand.is_editable:
                _exemplar_buttons(in_hand, domain, place, n=n)
        _part("prompt", in_hand, domain, place, text, height=68)
        good, bad = st.columns(2)
        with good:
            _part("good", in_hand, domain, place, text, height=92)
        with bad:
            _part("bad", in_hand, domain, place, text, height=92)
        _part("explanation", in_hand, domain, place, text, height=68)
        if text.problem:
            note(f"Not used yet: {text.problem}.")


def _part(part: str, in_hand: InHand, domain: str | None, place: int, text: ExemplarText, *, height: int) -> None:
    key = f"criteria_{part}_{place}"
    _field(
        FIELDS[part], key, getattr(text, part), in_hand, domain, height=height, on_change=_keep_part,
        args=(in_hand, domain, place, part, key),
    )  # fmt: skip


def _keep_part(in_hand: InHand, domain: str | None, place: int, part: str, key: str) -> None:
    typed = str(st.session_state[key])
    drawn = in_hand.editing.exemplars(domain)

    def edit(editing: Editing) -> Editing:
        _require(domain, editing, typed)
        texts = list(editing.exemplars(domain))
        at = place_now(texts, drawn, place)
        if at is None:
            raise Refused(f"exemplar {place + 1} is gone, it was removed in another window; what you typed: {typed}")
        texts[at] = edited(resources.sessions(), texts[at], **{part: typed})
        return editing.with_exemplars(domain, texts)

    def overwritten(before: Editing) -> str:
        texts = before.exemplars(domain)
        at = place_now(texts, drawn, place)
        return "" if at is None else _overwritten(getattr(texts[at], part), getattr(drawn[place], part), typed)

    change(in_hand, edit, what=overwritten, typed=(domain, key, typed))


def _exemplar_buttons(in_hand: InHand, domain: str | None, place: int, *, n: int) -> None:
    moves = (("Up", -1, ":material/arrow_upward:", place > 0), ("Down", 1, ":material/arrow_downward:", place < n - 1))
    for word, step, icon, can in moves:
        st.button(
            f":small[{word}]", key=f"criteria_{word.lower()}_{place}", type="tertiary", icon=icon, disabled=not can,
            on_click=_move, args=(in_hand, domain, place, step),
        )  # fmt: skip
    st.button(
        ":small[Remove]", key=f"criteria_remove_{place}", type="tertiary", icon=":material/delete:", on_click=_remove,
        args=(in_hand, domain, place),
    )  # fmt: skip


def _add_exemplar(in_hand: InHand, domain: str | None) -> None:
    change(in_hand, lambda e: e.with_exemplars(domain, [*e.exemplars(domain), ExemplarText()]))


def _move(in_hand: InHand, domain: str | None, place: int, step: int) -> None:
    def edit(editing: Editing) -> Editing:
        texts = list(editing.exemplars(domain))
        at = _standing(in_hand, domain, texts, place)
        texts.insert(max(0, at + step), texts.pop(at))
        return editing.with_exemplars(domain, texts)

    change(in_hand, edit)


def _standing(in_hand: InHand, domain: str | None, now: Sequence[ExemplarText], place: int) -> int:
    """Where the exemplar stands whose button was pressed."""
    at = place_now(now, in_hand.editing.exemplars(domain), place)
    if at is None:
        raise Refused(f"exemplar {place + 1} is gone or was changed in another window; look again")
    return at


def _remove(in_hand: InHand, domain: str | None, place: int) -> None:
    def edit(editing: Editing) -> Editing:
        texts = list(editing.exemplars(domain))
        texts.pop(_standing(in_hand, domain, texts, place))
        return editing.with_exemplars(domain, texts)

    change(in_hand, edit, what=f"Removed exemplar {place + 1} of {domain or 'default'}.")


def summary_html(editing: Editing) -> str:
    """How much text there is, in one quiet line."""
    n = editing.body.n_exemplars
    parts = [count(1 + len(editing.domains), "entry", "entries"), count(n, "exemplar")]
    return f'<span class="t-muted">{safe(" · ".join(parts))}</span>'
