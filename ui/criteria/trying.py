"""Try it: the criteria on the screen weighed on some items beside a run, and on decisions no exemplar was made of.

The work is done by a thread and kept in the database; this watches it. Which trial is shown stands in the URL, so that
a refresh loses nothing. Leaves out the ledger itself (ledger.py).
"""

from __future__ import annotations

import streamlit as st

from services.criteria import exemplars
from services.datasets import DatasetRow
from services.errors import NotFound
from services.run_rows import RunRow
from services.trials import trial as trials
from services.trials.trial import TrialReport
from ui import frame, resources
from ui.criteria.ledger import show_ledger
from ui.criteria.state import FAILURES, HELD_OUT, TRIAL, InHand, line_of
from ui.panels import note, problem
from ui.wording import count

SAMPLES = {"decided": "decided by people", "gold": "with gold", "any": "any"}
N_LIMIT, N_DEFAULT = 5_000, 100
POLL_S = 1.0
PROBLEM = "criteria_try_problem"
FEW = 30  # decisions; fewer make wide intervals


def show_try(in_hand: InHand, dataset: DatasetRow, run: RunRow) -> None:
    """The form, the trial in hand with its ledger, and the held-out effect."""
    if run.status != "done":
        note(f"Run {run.run_id} is not finished; criteria are tried beside a finished run.")
        return
    _left_out(in_hand)
    _form(in_hand, dataset, run)
    said = st.session_state.pop(PROBLEM, None)
    if said:
        problem(said)
    ids = exemplars.held_out_item_ids(resources.sessions(), run_id=run.run_id, body=in_hand.editing.body)
    trial_id, held_out_id = _in_hand(in_hand, run, ids)
    if trial_id is None:
        st.caption(
            "Nothing tried yet: choose items and weigh them. Only the model whose text changed computes anything."
        )
    else:
        _show(trial_id, in_hand, dataset, run, key="criteria_trial")
    _held_out(in_hand, run, ids)
    if held_out_id is not None:
        _show(held_out_id, in_hand, dataset, run, key="criteria_heldout")


def _left_out(in_hand: InHand) -> None:
    for line in in_hand.editing.problems:
        note(f"Left out: {line}.")


def _form(in_hand: InHand, dataset: DatasetRow, run: RunRow) -> None:
    if st.session_state.get("criteria_only") not in SAMPLES:
        st.session_state["criteria_only"] = "gold" if dataset.has_gold else "decided" if dataset.n_decided else "any"
    names = {"decided": f"decided by people ({dataset.n_decided:,})", "gold": f"with gold ({dataset.n_gold:,})",
             "any": f"any ({run.n_items:,})"}  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="criteria_form"):
        st.segmented_control(
            "Items", list(SAMPLES), key="criteria_only", required=True, format_func=lambda only: names[only]
        )
        st.number_input("At most", 1, N_LIMIT, N_DEFAULT, 10, key="criteria_n", width=130)
        st.button(
            "Weigh under these criteria", key="criteria_try", type="primary", icon=":material/balance:",
            on_click=_start, args=(in_hand, run),
        )  # fmt: skip


def _start(in_hand: InHand, run: RunRow) -> None:
    only, n = st.session_state["criteria_only"], int(st.session_state["criteria_n"])  # as they are when it is pressed
    try:
        trial_id = trials.start_trial(
            resources.sessions(), run_id=run.run_id, body=in_hand.editing.body, n=n, only=only
        )  # fmt: skip
    except FAILURES as error:
        st.session_state[PROBLEM] = line_of(error)
        return
    resources.trial_threads().start(trial_id)
    st.query_params[TRIAL] = str(trial_id)


