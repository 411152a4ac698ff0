"""Review: one item at a time, the suggestion and the responses, and a decision by one key.

State from the URL, one read, the screen; the one write of a button happens in its callback before the page is drawn
again (ui/review/actions.py), so that a decision is committed before the next item shows. Last of all the next item is
read ahead (ui/review/hand.py).
"""

import streamlit as st

from services import runs
from services.decisions import latest_decisions
from services.errors import NotFound
from services.looks import serve
from services.reviews import review as reviews
from services.reviews.ahead import Asked
from ui import collecting, frame, resources
from ui.pickers import pick_dataset, pick_run, reviewing_as
from ui.review import empty as review_empty
from ui.review import exemplar as review_exemplar
from ui.review import filter as review_filter
from ui.review import hand as review_hand
from ui.review import head as review_head
from ui.review import lease as review_lease
from ui.review import lists as review_lists
from ui.review import plan as review_plan
from ui.review import queues as review_queues
from ui.review import ranking as review_ranking
from ui.review.actions import IS_DONE, take_turn
from ui.review.item import decision_foot, item_body
from ui.review.keys import keys_panel
from ui.review.recent import N_LATEST, recent_list, steps_among

frame.open_page(frame.REVIEW)
review_exemplar.forward()
review_ranking.new_run()
review_lists.new_visit()
sessions = resources.sessions()
annotator = frame.annotator()

rows = review_lists.datasets_at_hand(sessions)
if not rows:
    review_empty.no_dataset()
    st.stop()

# ---- what is in hand: dataset, run, plan, item
at_dataset, at_run, at_plan, at_panels = st.columns([1.7, 2.6, 2.5, 3.2], vertical_alignment="center")
with at_dataset:
    dataset = pick_dataset("review", rows)
if dataset is None:
    line = f"There is no dataset {frame.chosen(frame.DATASET)!r} here; choose one above or take the latest."
    review_empty.unknown(line, way_out="Take the latest", forget=frame.DATASET)
    st.stop()
all_plans = review_lists.plans_at_hand(sessions, dataset.dataset_id)
plan, unknown_plan = review_plan.plan_of_link(all_plans)
all_runs, latest_run = review_lists.runs_at_hand(sessions, dataset.dataset_id)
with at_run:
    run = pick_run("review", all_runs, latest=latest_run)
if unknown_plan is not None:
    line = f"{dataset.name} has no plan {unknown_plan!r}; go on in file order, or choose one on the Audit page."
    review_empty.unknown(line, way_out="Go on in file order", forget=frame.PLAN)
    st.stop()
if run is None and frame.chosen(frame.RUN) is not None:
    line = f"{dataset.name} has no run {frame.chosen(frame.RUN)!r}; choose one above or take the latest."
    review_empty.unknown(line, way_out="Take the latest run", forget=frame.RUN)
    st.stop()
with at_plan:
    review_plan.pick_plan(all_plans, plan)

only, queue = review_filter.chosen_filter(), review_queues.chosen_queue()
wanted = st.query_params.get(frame.ITEM) or None
wanted_id = None if wanted is None else frame.number(wanted)
asked = Asked(dataset.dataset_id, annotator, None if run is None else run.run_id, only, queue)
try:
    if wanted is not None and wanted_id is None:
        raise NotFound(f"{wanted!r} is not the number of an item")
    hand = review_hand.item_in_hand(asked, plan, run, wanted_id)
except NotFound:
    line = f"{dataset.name} has no item {wanted!r}; the link may be of another dataset."
    review_empty.unknown(line, way_out="Go to the next undecided item", forget=frame.ITEM)
    st.stop()

# ---- nothing to show
item = hand.item
progress = review_queues.progress_of(dataset.dataset_id, annotator)
latest = latest_decisions(sessions, dataset_id=dataset.dataset_id, annotator=annotator, n=N_LATEST)
plan_progress = None if plan is None else serve.plan_progress(sessions, plan.plan_id, annotator)
if plan is not None and plan_progress is not None and item is None:
    review_head.notice()
    with review_head.beside(st.session_state.get(review_head.SIDE, True)) as at_side:
        review_plan.no_look(plan, plan_progress, hand.why, hand.line, is_filtered=bool(only or queue))
    if at_side is not None:
        with at_side:
            recent_list(latest, item_id=None)
    st.stop()
if item is None and queue is not None:
    review_head.notice()
    review_queues.queue_done(queue, progress)
    st.stop()
if item is None and only is not None:
    review_filter.filter_done(only, is_empty=True, run=run, dataset_id=dataset.dataset_id)
    st.stop()
if item is None:
    frame.empty_state("This dataset has no items", "Import the file again, or choose another.", key="review")
    st.stop()
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
if wanted is None and queue is not None and st.session_state.get(IS_DONE):
    review_head.notice()
    review_queues.queue_done(queue, progress)
    st.stop()
is_done = bool(st.session_state.get(IS_DONE)) or (is_through and only is not None and not only.is_about_decisions)
if wanted is None and plan is None and only is not None and is_done:
    review_head.notice()
    take_turn(item, annotator=annotator, n_left=progress.n_left)
    number = dataset.dataset_id
    review_filter.filter_done(only, is_empty=False, run=run, dataset_id=number, first_item_id=item.item_id)
    st.stop()
is_done = bool(st.session_state.get(IS_DONE)) or (progress.n_left == 0 and only is None)
if wanted is None and plan is None and queue is None and is_done:
    skipped = reviews.next_undecided(sessions, dataset_id=dataset.dataset_id, annotator=annotator)
    review_head.notice()
    first = take_turn(item, annotator=annotator, n_left=progress.n_left)
    review_empty.all_decided(progress, first, skipped_item_id=skipped)
    st.stop()
if wanted is None:
    st.query_params[frame.ITEM] = str(item.item_id)

# ---- the item
with at_panels, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
    review_head.guidelines_panel(item.guidelines)
    shows_source, shows_gold = review_head.view_panel()
    keys_panel()
    reviewing_as("review")
review_head.notice()
with st.container(key="review_progress", horizontal=True, vertical_alignment="center", gap="small"):
    if item.look is not None and plan_progress is not None:
        st.html(review_head.plan_progress_html(plan_progress), width="stretch")
        with st.container(width="content"):
            review_lease.clock(item.look)
        steps, where = steps_among(latest, item.item_id), review_plan.where_words(item.look, plan_progress)
    else:
        st.html(review_head.progress_html(progress), width="stretch")
        steps, where = (item.prev_item_id, item.next_item_id), f"{item.position + 1} of {item.n_items}"
    review_queues.queue_panel(queue, progress)
    hides = plan is not None and plan.blind_share > 0
    review_filter.filter_panel(run, dataset_id=dataset.dataset_id, is_blind=hides)
    review_head.walk(item, steps=steps, where=where)
review_filter.filter_line(run, dataset_id=dataset.dataset_id, is_blind=hides)
with review_head.beside(st.session_state.get(review_head.SIDE, True)) as at_side:
    item_body(item, run, shows_source=shows_source, shows_gold=shows_gold)
if at_side is not None:
    with at_side:
        recent_list(latest, item_id=item.item_id)
decision_foot(take_turn(item, annotator=annotator, n_left=progress.n_left, queue=queue))
review_hand.load_next(asked, plan, run, item)
collecting.keep_short()
