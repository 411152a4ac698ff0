"""Overrides worth adding: what people corrected, as exemplars one click away; and the way in from Review.

An exemplar that was added can be taken back with one click. Leaves out which overrides are worth it
(services/criteria/exemplars.py).
"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from services.criteria import exemplars
from services.criteria import store as criteria_store
from services.criteria.editing import Editing, change_draft
from services.criteria.exemplars import Proposal
from services.run_rows import RunRow
from services.runs import get_run
from ui import frame, resources
from ui.criteria.editor import IN_URL, open_domain
from ui.criteria.state import SET, UNDO, InHand, Undo, change, tell
from ui.criteria.words import shortened
from ui.prose import prose, safe

SHOWN = 3  # proposals for a domain at once
FROM_REVIEW = "criteria_from_review"  # session key: the way back is offered once
FOLD_AT = 320  # characters of a proposal's text before "show all"


def show_overrides(in_hand: InHand, run: RunRow | None, domain: str | None) -> None:
    """The overrides that would teach most, for the domain on the screen, each with why."""
    st.html("<b>Overrides worth adding</b>")
    if run is None:
        st.caption("Overrides come from reviewing a run; there is none yet.")
        return
    found = exemplars.proposals(resources.sessions(), run_id=run.run_id, body=in_hand.editing.body, limit=SHOWN)
    wanted = [one for one in found if one.domain == domain]
    others = [one for one in found if one.domain != domain]
    if not found:
        st.caption(
            "None now. An override on Review shows here while the run still ranks another response above the person's "
            "choice, unless an exemplar like it is there already."
        )
    for one in wanted:
        _proposal(in_hand, one)
    if others:
        st.html('<div class="t-muted t-runline">In other domains</div>')
    for one in others:
        _proposal(in_hand, one)


def _proposal(in_hand: InHand, one: Proposal) -> None:
    with st.container(border=True, key=f"criteria_proposal_{one.decision_id}", gap="small"):
        st.html(_proposal_html(one))
        if in_hand.is_editable:
            where = frame.plain(one.domain or "default")
            st.button(
                f"Add to {where}", key=f"criteria_add_{one.decision_id}", icon=":material/add:", on_click=_add,
                args=(in_hand, one),
            )  # fmt: skip


def _proposal_html(one: Proposal) -> str:
    rows = (("Good", one.exemplar.good), ("Bad", one.exemplar.bad), ("Why", one.exemplar.explanation))
    why = one.reason[:1].upper() + one.reason[1:]
    texts = "".join(f"<dt>{name}</dt><dd>{prose(text, fold_at=FOLD_AT)}</dd>" for name, text in rows if text.strip())
    return (
        f'<div class="t-proposal"><div dir="auto"><b>Item {one.position + 1}</b> '
        f"{safe(shortened(one.exemplar.prompt))}</div>"
        f'<dl class="t-facts">{texts}</dl><div class="t-muted t-runline">{safe(why)}</div></div>'
    )


def _add(in_hand: InHand, one: Proposal) -> None:
    def edit(editing: Editing) -> Editing:
        return _with_exemplar(editing, one)

    if change(in_hand, edit, what=f"Added item {one.position + 1} as an exemplar of {one.domain or 'default'}."):
        open_domain(one.domain)


def _with_exemplar(editing: Editing, one: Proposal) -> Editing:
    body = exemplars.adopt_exemplar(resources.sessions(), editing.body, domain=one.domain, proposal=one)
    return replace(editing, body=body)


def make_exemplar(decision_id: int, run_id: int, *, annotator: str) -> dict[str, str]:
    """From Review: the override joins the annotator's draft of the run's criteria; the query of the page that shows it.

    Raises ServiceError in one line when it makes no exemplar; then nothing was written.
    """
    sessions = resources.sessions()
    one = exemplars.exemplar_from_decision(sessions, decision_id)
    base = criteria_store.get_criteria(sessions, get_run(sessions, run_id).criteria_id)
    done = change_draft(
        sessions, annotator, base.name, lambda editing: _with_exemplar(editing, one), begin=Editing(base.body),
        base_criteria_id=base.criteria_id,
    )  # fmt: skip
    st.session_state[FROM_REVIEW] = True
    where = f"of {one.domain or 'default'} in the draft of {base.name}"
    if done.left is None:
        tell(f"Item {one.position + 1} is an exemplar {where} already.")
    else:
        what = f"Item {one.position + 1} is now an exemplar {where}."
        st.session_state[UNDO] = Undo(annotator, base.name, None if done.is_new else done.before, what, done.left)
        tell(what)
    return {SET: base.name, "run": str(run_id)} | ({IN_URL: one.domain} if one.domain else {})