def _in_hand(in_hand: InHand, run: RunRow, held_out: tuple[int, ...]) -> tuple[int | None, int | None]:
    """The URL's trials, the sample's and the held-out one; without any, the last one of exactly these criteria."""
    sample, apart = (frame.number(st.query_params.get(name, "")) for name in (TRIAL, HELD_OUT))
    found = trials.latest_trial(resources.sessions(), run_id=run.run_id, body=in_hand.editing.body)
    if sample is None and apart is None and found is not None:
        is_held_out = set(trials.read_trial(resources.sessions(), found).item_ids) == set(held_out)
        return (None, found) if is_held_out else (found, None)
    return sample, apart


def _show(trial_id: int, in_hand: InHand, dataset: DatasetRow, run: RunRow, *, key: str) -> None:
    """A trial: its progress while it is at work, then its ledger."""
    sessions, threads = resources.sessions(), resources.trial_threads()
    try:
        report = trials.read_trial(sessions, trial_id)
    except NotFound as error:
        problem(str(error))
        return
    if report.run_id != run.run_id:
        note(f"That trial was made beside run {report.run_id}; weigh again beside this one.")
        return
    if report.criteria_sha256 != in_hand.editing.body.sha256:
        note("The criteria changed since this was weighed. Weigh again to renew it.")
    if threads.is_at_work(trial_id):
        _watch(trial_id)
        return
    failed = threads.problem(trial_id)
    if failed:
        problem(failed)
    if not report.is_finished:
        _unfinished(report, key)
    if report.n_weighed:
        show_ledger(report, key=key, query=frame.link_query(dataset=dataset.name, run=run.run_id))


def _unfinished(report: TrialReport, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        note(f"Stopped at {report.n_weighed} of {count(report.n_items, 'item')}; what is weighed is kept.")
        st.button(
            "Go on", key=f"{key}_go_on", icon=":material/play_arrow:", on_click=resources.trial_threads().start,
            args=(report.trial_id,),
        )  # fmt: skip


def _watch(trial_id: int) -> None:
    st.fragment(_progress, run_every=POLL_S)(trial_id)


def _progress(trial_id: int) -> None:
    """A bar that moves with every chunk; the page is drawn anew when the thread has ended."""
    threads = resources.trial_threads()
    if not threads.is_at_work(trial_id):
        st.rerun()
    try:
        n_weighed, n_items = trials.how_far(resources.sessions(), trial_id)
    except NotFound as error:
        problem(str(error))
        return
    words = f"Weighing: {n_weighed} of {count(n_items, 'item')}" if n_weighed else "Weighing …"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(n_weighed / max(1, n_items), text=words)
        st.button(
            "Stop", key=f"criteria_stop_{trial_id}", on_click=threads.stop, args=(trial_id,), icon=":material/stop:"
        )


def _held_out(in_hand: InHand, run: RunRow, ids: tuple[int, ...]) -> None:
    """What the criteria do to decisions that none of their exemplars was made of; apart from the trial above."""
    st.subheader("Held-out effect", anchor=False)
    if not ids:
        st.caption(
            "No decided item to measure on: decide some on Review. Items that an exemplar was made of do not count."
        )
        return
    left_out = "Items that an exemplar was made of, or that share its prompt, are left out."
    few = f" With fewer than {FEW} decisions the interval is wide." if len(ids) < FEW else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            f"Weigh {count(len(ids), 'held-out decision')}", key="criteria_held_out", icon=":material/visibility_off:",
            on_click=_start_held_out, args=(in_hand, run, ids),
        )  # fmt: skip
        st.caption(f"n = {len(ids)} decided items. {left_out}{few}")


def _start_held_out(in_hand: InHand, run: RunRow, ids: tuple[int, ...]) -> None:
    try:
        trial_id = trials.start_trial(
            resources.sessions(), run_id=run.run_id, body=in_hand.editing.body, item_ids=ids
        )  # fmt: skip
    except FAILURES as error:
        st.session_state[PROBLEM] = line_of(error)
        return
    resources.trial_threads().start(trial_id)
    st.query_params[HELD_OUT] = str(trial_id)
