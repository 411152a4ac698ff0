"""Accepting labels unlooked: set a target, see what it would do and why, apply it, take it back."""

from __future__ import annotations

import streamlit as st

from services.annotators import AUTO_ACCEPT, may
from services.audit.auto_accept import apply, revoke
from services.audit.auto_accept_rows import list_auto_accepts
from services.audit.rows import AutoAcceptRow, Proposal, ThresholdRow
from services.errors import ServiceError
from services.looks.rows import PlanRow
from services.run_rows import RunRow
from ui import frame, resources
from ui.audit import read
from ui.audit.targets import steps
from ui.audit.words import (
    applied_line,
    asked,
    before_line,
    domain_words,
    margin_words,
    promise,
    standing_line,
    threshold_cells,
)
from ui.charts.audit import threshold_path
from ui.insights.click import clickable
from ui.panels import fact, note, problem
from ui.plain_table import table_html
from ui.prose import safe
from ui.wording import count

HEADS = ("Domain", "From margin", "Random looks", "Errors", "Wrong, at most", "Accepted")
NOTICE = "audit_accept_notice"
TARGET_LEAST, TARGET_MOST = 0.5, 50.0  # percent


def show_accept(plan: PlanRow, run: RunRow, *, level: float) -> None:
    """The target, the proposal, and the button."""
    target, is_per_domain = _asked(plan)
    proposal = read.proposal(plan.plan_id, target=target, level=level, is_per_domain=is_per_domain)
    left, right = st.columns([2, 3], gap="large")
    with left:
        _proposed(proposal, run)
    if any(row.search.path for row in proposal.thresholds) or not proposal.n_before:
        with right:
            _figure(proposal, run)


def show_accepted(run: RunRow) -> None:
    """What was accepted unlooked so far under any run of the dataset."""
    rows = list_auto_accepts(resources.sessions(), dataset_id=run.dataset_id)
    if not rows:
        return
    st.markdown("**Accepted so far**")
    may_revoke = may(resources.sessions(), frame.annotator(), AUTO_ACCEPT)
    for row in rows:
        _accepted(row, run, may_revoke=may_revoke)
    if any(row.n_standing for row in rows):
        frame.page_link(frame.REVIEW, "Look at what was accepted", label="auto")


def _asked(plan: PlanRow) -> tuple[float, bool]:
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        percent = st.number_input(
            "Wrong labels allowed, %", TARGET_LEAST, TARGET_MOST, 5.0, 0.5, key="audit_target", format="%.1f",
            width=200, help="Set it before you look at the figures; trying targets until one fits weakens the promise.",
        )  # fmt: skip
        has_domains = len({domain or "" for domain in read.outcomes(plan.plan_id).population.domains}) > 1
        is_per_domain = has_domains and st.toggle(
            "A threshold for each domain", key="audit_per_domain",
            help="Each domain then needs looks of its own; all promises hold together.",
        )  # fmt: skip
    return percent / 100, is_per_domain


def _proposed(proposal: Proposal, run: RunRow) -> None:
    chosen = [row for row in proposal.thresholds if row.threshold is not None]
    if not chosen:
        nothing = "Nothing more to accept" if proposal.n_before else "No margin is safe enough yet"
        st.markdown(f"#### {nothing}")
        _notice()
        if proposal.n_before:
            note(before_line(proposal))
            return
        for row in proposal.thresholds:
            note(row.search.reason if row.domain is None else f"{domain_words(row)}: {row.search.reason}")
        return
    _notice()
    if proposal.is_per_domain:
        st.markdown(f"#### Accept {count(proposal.n_accepted, 'label')} unlooked")
        st.html(table_html(HEADS, map(threshold_cells, proposal.thresholds), numbers=range(1, 6)))
    else:
        _one(chosen[0], run)
    if not proposal.n_accepted:
        note("Every label from there on has a decision.")
        return
    st.caption(promise(proposal))
    is_allowed = may(resources.sessions(), frame.annotator(), AUTO_ACCEPT)
    st.button(
        f"Accept {count(proposal.n_accepted, 'label')} unlooked", key="audit_apply", type="primary",
        icon=":material/done_all:", disabled=not is_allowed, on_click=_apply, args=(proposal,),
    )  # fmt: skip
    if not is_allowed:
        st.caption("Only an admin accepts labels unlooked.")


def _one(row: ThresholdRow, run: RunRow) -> None:
    step = row.search.chosen
    if step is None:
        return
    st.markdown(f"#### From margin {margin_words(step.threshold, run.rank_by)} on")
    with st.container(horizontal=True, gap="large"):
        fact("To accept unlooked", f"{row.n_accepted:,}", f"of {count(row.search.n_population, 'suggestion')}")
        fact(
            "Of these, wrong", f"at most {asked(row.search.target)}",
            f"{asked(row.search.level)} confidence, n = {count(step.n_looks, 'random look')}, "
            f"{count(step.n_errors, 'error')}",
        )  # fmt: skip


def _figure(proposal: Proposal, run: RunRow) -> None:
    rows = {domain_words(row): row for row in proposal.thresholds}
    name = next(iter(rows))
    if len(rows) > 1:
        name = st.selectbox("Domain shown", list(rows), key="audit_threshold_domain", width=260)
    clickable(
        threshold_path(rows[name].search, rank_by=run.rank_by), key="audit_path", find=steps(rows[name]),
        alt="Wrong of those accepted at most, by threshold", run=run.run_id,
    )  # fmt: skip
    st.caption(
        "Thresholds are tested from the strictest down, in an order fixed beforehand, until one fails: so the promise "
        "holds however many were tried."
    )


def _apply(proposal: Proposal) -> None:
    try:
        made = apply(resources.sessions(), proposal, by=frame.annotator())
    except ServiceError as error:
        st.session_state[NOTICE] = ("problem", str(error))
        return
    st.session_state[NOTICE] = ("note", f"Accepted {count(made.n_items, 'label')}. They can be taken back below.")


def _revoke(auto_accept_id: int) -> None:
    try:
        revoke(resources.sessions(), auto_accept_id, by=frame.annotator())
    except ServiceError as error:
        st.session_state[NOTICE] = ("problem", str(error))
        return
    st.session_state[NOTICE] = ("note", "Taken back: these items are as they were before.")


def _notice() -> None:
    kind, text = st.session_state.pop(NOTICE, ("", ""))
    if kind:
        (problem if kind == "problem" else note)(text)


def _accepted(row: AutoAcceptRow, run: RunRow, *, may_revoke: bool) -> None:
    text, button = st.columns([5, 1], vertical_alignment="center")
    of_run = "" if row.run_id == run.run_id else f" (run {row.run_id})"
    line = f"{applied_line(row, run.rank_by)}{of_run}"
    with text:
        gone = " t-muted" if row.revoked_at is not None else ""
        st.html(
            f'<div class="t-runhead{gone}"><span>{safe(line)}</span></div>'
            f'<div class="t-runline">{safe(standing_line(row))}</div>'
        )
    if row.revoked_at is None:
        with button:
            st.button(
                "Take back", key=f"audit_revoke_{row.auto_accept_id}", icon=":material/undo:", disabled=not may_revoke,
                on_click=_revoke, args=(row.auto_accept_id,),
            )  # fmt: skip
