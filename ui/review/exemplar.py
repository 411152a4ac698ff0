"""From Review to Criteria: an override becomes an exemplar in the draft of the run's criteria, with one click.

Leaves out what is made of the override (criteria/overrides.py) and the reasons (reasons.py).
"""

from __future__ import annotations

import streamlit as st

from services.errors import ServiceError
from services.reviews.rows import DecisionRow
from ui import frame, resources
from ui.criteria.overrides import make_exemplar
from ui.review.actions import NOTICE, Turn

FORWARD = "review_forward"  # session key: the query of the Criteria page to go to


def make(turn: Turn, decision: DecisionRow) -> None:
    """Add the override to the draft, and have the page go there; a refusal stays on Review in one line."""
    try:
        st.session_state[FORWARD] = make_exemplar(
            decision.decision_id, turn.item.run_id or 0, annotator=turn.annotator
        )  # fmt: skip
    except ServiceError as error:
        st.session_state[NOTICE] = (True, f"The override is saved, but makes no exemplar: {error}")
    except resources.DATABASE_ERRORS as error:
        st.session_state[NOTICE] = (
            True,
            f"The override is saved, the exemplar is not: {resources.database_line(error)}",
        )


def forward() -> None:
    """Go to the Criteria page when a button asked for it; a callback cannot change the page itself."""
    query = st.session_state.pop(FORWARD, None)
    if query is not None:
        frame.go(frame.CRITERIA, **query)
