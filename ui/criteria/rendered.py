"""Rendered: the exact text each model of a pair would read for an item under the criteria, its tokens, whether it fits.

Reads tokenizers, no weights. Leaves out rendering itself (services/criteria/preview.py).
"""

from __future__ import annotations

import streamlit as st

from services.criteria import preview as criteria_preview
from services.criteria.conditioning_choice import DEFAULT, conditioning_of
from services.criteria.preview import Preview, SidePreview
from services.datasets import DatasetRow
from services.errors import NotFound
from services.run_rows import RunRow
from ui import frame, resources
from ui.criteria.state import FAILURES, InHand, line_of
from ui.pairs.pickers import load_pairs
from ui.panels import problem
from ui.prose import prose, safe

PAIR, PLACE = "criteria_pair", "criteria_item"
OWN = "the item's own"


def show_rendered(in_hand: InHand, dataset: DatasetRow, run: RunRow | None) -> None:
    """Pickers for pair, item and domain, then both sides."""
    pairs = {pair.name: pair for pair in load_pairs()}
    if not pairs or not dataset.n_items:
        st.caption("There is no pair or no item to show.")
        return
    if st.session_state.get(PAIR) not in pairs:
        st.session_state[PAIR] = run.pair if run is not None and run.pair in pairs else next(iter(pairs))
    at_pair, at_item, at_domain, _ = st.columns([2.4, 1.1, 1.6, 2.4], vertical_alignment="bottom")
    pair = at_pair.selectbox("Model pair", list(pairs), key=PAIR, format_func=lambda name: pairs[name].title)
    place = at_item.number_input(f"Item of {dataset.n_items:,}", 1, dataset.n_items, key=PLACE)
    own = OWN if run is None else f"as run {run.run_id} took it"
    domains = [own, "default", *in_hand.editing.domains]
    if st.session_state.get("criteria_as_domain") not in domains:
        st.session_state["criteria_as_domain"] = own
    domain = at_domain.selectbox("Domain", domains, key="criteria_as_domain")
    try:
        item_id = _item_id(dataset, int(place))
        taken = _own_domain(run, item_id) if domain == own else "" if domain == "default" else domain
        with st.spinner("Reading the models' tokenizers …"):
            shown = criteria_preview.preview(
                resources.sessions(), resources.model_reader, pair=pair, body=in_hand.editing.body,
                item_id=item_id, domain=taken,
                conditioning=DEFAULT if run is None else conditioning_of(run.configuration),
            )  # fmt: skip
    except (*FAILURES, *resources.MODEL_ERRORS) as error:
        problem(line_of(error))
        return
    _show(shown, has_own=shown.domain in in_hand.editing.domains)


def _own_domain(run: RunRow | None, item_id: int) -> str | None:
    """As `preview` takes it: "" for the default, None for the item's own."""
    return None if run is None else criteria_preview.domain_in_run(resources.sessions(), run.run_id, item_id) or ""


def _item_id(dataset: DatasetRow, place: int) -> int:
    found = criteria_preview.item_id_at(resources.sessions(), dataset.dataset_id, place - 1)
    if found is None:
        raise NotFound(f"{dataset.name} has no item {place}; choose one of 1 to {dataset.n_items}")
    return found


def _show(shown: Preview, *, has_own: bool) -> None:
    is_same = shown.strong.text == shown.weak.text and shown.strong.n_prompt_tokens == shown.weak.n_prompt_tokens
    domain = frame.plain(shown.domain or "")
    rest = f", which has no text for {domain}" if domain else ""
    taken = domain if has_own else f"default{rest}"
    st.caption(f"With the criteria of {taken}. The response follows where the text ends.")
    if is_same:
        _side("Strong and weak read the same", shown.strong, also=shown.weak)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _side("Strong", shown.strong)
    with right:
        _side("Weak", shown.weak)


def _side(title: str, side: SidePreview, *, also: SidePreview | None = None) -> None:
    refs = side.ref if also is None else f"{side.ref} and {also.ref}"
    limit = min(one.context_limit for one in (side, also) if one is not None)
    longest = "" if side.n_longest is None else f", {side.n_longest:,} with the longest response"
    troubles = [one.problem for one in (side, also) if one is not None and one.problem]
    if troubles:
        problem(troubles[0])
    fits = "fits" if side.fits and (also is None or also.fits) else "does not fit"
    st.html(
        f'<div class="t-exact"><b>{safe(title)}</b> <span class="t-muted">{safe(refs)}</span>'
        f"<p>{side.n_prompt_tokens:,} prompt tokens{longest} · limit {limit:,} · {fits}</p>"
        f'<div class="t-raw t-rendered">{prose(side.text)}</div></div>'
    )
