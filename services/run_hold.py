"""One worker's hold on one run: claimed atomically, kept by a heartbeat, given up by settling it.

Every write goes through the hold and is refused when the run has passed to another worker (this process slept, say):
then nothing else is written either. The counters here are the run's own, read at the claim; two threads (one a
device) may keep their packs through one hold.
"""

from __future__ import annotations

import itertools
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_runs import claim, update_owned
from db.tables import Run, utc_now
from scoring.noise import Noise
from scoring.protocol import TokenLogprobs
from services.errors import Refused
from services.noise import margin_noise_of
from services.run_rows import read_run, silent_since
from services.weighing.logprob_cache import write_batch

HEARTBEAT_S = 3.0
log = logging.getLogger(__name__)
_numbers = itertools.count(1)


class RunLost(Exception):
    """The run is no longer this worker's: taken over after a long silence, or deleted."""


class RunCancelled(Exception):
    """Somebody asked the run to stop."""


def new_worker_name() -> str:
    """host:pid:number, different for every claim this process makes."""
    return f"{socket.gethostname()}:{os.getpid()}:{next(_numbers)}"[:200]


@dataclass(slots=True)
class _Stretch:
    """A piece of the work: from one share done to another, by the texts kept."""

    start: float
    end: float
    n_texts: int
    n_kept: int = 0

    @property
    def share(self) -> float:
        return self.start + (self.end - self.start) * min(1.0, self.n_kept / max(1, self.n_texts))


