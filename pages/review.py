"""Review: one item at a time, the suggestion and the responses, and a decision by one key.

State from the URL, one read, the screen; the one write of a button happens in its callback before the page is drawn
again (ui/review/actions.py), so that a decision is committed before the next item shows.
"""

import streamlit as st

from services import datasets, runs, token_views
from services.errors import NotFound
from services.reviews import review as reviews
from ui import frame, resources
from ui.candidates import CandidateLook, candidates_html, item_badges
from ui.exact_input import exact_input_button, exact_input_panel
from ui.pickers import pick_dataset, pick_run, reviewing_as
from ui.profile.panel import profile_button, profile_panel
from ui.prose import conversation
from ui.review import empty as review_empty
from ui.review import exemplar as review_exemplar
from ui.review import filter as review_filter
from ui.review import head as review_head
from ui.review.actions import IS_DONE, IS_TOKENS, action_bar, take_turn
from ui.review.reasons import reasons_panel
from ui.tokens import legend_html, scale_of

frame.open_page(frame.REVIEW)
review_exemplar.forward()
sessions = resources.sessions()
annotator = frame.annotator()

rows = datasets.list_datasets(sessions)
if not rows:
    review_empty.no_dataset()
    st.stop()

# ---- what is in hand: dataset, run, item
at_dataset, at_run, at_walk, at_panels = st.columns([2.1, 3.4, 2.2, 3.6], vertical_alignment="center")
with at_dataset:
    dataset = pick_dataset("review", rows)
if dataset is None:
    line = f"There is no dataset {frame.chosen(frame.DATASET)!r} here; choose one above or take the latest."
    review_empty.unknown(line, way_out="Take the latest", forget=frame.DATASET)
    st.stop()
all_runs = runs.list_runs(sessions, dataset_id=dataset.dataset_id)
with at_run:
    run = pick_run("review", all_runs, latest=runs.latest_run(sessions, dataset.dataset_id))
if run is None and frame.chosen(frame.RUN) is not None:
    line = f"{dataset.name} has no run {frame.chosen(frame.RUN)!r}; choose one above or take the latest."
    review_empty.unknown(line, way_out="Take the latest run", forget=frame.RUN)
    st.stop()

only = review_filter.chosen_filter()
wanted = st.query_params.get(frame.ITEM) or None
wanted_id = None if wanted is None else frame.number(wanted)
try:
    if wanted is not None and wanted_id is None:
        raise NotFound(f"{wanted!r} is not the number of an item")
    item = reviews.load_item(
        sessions,
        dataset_id=dataset.dataset_id,
        annotator=annotator,
        run_id=None if run is None else run.run_id,
        item_id=wanted_id,
        only=only,
    )
except NotFound:
    line = f"{dataset.name} has no item {wanted!r}; the link may be of another dataset."
    review_empty.unknown(line, way_out="Go to the next undecided item", forget=frame.ITEM)
    st.stop()
if item is None and only is not None:
    review_filter.filter_done(only, is_empty=True)
    st.stop()
if item is None:
    frame.empty_state("This dataset has no items", "Import the file again, or choose another.", key="review")
    st.stop()

# ---- nothing to show
progress = reviews.progress(sessions, dataset_id=dataset.dataset_id, annotator=annotator)
at_work = next((row for row in all_runs if row.status in review_head.AT_WORK and not row.is_interrupted), None)
if at_work is not None:
    awaits_first = run is None and wanted is None
    review_head.watch_run(at_work.run_id, lambda run_id: runs.get_run(sessions, run_id), awaits_first=awaits_first)
in_hand = run or (all_runs[0] if all_runs else None)
if at_work is None and in_hand is not None and in_hand.n_done < in_hand.n_items:
    review_empty.run_stopped(in_hand)
if run is None and wanted is None:
    if at_work is None:
        review_empty.not_weighed(dataset, item.item_id)
    st.stop()
is_through = item.decision is not None and item.decision.verdict != "skip"
if wanted is None and only is not None and (is_through or st.session_state.get(IS_DONE)):
    review_head.notice()
    take_turn(item, annotator=annotator, n_left=progress.n_left)
    review_filter.filter_done(only, is_empty=False)
    st.stop()
if wanted is None and (st.session_state.get(IS_DONE) or progress.n_left == 0):
    skipped = reviews.next_undecided(sessions, dataset_id=dataset.dataset_id, annotator=annotator)
    review_head.notice()
    first = take_turn(item, annotator=annotator, n_left=progress.n_left)
    review_empty.all_decided(progress, first, skipped_item_id=skipped)
    st.stop()
if wanted is None:
    st.query_params[frame.ITEM] = str(item.item_id)

# ---- the item
with at_walk:
    review_head.walk(item)
with at_panels, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
    review_head.guidelines_panel(item.guidelines)
    shows_source, shows_gold = review_head.view_panel()
    reviewing_as("review")
review_head.notice()
with st.container(key="review_progress", horizontal=True, vertical_alignment="center", gap="small"):
    st.html(review_head.progress_html(progress), width="stretch")
    review_filter.filter_panel(run)
st.html(item_badges(item) + conversation(item.messages))

views: dict[int, token_views.TokenView] = {}
if st.session_state.get(IS_TOKENS, False) and item.run_id is not None:
    for candidate in item.candidates:
        if (view := token_views.token_view(sessions, item.run_id, candidate.candidate_id)) is not None:
            views[candidate.candidate_id] = view
    st.html(legend_html(scale_of(views.values())))
exact_input_panel(item)
if run is not None:
    profile_panel(item, pair=run.pair, rank_by=run.rank_by)
st.html(candidates_html(item, CandidateLook(shows_source=shows_source, shows_gold=shows_gold, views=views)))

turn = take_turn(item, annotator=annotator, n_left=progress.n_left)
with st.container(key="review_foot", gap="xsmall"):
    decided = review_head.decision_html(item.decision)
    if decided:
        st.html(decided)
    reasons_panel(turn)
    with action_bar(turn):
        exact_input_button(item)
        profile_button(item)
