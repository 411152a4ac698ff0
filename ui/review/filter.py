"""Keeps the review queue to the items that pass a filter: the choice, which lives in the URL, and its ends.

    filter = chosen_filter()         what the URL asks for; None for every item
    filter_panel(run)                search and the values with their counts; the way back to every item
    filter_line(run)                 the filter in words, and the list of the items that pass

Leaves out which items pass (services/reviews/filters.py), the names in the URL (filter_query.py), and the widgets of
search and list (search.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from services.reviews.facets import Facets, FacetValue, MarginBand
from services.reviews.filters import Filters, Margin
from services.run_rows import RunRow
from ui import frame
from ui.review import search
from ui.review.actions import show_item
from ui.review.filter_query import from_query, to_query
from ui.review.filter_words import TITLES, filter_words, margin_words, value_words
from ui.wording import escaped

PILLS_UP_TO = 8  # values; more go into a list to pick from
LEADING = ("margin", "badges", "sources")  # what would lead somebody who is to decide blind
BY_PEOPLE = ("verdicts", "annotators", "reasons", "states")


def chosen_filter() -> Filters | None:
    """What the queue keeps to, None for every item; words that are none of ours count as not there."""
    return from_query(st.query_params.to_dict())


def keep_to(filters: Filters | None) -> None:
    """From here on the queue has these items; the next one of them shows. The URL changes once."""
    kept = {name: text for name, text in st.query_params.to_dict().items() if name not in frame.FILTERS}
    kept |= {} if filters is None else to_query(filters)
    st.query_params.from_dict(kept)
    show_item(None)


def filter_panel(run: RunRow | None, *, dataset_id: int | None = None, is_blind: bool = False) -> None:
    """Search and filter behind one button; beside it the way back to every item.

    Args:
        dataset_id: of a dataset that no run has weighed.
        is_blind: somebody is to decide blind: nothing here may name margins, badges or source models.
    """
    filters = chosen_filter() or Filters()
    number = run.dataset_id if run is not None else dataset_id
    if number is None:
        return
    panel = st.popover(
        "Find", icon=":material/search:", key="review_filter", type="tertiary", on_change="rerun", width="content"
    )  # its word never changes: under another one it would be another panel, and closed
    if panel.open:
        with panel, st.container(key="review_filter_body", gap="small"):
            search.search_box(filters.words, on_change=_search)
            facets = search.counted(number, run, filters)
            search.list_button(facets)
            _values(facets, filters, run, is_blind=is_blind)
    if not filters.is_empty:
        st.button("Show all", key="review_filter_off", type="tertiary", on_click=keep_to, args=(None,))


def filter_line(run: RunRow | None, *, dataset_id: int | None = None, is_blind: bool = False) -> None:
    """Below the row: the filter in words with how many items pass, and the list of them where it is open."""
    filters = chosen_filter() or Filters()
    number = run.dataset_id if run is not None else dataset_id
    if number is None:
        return
    if not filters.is_empty:
        search.words_line(number, run, filters)
    search.list_panel(number, run, filters, is_blind=is_blind)


def filter_done(
    filters: Filters,
    *,
    is_empty: bool,
    run: RunRow | None = None,
    dataset_id: int | None = None,
    first_item_id: int | None = None,
) -> None:
    """No item to show under this filter: none passes, or all are decided. It can be changed here.

    Args:
        first_item_id: the first of those that pass, to look at them again.
    """
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        filter_panel(run, dataset_id=dataset_id)
    if not is_empty:
        filter_line(run, dataset_id=dataset_id)
    title = "Nothing passes this filter" if is_empty else "All of these are decided"
    panel = frame.empty_state(title, f"It keeps to: {escaped(filter_words(filters))}.", key="review_filtered")
    with panel, st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Show all items", key="review_filter_all", type="primary", on_click=keep_to, args=(None,))
        if first_item_id is not None:
            st.button("Look at them again", key="review_filter_first", on_click=show_item, args=(first_item_id,))


def _search() -> None:
    keep_to(replace(chosen_filter() or Filters(), words=search.typed()))


def _values(facets: Facets, filters: Filters, run: RunRow | None, *, is_blind: bool) -> None:
    """Every value with how many items it would leave."""
    st.caption("Several values of one thing widen the filter, several things narrow it.")
    hidden = LEADING if is_blind else ()
    for field, title in TITLES.items():
        if field in hidden:
            continue
        if field == "margin":
            _margins(facets.margins, filters, run)
        else:
            _facet(field, title, getattr(facets, field), getattr(filters, field))
    if is_blind:
        st.caption("Margins, badges and source models are hidden: this plan has blind looks.")


def _facet(field: str, title: str, found: Sequence[FacetValue], chosen: Sequence[str | None]) -> None:
    """One thing to filter by; not shown where there is nothing to choose between."""
    known = {one.value: one.n for one in found}
    shown = [value for value in known if known[value] or value in chosen]
    shown += [value for value in chosen if value not in known]
    is_choice = len(shown) > 1 or chosen or (field in BY_PEOPLE and shown != ["undecided"])
    if not shown or not is_choice or shown == [None]:
        return
    key = f"review_filter_{field}"
    st.session_state[key] = list(chosen)
    change = _changed(field, key)
    if len(shown) <= PILLS_UP_TO:
        st.pills(
            title, shown, selection_mode="multi", key=key, on_change=change,
            format_func=lambda value: f"{escaped(value_words(field, value))} ({known.get(value, 0):,})",
        )  # fmt: skip
        return
    st.multiselect(
        title, shown, key=key, on_change=change, placeholder=f"{len(shown)} to choose from",
        format_func=lambda value: f"{value_words(field, value)} ({known.get(value, 0):,})",
    )  # fmt: skip


def _changed(field: str, key: str) -> Callable[[], None]:
    def change() -> None:
        more: dict[str, Any] = {field: tuple(st.session_state[key] or ())}
        keep_to(replace(chosen_filter() or Filters(), **more))

    return change


def _margins(bands: Sequence[MarginBand], filters: Filters, run: RunRow | None) -> None:
    """The fifths of the run by margin; a range from a link that is none of them is shown beside them."""
    known: dict[Margin, int] = {(band.low, band.high): band.n for band in bands}
    chosen = filters.margin
    if len(known) < 2 and chosen is None:
        return
    shown = list(known) + ([chosen] if chosen is not None and chosen not in known else [])
    rank_by = "sum" if run is None else run.rank_by
    key = "review_filter_margin"
    st.session_state[key] = chosen

    def change() -> None:
        keep_to(replace(chosen_filter() or Filters(), margin=st.session_state[key]))

    st.pills(
        f"{TITLES['margin']}, {'nats per token' if rank_by == 'mean' else 'nats'} (fifths of the run)", shown, key=key,
        on_change=change, format_func=lambda band: _band_words(band, known),
    )  # fmt: skip


def _band_words(band: Margin, known: dict[Margin, int]) -> str:
    n = f" ({known[band]:,})" if band in known else ""
    return f"{escaped(margin_words(band))}{n}"
