"""The queues (`?queue=`): undecided, skipped, flagged ones only; and how far one is, counted once and then moved on.

Leaves out which item is next (services/reviews/queue.py) and filters (filter.py).
"""

from __future__ import annotations

import streamlit as st

from services.reviews.progress import Tally, tally_of
from services.reviews.queue import QUEUES
from services.reviews.rows import ReviewProgress
from ui import frame, resources
from ui.review.actions import show_item

PICK = "review_queue"
TALLY = "review_tally"  # session key: the counts so far
ALL = "all"
WORDS = {ALL: "All in order", "undecided": "Undecided only", "skipped": "Skipped", "flagged": "Flagged"}


def chosen_queue() -> str | None:
    """The queue that the URL names; a word that is none of ours counts as none."""
    wanted = st.query_params.get(frame.QUEUE)
    return wanted if wanted in QUEUES else None


def progress_of(dataset_id: int, annotator: str) -> ReviewProgress:
    """How far this person is in the dataset."""
    kept = st.session_state.get(TALLY)
    since = kept if isinstance(kept, Tally) else None
    tally = tally_of(resources.sessions(), dataset_id=dataset_id, annotator=annotator, since=since)
    st.session_state[TALLY] = tally
    return tally.progress


def queue_panel(queue: str | None, progress: ReviewProgress) -> None:
    """The choice behind a button, which says what is chosen, with how many there are."""
    counts = {"undecided": progress.n_left, "skipped": progress.n_skip, "flagged": progress.n_flag}
    st.session_state[PICK] = queue or ALL
    word = "Queue" if queue is None else f"Queue: {WORDS[queue].lower()}"
    with st.popover(word, icon=":material/low_priority:", key="review_queue_panel", type="tertiary", width="content"):
        st.radio(
            "Go through", list(WORDS), key=PICK, on_change=_choose,
            format_func=lambda name: f"{WORDS[name]} ({counts[name]:,})" if name in counts else WORDS[name],
            captions=["then what you skipped", "", "", ""],
        )  # fmt: skip


def _choose() -> None:
    keep_to(st.session_state[PICK])


def keep_to(queue: str) -> None:
    """From here on the next item is of this queue; the first of it shows."""
    if queue == ALL:
        st.query_params.pop(frame.QUEUE, None)
    else:
        st.query_params[frame.QUEUE] = queue
    show_item(None)


def queue_done(queue: str, progress: ReviewProgress) -> None:
    """The queue is empty, or one was through it."""
    left = {"undecided": progress.n_left, "skipped": progress.n_skip, "flagged": progress.n_flag}[queue]
    what = WORDS[queue].lower()
    title = f"That was the last one: {what}" if left else f"Nothing here: {what}"
    text = f"{left:,} of them are still {queue}." if left else f"You have no item that is {queue}."
    panel = frame.empty_state(title, text, key="review_queue_end")
    with panel, st.container(horizontal=True, horizontal_alignment="center"):
        st.button("All items in order", key="review_queue_all", type="primary", on_click=keep_to, args=(ALL,))
        if left:
            st.button("Once more", key="review_queue_again", on_click=show_item, args=(None,))
