"""Keeps garbage collection short, because Streamlit collects everything after every run of a page.

A full collection looks at every object of the process: some 75 ms once pandas, SQLAlchemy and Streamlit are imported,
during which nothing is sent to anybody. What lasts as long as the process is put out of its reach (`gc.freeze`) when a
collection was found slow: right after one, so that it holds no garbage. An object there is still freed when nobody
refers to it any more; only what comes to refer to itself later is kept. So it is done seldom and a few times at most.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass

import streamlit as st

SLOW_S = 0.02
AT_MOST = 12  # times in a process
APART_S = 20.0


@dataclass(slots=True)
class Collections:
    """What the full collections of this process took, and how often lasting objects were set aside."""

    began: float = 0.0
    latest_s: float = 0.0
    n_set_aside: int = 0
    set_aside_at: float = -APART_S

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """For `gc.callbacks`."""
        if info["generation"] < 2:
            return
        if phase == "start":
            self.began = time.monotonic()
        else:
            self.latest_s = time.monotonic() - self.began

    def is_due(self, now: float) -> bool:
        """Whether the latest one was slow, and the last setting aside is some time ago."""
        is_apart = now - self.set_aside_at >= APART_S
        return self.latest_s > SLOW_S and is_apart and self.n_set_aside < AT_MOST


@st.cache_resource(show_spinner=False)
def collections() -> Collections:
    """Those of this process, watched from the first call on."""
    watch = Collections()
    gc.callbacks.append(watch)
    return watch


def keep_short() -> None:
    """Last thing on a page that must answer at once."""
    watch = collections()
    now = time.monotonic()
    if watch.is_due(now):
        watch.n_set_aside, watch.set_aside_at = watch.n_set_aside + 1, now
        gc.collect()
        gc.freeze()
