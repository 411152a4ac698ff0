"""What the looks prove: the share of suggestions that people agree with, how it was counted, what more would cost."""

from __future__ import annotations

import streamlit as st

from services.annotators import MAKE_PLANS, may
from services.audit.accuracy import looks_for_width
from services.audit.rows import Accuracy
from services.errors import ServiceError
from services.looks.plans import extend_plan
from services.looks.rows import PlanRow
from ui import frame, resources
from ui.audit import read
from ui.audit.targets import nowhere
from ui.audit.words import bound_basis, bound_share, bound_value, claim, counted_lines, enough_line, method_line
from ui.charts.figures import share_dots
from ui.insights.click import clickable
from ui.insights.targets import domains
from ui.panels import fact, note, problem
from ui.prose import safe
from ui.wording import count

WIDTHS = {0.02: "± 1 point", 0.04: "± 2 points", 0.06: "± 3 points", 0.10: "± 5 points", 0.20: "± 10 points"}
NOTICE, NO_DOMAIN = "audit_notice", "no domain"
PARTS_SHOWN = 24  # of domains, the largest


def show_proof(plan: PlanRow, *, level: float) -> None:
    """The claim first, then what it rests on."""
    found = read.accuracy(plan.plan_id, level=level)
    st.markdown(f"#### {claim(found)}")
    with st.container(horizontal=True, gap="large"):
        fact("People agree", bound_value(found.bound), bound_basis(found.bound, of="random look"))
        if found.blind.n or plan.blind_share:
            fact("Blind looks alone", bound_value(found.blind), bound_basis(found.blind, of="blind look"))
    lines = [method_line(found), *counted_lines(found)]
    st.html("".join(f'<div class="t-runline">{safe(line)}</div>' for line in lines))
    if not found.n_counted:
        frame.page_link(frame.REVIEW, "Look at the first item", plan=plan.plan_id)
        return
    if found.n_agree + found.n_unresolved < found.n_counted:
        frame.page_link(frame.REVIEW, "Where people disagreed", verdict="override,tie")
    if found.n_unresolved:
        frame.page_link(frame.ADJUDICATE, "Settle what people left open")
    if found.by_domain or found.by_stratum:
        left, right = st.columns([3, 2], gap="large")
        with left:
            _parts(found)
    else:
        right, _ = st.columns(2)
    with right:
        _planner(found, plan)
        _show_notice()


def _parts(found: Accuracy) -> None:
    parts = found.by_domain or found.by_stratum
    if not parts:
        return
    st.markdown("**By domain**" if found.by_domain else "**By stratum**")
    largest = sorted(parts, key=lambda part: -(part[1].population or 0))[:PARTS_SHOWN]
    rows = [
        ("all items", found.bound),
        *((name or NO_DOMAIN, bound) for name, bound in parts if (name, bound) in largest),
    ]
    shares = [(name, bound_share(bound)) for name, bound in rows]
    find = domains(shares, missing=NO_DOMAIN) if found.by_domain else nowhere
    figure = share_dots(shares, unit="people agree")
    clickable(figure, key="audit_parts", alt="Agreement by domain", find=find, run=found.run_id)
    if len(parts) > len(largest):
        st.caption(f"The {PARTS_SHOWN} largest of {len(parts):,}.")
    st.caption("Each interval stands alone: reading many of them together, expect one in twenty to miss.")


def _planner(found: Accuracy, plan: PlanRow) -> None:
    """What a narrower interval costs, and a button that draws it."""
    st.markdown("**How much more to look at**")
    narrower = [width for width in WIDTHS if width < 0.8 * found.bound.width] or [min(WIDTHS)]
    width = st.select_slider(
        "Interval wanted", list(WIDTHS), value=max(narrower), key="audit_width", format_func=lambda one: WIDTHS[one]
    )
    cost = looks_for_width(found, width=width)
    if cost.n_more <= 0:
        note(enough_line(found, width=width))
        return
    st.html(f'<div class="t-fact"><span class="t-number">{cost.n_more:,}</span> more looks, about</div>')
    if cost.n_more_at_most > cost.n_more:
        st.caption(f"At the agreement seen so far; {cost.n_more_at_most:,} if it turns out less clear.")
    waiting = plan.n - found.n_counted
    missing = cost.n_more - waiting
    if waiting:
        enough = "enough" if missing <= 0 else f"that leaves {missing:,} to draw"
        st.caption(f"{count(waiting, 'item')} of this sample still wait: {enough}.")
    if missing <= 0:
        return
    if plan.closed_at is None and may(resources.sessions(), frame.annotator(), MAKE_PLANS):
        st.button(
            f"Draw {missing:,} more", key="audit_draw", icon=":material/casino:",
            on_click=_draw, args=(plan.plan_id, missing),
        )  # fmt: skip


def _draw(plan_id: int, n_more: int) -> None:
    try:
        plan = extend_plan(resources.sessions(), plan_id, n_more=n_more, by=frame.annotator())
    except ServiceError as error:
        st.session_state[NOTICE] = ("problem", str(error))
        return
    st.session_state[NOTICE] = ("note", f"The sample has {plan.n:,} items now; the same order goes on.")


def _show_notice() -> None:
    kind, text = st.session_state.pop(NOTICE, ("", ""))
    if kind:
        (problem if kind == "problem" else note)(text)
