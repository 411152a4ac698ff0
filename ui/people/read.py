"""The answers of a dataset and what is computed from them, kept until somebody answers again.

Each cached value is found by the database, the dataset and the number of its newest answer. Leaves out drawing.
"""

from __future__ import annotations

import os

import streamlit as st

from services.people import agreement, anchoring, consistency, fatigue, gold, position, tastes
from services.people.agreement import Agreement
from services.people.anchoring import AnchoringReport
from services.people.answers import Answers, newest_answer, read_answers
from services.people.consistency import ConsistencyReport
from services.people.fatigue import FatigueReport
from services.people.gold import GoldReport
from services.people.position import PositionReport
from services.people.tastes import Tastes
from ui import resources

Version = tuple[str, int, int]  # database, dataset, newest answer


def version_of(dataset_id: int) -> Version:
    """What everything here is kept under."""
    newest = newest_answer(resources.sessions(), dataset_id=dataset_id)
    return os.environ.get("TARE_DATABASE_URL", ""), dataset_id, newest


@st.cache_resource(show_spinner=False, max_entries=4)
def answers_of(version: Version) -> Answers:
    """Every answer; never mutated by who reads it."""
    return read_answers(resources.sessions(), dataset_id=version[1])


@st.cache_resource(show_spinner="Comparing people…", max_entries=8)
def agreement_of(version: Version, is_blind_only: bool) -> Agreement:
    """Agreement between people."""
    return agreement.agreement_of(answers_of(version), is_blind_only=is_blind_only)


@st.cache_resource(show_spinner="Looking for groups…", max_entries=8)
def tastes_of(version: Version, is_blind_only: bool) -> Tastes:
    """Groups of people who decide alike."""
    return tastes.tastes_of(answers_of(version), is_blind_only=is_blind_only)


@st.cache_resource(show_spinner=False, max_entries=4)
def anchoring_of(version: Version) -> AnchoringReport:
    """Anchoring of everyone and of each person."""
    return anchoring.anchoring_of(answers_of(version))


@st.cache_resource(show_spinner=False, max_entries=4)
def habits_of(version: Version) -> tuple[PositionReport, FatigueReport]:
    """First places, and what happens over a sitting."""
    answers = answers_of(version)
    return position.position_of(answers), fatigue.fatigue_of(answers)


@st.cache_resource(show_spinner=False, max_entries=4)
def truth_of(version: Version) -> tuple[ConsistencyReport, GoldReport]:
    """Self-consistency, and accuracy against gold."""
    answers = answers_of(version)
    return consistency.consistency_of(answers), gold.gold_of(answers)
