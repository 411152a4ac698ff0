"""What the steps of the audit read, kept while the looks stay as they are: a hundred thousand items take a second.

The key is the last decision of all and the number of places drawn; both are one look at an index.
"""

from __future__ import annotations

import streamlit as st

from services.audit.accuracy import accuracy_from
from services.audit.auto_accept import propose_from
from services.audit.outcomes import sample_outcomes, state_of
from services.audit.rows import Accuracy, Proposal, SampleOutcomes
from ui import resources

State = tuple[str, int, int, int]  # database, plan, last decision, places


def accuracy(plan_id: int, *, level: float) -> Accuracy:
    """The accuracy of a sample."""
    return _accuracy(_state(plan_id), level)


def proposal(plan_id: int, *, target: float, level: float, is_per_domain: bool) -> Proposal:
    """What accepting unlooked would do."""
    return _proposal(_state(plan_id), target, level, is_per_domain)


def outcomes(plan_id: int) -> SampleOutcomes:
    """What became of a sample."""
    return _outcomes(_state(plan_id))


def _state(plan_id: int) -> State:
    return (resources.database_url(), plan_id, *state_of(resources.sessions(), plan_id))


@st.cache_resource(show_spinner="Counting the looks…", max_entries=4)
def _outcomes(state: State) -> SampleOutcomes:
    return sample_outcomes(resources.sessions(), state[1])


@st.cache_resource(show_spinner="Working out the interval…", max_entries=16)
def _accuracy(state: State, level: float) -> Accuracy:
    return accuracy_from(_outcomes(state), level=level)


@st.cache_resource(show_spinner="Testing thresholds…", max_entries=16)
def _proposal(state: State, target: float, level: float, is_per_domain: bool) -> Proposal:
    return propose_from(resources.sessions(), _outcomes(state), target=target, level=level, is_per_domain=is_per_domain)
