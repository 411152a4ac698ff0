"""The items with their domains: the router's guess, what counts, and one click to say what it is, or to take that back.

Each click writes one row. Leaves out the figures (report.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from services.datasets import DatasetRow
from services.errors import ServiceError
from services.routing import items as routing_items
from services.routing.dataset import AskedModel
from services.routing.items import FILTERS, SORTS, DomainItem
from services.routing.store import RouterRow
from ui import frame, resources
from ui.domains.words import domain_hint, domain_words, sure
from ui.panels import problem
from ui.prose import badge, safe
from ui.wording import moment

A_PAGE = 15
NOT_ASKED = '<span class="t-muted">not asked yet</span>'
OFFSET, SAID = "domains_offset", "domains_said"


def show_items(dataset: DatasetRow, router: RouterRow, model: AskedModel | None, *, threshold: float) -> None:
    """A page of the list, with what is shown and in which order."""
    at_filter, at_sort, at_pages = st.columns([3.2, 2, 1.6], vertical_alignment="center")
    with at_filter:
        only = st.segmented_control("Show", FILTERS, default=FILTERS[0], key="domains_only", on_change=_from_the_top)
    with at_sort:
        sort = st.segmented_control("Order", SORTS, default=SORTS[0], key="domains_sort", on_change=_from_the_top)
    read = partial(
        routing_items.list_domain_items, resources.sessions(), dataset.dataset_id, router_id=router.router_id,
        fingerprint=None if model is None else model.fingerprint, threshold=threshold, only=only or FILTERS[0],
        sort=sort or SORTS[0], limit=A_PAGE,
    )  # fmt: skip
    offset = int(st.session_state.get(OFFSET, 0))
    page = read(offset=offset)
    if offset and offset >= page.n:  # another dataset, or a list that grew shorter: its last page
        offset = st.session_state[OFFSET] = max(0, page.n - 1) // A_PAGE * A_PAGE
        page = read(offset=offset)
    with at_pages:
        _turn_pages(offset, page.n)
    said = st.session_state.pop(SAID, None)
    if said:
        problem(said)
    if not page.n:
        st.caption("No item is like that." if only != FILTERS[0] else "This dataset has no items.")
    for item in page.items:
        _row(item, router.body.names, dataset)


def _from_the_top() -> None:
    st.session_state[OFFSET] = 0


def _turn_pages(offset: int, n: int) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="xsmall"):
        last = min(offset + A_PAGE, n)
        st.html(f'<span class="t-muted">{offset + 1 if n else 0:,} to {last:,} of {n:,}</span>', width="content")
        for key, icon, to, is_off in (
            ("domains_before", ":material/chevron_left:", offset - A_PAGE, offset <= 0),
            ("domains_after", ":material/chevron_right:", offset + A_PAGE, last >= n),
        ):
            st.button("", key=key, icon=icon, type="tertiary", disabled=is_off, on_click=_go_to, args=(max(0, to),))


def _go_to(offset: int) -> None:
    st.session_state[OFFSET] = offset


def _row(item: DomainItem, names: Sequence[str], dataset: DatasetRow) -> None:
    with st.container(key=f"domains_row_{item.item_id}"):
        at_text, at_choice, at_link = st.columns([6.2, 3.4, 0.9], vertical_alignment="center")
        at_text.html(item_html(item))
        with at_choice:
            _choice(item, names)
        with at_link:
            query = frame.link_query(dataset=dataset.name, item=item.item_id)
            st.page_link(frame.REVIEW, label="Open", query_params=query)


def _choice(item: DomainItem, names: Sequence[str]) -> None:
    """The domains as buttons: the one a person chose is pressed; pressed again it is taken back."""
    options = list(names) if item.corrected in (None, *names) else [*names, str(item.corrected)]
    key = f"domains_is_{item.item_id}"
    st.session_state[key] = item.corrected
    st.segmented_control(
        f"The domain of item {item.position + 1}", options, key=key, format_func=frame.plain,
        label_visibility="collapsed", on_change=_correct, args=(item.item_id, key),
    )  # fmt: skip
    if item.corrected_by is not None and item.corrected_at is not None:
        st.html(f'<div class="t-note" dir="auto">{safe(item.corrected_by)}, {moment(item.corrected_at)}</div>')


def _correct(item_id: int, key: str) -> None:
    try:
        routing_items.correct_domain(
            resources.sessions(), item_id, annotator=frame.annotator(), domain=st.session_state[key]
        )
    except ServiceError as error:
        st.session_state[SAID] = str(error)


def item_html(item: DomainItem) -> str:
    """The prompt's beginning under what is said of its domain: what counts, the router's guess, the file."""
    marks = []
    if item.counts is not None:
        kind = "warn" if item.counts.domain is None else "accent" if item.counts.source == "hand" else "quiet"
        hint = item.problem or domain_hint(item.counts, column=item.column)
        marks.append(badge(domain_words(item.counts), kind=kind, title=hint))
    elif not item.problem:
        marks.append(NOT_ASKED)
    if item.guess is not None and item.probability is not None and _is_news(item):
        marks.append(f'<span class="t-muted">router: {safe(item.guess)}, {sure(item.probability)}</span>')
    if item.column:
        marks.append(f'<span class="t-muted">file: {safe(item.column)}</span>')
    if item.problem:
        marks.append(f'<span class="t-muted">{safe(item.problem)}</span>')
    return (
        f'<div class="t-badges"><span class="t-muted">{item.position + 1}</span>{"".join(marks)}</div>'
        f'<div class="t-drow" dir="auto">{safe(item.prompt)}</div>'
    )


def _is_news(item: DomainItem) -> bool:
    """Whether the router's guess is not what the badge says already."""
    return item.counts is None or item.counts.source != "router"
