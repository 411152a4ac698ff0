"""The runs of a dataset, one card each: watch, cancel, resume, delete or hide, and what each run used.

Polls only while something is in hand. Leaves out starting a run (start.py) and the words (words.py).
"""

from __future__ import annotations

import streamlit as st

from services import evaluation, precise, runs
from services.criteria import store as criteria_store
from services.errors import ServiceError
from services.run_rows import RunRow
from services.statistics.intervals import Share
from ui import frame, resources
from ui.panels import problem
from ui.plain_table import table_html
from ui.prose import safe
from ui.runs.words import again_label, can_resume, head_html, is_active, progress_html, used_html
from ui.told_words import criteria_html
from ui.wording import count, share_line

POLL_S = 1.0
SHOW_HIDDEN = "runs_show_hidden"
CHANGED = "runs_changed"
AGAIN_HELP = (
    "Their margins are smaller than what computing the same thing in another order changes. A new run weighs them in "
    "float32 and takes every other item over from this one."
)
NOT_WEIGHED_SHOWN, LIST_PX = 200, 240


def show_runs(dataset_id: int, *, dataset: str) -> None:
    """All runs of a dataset, newest first; looks again every second while one is in hand."""
    listed = runs.list_runs(resources.sessions(), dataset_id=dataset_id, include_hidden=True)
    n_hidden = sum(row.is_hidden for row in listed)
    if n_hidden:
        st.toggle(f"Show {count(n_hidden, 'hidden run')}", key=SHOW_HIDDEN)
    is_watching = any(map(is_active, listed))
    st.fragment(_cards, run_every=POLL_S if is_watching else None)(dataset_id, dataset, is_watching)


def _cards(dataset_id: int, dataset: str, is_watching: bool) -> None:
    if st.session_state.pop(CHANGED, False):
        st.rerun()  # a click in here redraws only this part; hidden runs and the polling belong to the page
    shows_hidden = bool(st.session_state.get(SHOW_HIDDEN, False))
    rows = runs.list_runs(resources.sessions(), dataset_id=dataset_id, include_hidden=shows_hidden)
    if is_watching and not any(map(is_active, rows)):
        st.rerun()  # the whole page, which stops the polling
    if not rows:
        st.caption("No run yet. Choose a pair and criteria above and start one; its ranking then shows in Review.")
    for row in rows:
        _card(row, dataset)


def _card(row: RunRow, dataset: str) -> None:
    with st.container(border=True, key=f"runs_card_{row.run_id}", gap="small"):
        st.html(head_html(row))
        if is_active(row):
            st.progress(min(1.0, row.progress))
        st.html(progress_html(row))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _actions(row, dataset)
        details = st.expander("What this run used", key=f"runs_details_{row.run_id}", on_change="rerun")
        if details.open:
            with details:
                _details(row)


def _actions(row: RunRow, dataset: str) -> None:
    number = row.run_id
    if row.n_done > row.n_not_weighed:
        query = frame.link_query(dataset=dataset, run=number)
        st.page_link(frame.REVIEW, label="Review", query_params=query, icon=":material/rate_review:")
        st.page_link(frame.INSIGHTS, label="Insights", query_params=query, icon=":material/insights:")
    if is_active(row) and row.status != "cancelling":
        st.button("Cancel", key=f"runs_cancel_{number}", on_click=_do, args=("cancel", number), icon=":material/stop:")
    if can_resume(row):
        st.button(
            "Resume", key=f"runs_resume_{number}", on_click=_do, args=("resume", number), icon=":material/play_arrow:"
        )
    if row.status == "done":
        _again(row)
    if row.is_hidden:
        st.button("Show again", key=f"runs_unhide_{number}", on_click=_do, args=("unhide", number), type="tertiary")
    elif not is_active(row):
        _take_away(row)
    said = st.session_state.pop(f"runs_said_{number}", None)
    if said:
        problem(said)


def _again(row: RunRow) -> None:
    """Weigh again, exactly, what the run could not tell apart; disabled with the reason where there is none."""
    reason = precise.why_not_again(row)
    st.button(
        again_label(row), key=f"runs_again_{row.run_id}", on_click=_do, args=("again", row.run_id),
        disabled=reason is not None, icon=":material/balance:", help=reason or AGAIN_HELP,
    )  # fmt: skip


def _take_away(row: RunRow) -> None:
    """Delete, asked once; hide where decisions rest on the run."""
    number = row.run_id
    with st.popover("Remove", type="tertiary", key=f"runs_remove_{number}", icon=":material/delete:"):
        if row.n_decisions:
            st.write(f"{count(row.n_decisions, 'decision')} rest on this run, so it is kept. It can leave the lists.")
            st.button("Hide this run", key=f"runs_hide_{number}", on_click=_do, args=("hide", number))
            return
        st.write("Its rewards and ranking go. The cached log-probs stay, so weighing again is quick.")
        st.button("Delete this run", key=f"runs_delete_{number}", on_click=_do, args=("delete", number), type="primary")


def _do(verb: str, run_id: int) -> None:
    """One write; what went wrong is said beside the run, and the page goes on."""
    sessions = resources.sessions()
    try:
        if verb == "cancel":
            runs.request_cancel(sessions, run_id)
        elif verb == "resume":
            runs.resume(sessions, run_id)
        elif verb == "delete":
            runs.delete_run(sessions, run_id)
        elif verb == "again":
            precise.start_again(sessions, run_id)
            resources.start_worker()
        else:
            runs.hide_run(sessions, run_id, is_hidden=verb == "hide")
    except ServiceError as error:
        st.session_state[f"runs_said_{run_id}"] = str(error)
    if verb in ("hide", "delete") and frame.chosen(frame.RUN) == str(run_id):
        frame.choose(frame.RUN, None)
    st.session_state[CHANGED] = True


def _details(row: RunRow) -> None:
    sessions = resources.sessions()
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(used_html(row))
    with right:
        criteria = criteria_store.get_criteria(sessions, row.criteria_id)
        st.caption("Criteria")
        st.html(criteria_html(criteria))
        st.caption("Against gold")
        st.html(f'<div class="t-runline">{safe(_accuracy_line(row))}</div>')
    _not_weighed(row)
    st.caption("Configuration, as kept")
    st.json(row.configuration, expanded=False)


def _accuracy_line(row: RunRow) -> str:
    if row.n_done == 0:
        return "nothing weighed yet"
    found = evaluation.evaluate(resources.sessions(), row.dataset_id, row.run_id)
    if found.accuracy is None or found.interval is None:
        return "the dataset has no gold ranking"
    low, high = found.interval
    return "best candidate right: " + share_line(Share(found.n, found.accuracy, low, high), of="items")


def _not_weighed(row: RunRow) -> None:
    if not row.n_not_weighed:
        return
    found = runs.list_not_weighed(resources.sessions(), row.run_id, limit=NOT_WEIGHED_SHOWN)
    st.caption(
        f"Not weighed: {count(row.n_not_weighed, 'item')}"
        + (f", the first {NOT_WEIGHED_SHOWN} shown" if row.n_not_weighed > len(found) else "")
    )
    lines = [(f"{line.position + 1:,}", line.reason, line.detail) for line in found]
    with st.container(height=LIST_PX if len(found) > 5 else "content", border=False):
        st.html(table_html(("Item", "Reason", "Detail"), lines, numbers=(0,)))
