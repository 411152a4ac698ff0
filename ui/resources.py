"""What one process holds for all visitors: the database's sessions, the room of loaded models, the worker of runs.

Only this module of `ui` sees `db` and `scoring`. Torch is imported when the room is first asked for, never before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import streamlit as st
from sqlalchemy.exc import DBAPIError

from db.session import DatabaseUnavailable, database_url
from scoring.errors import ScoringError
from services import workplace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

    from scoring.pairs import ModelSpec
    from scoring.reading import Reader
    from scoring.room import ModelRoom
    from services.criteria.trying import TrialThreads
    from services.pair_map.worker import MapWorker
    from services.routing.threads import RoutingThreads
    from services.worker import RunWorker

DATABASE_ERRORS: tuple[type[Exception], ...] = (DatabaseUnavailable, DBAPIError)
MODEL_ERRORS: tuple[type[Exception], ...] = (ScoringError,)  # their text is one line for a person


def sessions() -> sessionmaker[Session]:
    """Sessions on the database that TARE_DATABASE_URL names; brought to this version's schema on first use.

    Raises:
        DatabaseUnavailable: it cannot be opened; tried again at the next call.
    """
    return _sessions_at(database_url())


@st.cache_resource(show_spinner=False, max_entries=4, on_release=lambda made: made.kw["bind"].dispose())
def _sessions_at(url: str) -> sessionmaker[Session]:
    return workplace.open_sessions(url)


@st.cache_resource(show_spinner=False)  # the worker's thread asks too, and has no screen for a spinner
def model_room() -> ModelRoom:
    """The room in which loaded models live. The first call imports torch, which takes seconds."""
    return workplace.model_room()


def model_reader(spec: ModelSpec) -> Reader:
    """A model's tokenizer and context limit, without its weights; kept, but for a server's, which may change."""
    from scoring.reading import read_reader

    return read_reader(spec) if spec.url is not None else _reader_of(spec)


@st.cache_resource(show_spinner=False, max_entries=8)
def _reader_of(spec: ModelSpec) -> Reader:
    from scoring.reading import read_reader

    return read_reader(spec)


def start_worker() -> None:
    """Sees to it that this process's worker lives. TARE_WORKER=off leaves the runs to others (and to tests)."""
    if os.environ.get("TARE_WORKER", "on").lower() not in ("off", "0", "no"):
        run_worker().ensure_started()


def run_worker() -> RunWorker:
    """The thread that takes queued runs, and runs that a dead process left behind; call `.ensure_started()` on it."""
    return _worker_at(database_url())


@st.cache_resource(show_spinner=False, max_entries=4)
def _worker_at(url: str) -> RunWorker:
    from services.worker import RunWorker

    return RunWorker(_sessions_at(url), model_room)


def trial_threads() -> TrialThreads:
    """The threads in which this process tries criteria."""
    return _trial_threads_at(database_url())


@st.cache_resource(show_spinner=False, max_entries=4)
def _trial_threads_at(url: str) -> TrialThreads:
    from services.criteria.trying import TrialThreads

    return TrialThreads(_sessions_at(url), model_room)


def routing_threads() -> RoutingThreads:
    """The threads in which this process routes datasets."""
    return _routing_threads_at(database_url())


@st.cache_resource(show_spinner=False, max_entries=4)
def _routing_threads_at(url: str) -> RoutingThreads:
    from services.routing.threads import RoutingThreads

    return RoutingThreads(_sessions_at(url), model_room)


def map_worker() -> MapWorker:
    """The thread that weighs pair maps, beside the one that takes runs."""
    return _map_worker_at(database_url())


@st.cache_resource(show_spinner=False, max_entries=4)
def _map_worker_at(url: str) -> MapWorker:
    from services.pair_map.worker import MapWorker

    return MapWorker(_sessions_at(url), model_room)


def database_line(error: Exception) -> str:
    """One line about a database that failed, without statement, parameters or password."""
    if isinstance(error, DatabaseUnavailable):
        return f"{error}."
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return f"the database did not answer: {reason}; check that it is running and that TARE_DATABASE_URL is right."