class RunHold:
    """See the module. Use `RunHold.claim`, then `with hold.beating():` around the work, then `settle`."""

    def __init__(self, sessions: sessionmaker[Session], run: Run, *, worker: str) -> None:
        self.sessions = sessions
        self.run_id = run.run_id
        self.dataset_id = run.dataset_id
        self.criteria_id = run.criteria_id
        self.worker = worker
        self.last_position = run.n_items - 1  # positions have no gaps; what was appended since is a later run's
        self.configuration: dict[str, Any] = dict(run.configuration)
        self.counts = {
            "n_done": run.n_done,
            "n_not_weighed": run.n_not_weighed,
            "n_out_of_world": run.n_out_of_world,
            "n_computed": run.n_computed,
            "n_cached": run.n_cached,
        }
        self.n_items = run.n_items
        self._elapsed_before_s = run.elapsed_s
        self._computed_before = run.n_computed
        self._started = time.monotonic()
        self._lock = threading.RLock()  # of the counts and of writing: SQLite has one writer anyway
        self._share_before = run.share_done or 0.0
        self._stretch = _Stretch(self._share_before, self._share_before, 1)

    @classmethod
    def claim(cls, sessions: sessionmaker[Session], run_id: int, *, worker: str) -> RunHold:
        """Take a queued or left-behind run. Raises NotFound, or Refused when it waits for nobody."""
        with sessions.begin() as session:
            if claim(session, run_id, worker=worker, now=utc_now(), silent_since=silent_since()):
                return cls(sessions, session.get_one(Run, run_id), worker=worker)
        row = read_run(sessions, run_id)
        who = f" by {row.worker}" if row.worker else ""
        raise Refused(f"run {run_id} is {row.status}{who}; only a queued or interrupted run can be weighed")

    @property
    def elapsed_s(self) -> float:
        """Working time over all sittings."""
        return self._elapsed_before_s + time.monotonic() - self._started

    @property
    def rate(self) -> float | None:
        """Texts a second through the models, in this sitting."""
        computed = self.counts["n_computed"] - self._computed_before
        sitting_s = time.monotonic() - self._started
        return computed / sitting_s if computed and sitting_s > 0 else None

    @property
    def share_done(self) -> float:
        """How much of the work is done, 0 to 1; never less than in an earlier sitting."""
        return max(self._share_before, self._stretch.share)

    @property
    def eta_s(self) -> float | None:
        """Time left, if the rest goes as what is done went."""
        share = self.share_done
        return self.elapsed_s / share * (1 - share) if share > 0 else None

    def begin_stretch(self, start: float, end: float, *, n_texts: int) -> None:
        """From here on each text kept moves the share done from `start` towards `end`."""
        with self._lock:
            self._stretch = _Stretch(start, end, n_texts)

    def end_stretch(self) -> None:
        """All of its texts are there, those found in the cache too."""
        with self._lock:
            self._stretch.n_kept = self._stretch.n_texts

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Tell the database every few seconds that somebody works, also while one batch takes minutes."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(is_over,), name=f"heartbeat-{self.run_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def keep_batch(self, fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
        """Cache a computed batch and count it, in one transaction. Raises RunLost or RunCancelled (batch kept)."""
        with self._lock:
            counts = {**self.counts, "n_computed": self.counts["n_computed"] + len(results)}
            self._stretch.n_kept += len(results)
            with self.writing(counts) as session:
                write_batch(session, fingerprint, results)
        self.raise_if_cancelled()

    def count_cached(self, n: int) -> None:
        """Texts found in the cache: counted in memory until the next write."""
        with self._lock:
            self.counts = {**self.counts, "n_cached": self.counts["n_cached"] + n}

    @contextmanager
    def writing(self, counts: dict[str, int], **more: Any) -> Iterator[Session]:
        """A short transaction that first makes sure the run is still ours; the counts are taken over once committed."""
        with self._lock:
            values = {**counts, "heartbeat_at": utc_now(), "elapsed_s": self.elapsed_s, "share_done": self.share_done}
            values |= more
            if self.rate is not None:
                values["responses_per_s"] = self.rate
            with self.sessions.begin() as session:
                if not update_owned(session, self.run_id, worker=self.worker, values=values):
                    raise RunLost(f"run {self.run_id} has passed to another worker or was deleted")
                yield session
            self.counts = counts

    def record_model(self, side: str, description: dict[str, Any]) -> None:
        """Write down which model this is; a run begun with other weights must not go on with these."""
        before = self.configuration.get("models", {}).get(side, {})
        fingerprint = before.get("fingerprint", description["fingerprint"])
        if fingerprint != description["fingerprint"] and self.counts["n_done"]:
            raise Refused(
                f"the {side} model {description['ref']} is not the one this run began with (fingerprint "
                f"{description['fingerprint'][:12]}, before {fingerprint[:12]}); start a new run"
            )
        if before.get("fingerprint") == description["fingerprint"] and "noise" in before:
            description = {**description, "noise": before["noise"]}
        self._describe(side, description)

    def record_noise(self, side: str, noise: Noise) -> None:
        """Write down how far this model's log-probs move, and once both are known, which margins that drowns."""
        with self._lock:
            self._describe(side, self.configuration["models"][side] | {"noise": asdict(noise)})

    def _describe(self, side: str, description: dict[str, Any]) -> None:
        with self._lock:
            models = {**self.configuration.get("models", {}), side: description}
            self.configuration = {**self.configuration, "models": models}
            drowned = margin_noise_of(models, rank_by=self.configuration["rank_by"])
            more = {} if drowned is None else {"noise_margin": drowned}
            with self.writing(self.counts, configuration=self.configuration, **more):
                pass

    def raise_if_cancelled(self) -> None:
        """Look whether somebody asked the run to stop."""
        with self.sessions() as session:
            status = session.scalar(select(Run.status).where(Run.run_id == self.run_id))
        if status == "cancelling":
            raise RunCancelled

    def settle(self, status: str, *, error: str | None = None) -> None:
        """Give the run up in this state; does nothing when it is not ours any more."""
        values: dict[str, Any] = {"status": status, "error": error, "worker": None, "elapsed_s": self.elapsed_s}
        if status != "queued":
            values["finished_at"] = utc_now()
        with self.sessions.begin() as session:
            update_owned(session, self.run_id, worker=self.worker, values=values)

    def _beat(self, is_over: threading.Event) -> None:
        while not is_over.wait(HEARTBEAT_S):
            try:
                with self.sessions.begin() as session:
                    update_owned(session, self.run_id, worker=self.worker, values={"heartbeat_at": utc_now()})
            except DBAPIError as error:  # the next beat may get through; the work itself will say if it cannot write
                log.warning("run %s: heartbeat not written: %s", self.run_id, error.orig)
