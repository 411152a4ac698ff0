"""The work of a trial: what is left of its items, chunk by chunk, under the models of its run.

The chunks follow from the items alone, so a resumed trial plans the same packs; every pack is cached as soon as it is
computed. Somebody waits at the screen: the work goes before a run's (scoring/engine/turns.py).
Leaves out which items (items.py) and what came of it (ledger.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from db.queries_trials import add_results
from db.tables import utc_now
from scoring.engine.turns import urgent
from scoring.errors import ScoringError
from scoring.protocol import ModelSource, OpenModel, TokenLogprobs
from services.errors import NotFound, Refused
from services.trials.items import texts_of
from services.weighing.chunk import ItemResult, PairView, combine_chunk, encode_both, fill_side
from services.weighing.encode import EncodedFor, ItemText, Side, SideView, WeighSetup, encode_side, facts_of, side_view
from services.weighing.logprob_cache import write_batch
from services.weighing.order import chunk_bounds
from services.weighing.run import fits_both
from services.weighing.write import ranking_of


class _Stopped(Exception):
    """Somebody asked the trial to stop; what is done is kept."""


@dataclass(slots=True)
class TrialWork:
    """A trial in hand. fingerprints: of the run's models, by side, where the run says them."""

    sessions: sessionmaker[Session]
    trial_id: int
    run_id: int
    setup: WeighSetup
    item_ids: Sequence[int]
    done: set[int]
    fingerprints: Mapping[str, str]
    on_progress: Callable[[int, int], None]
    stop: threading.Event
    computed: dict[str, int] = field(default_factory=lambda: {"strong": 0, "weak": 0})

    def run(self, models: ModelSource) -> None:
        """Weigh what is left; returns early when `stop` gets set. In one pass while both models fit in memory."""
        try:
            with urgent():
                self._weigh(models)
        except _Stopped:
            self._write([])
        except ScoringError:
            self._write([])
            raise

    def _weigh(self, models: ModelSource) -> None:
        strong, weak = self.setup.spec("strong"), self.setup.spec("weak")
        if not any(True for _ in self._chunks()):
            return
        if fits_both(models, strong, weak):
            with models.open(strong) as strong_model, models.open(weak) as weak_model:
                view = self._view("strong", strong_model)
                pair = PairView(view, self._view("weak", weak_model, strong=view))
                for texts in self._chunks():
                    self._fill("strong", strong_model, encode_side(texts, self.setup, view))
                    self._finish(texts, pair, weak_model)
            return
        with models.open(strong) as strong_model:
            view = self._view("strong", strong_model)
            for texts in self._chunks():
                self._fill("strong", strong_model, encode_side(texts, self.setup, view))
        with models.open(weak) as weak_model:
            pair = PairView(view, self._view("weak", weak_model, strong=view))
            for texts in self._chunks():
                self._finish(texts, pair, weak_model)

    def _finish(self, texts: Sequence[ItemText], pair: PairView, weak_model: OpenModel) -> None:
        """The weak side of a chunk whose strong side is there, and its results."""
        chunk = encode_both(texts, self.setup, pair)
        self._fill("weak", weak_model, chunk.weak)
        self._write(combine_chunk(self.sessions, chunk, self.setup, pair))

    def _fill(self, side: Side, model: OpenModel, encoded: Sequence[EncodedFor]) -> None:
        def keep(fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
            with self.sessions.begin() as session:
                write_batch(session, fingerprint, results)
            self.computed[side] += len(results)
            if self.stop.is_set():
                raise _Stopped

        fill_side(self.sessions, model.engine, encoded, keep=keep)

    def _chunks(self) -> Iterator[list[ItemText]]:
        """The chunks with an item that is not done, each whole: its packs are planned over all of its items."""
        for first, last in chunk_bounds(len(self.item_ids) - 1):
            ids = self.item_ids[first : last + 1]
            if self.done.issuperset(ids):
                continue
            if self.stop.is_set():
                raise _Stopped
            with self.sessions() as session:
                texts = texts_of(session, self.run_id, ids)
            yield texts

    def _view(self, side: Side, model: OpenModel, *, strong: SideView | None = None) -> SideView:
        facts = facts_of(model)
        before = self.fingerprints.get(side, facts.fingerprint)
        if facts.fingerprint != before:
            raise Refused(
                f"the {side} model {facts.ref} ({model.dtype}) is not the one run {self.run_id} used (fingerprint "
                f"{facts.fingerprint[:12]}, before {before[:12]}); weigh the dataset again here, then try"
            )
        return side_view(self.setup, side, facts, strong=facts if strong is None else strong.facts)

    def _write(self, results: Sequence[ItemResult]) -> None:
        rows = {str(result.item.item_id): as_row(result) for result in results}
        computed, self.computed = self.computed, {"strong": 0, "weak": 0}
        with self.sessions.begin() as session:
            if add_results(session, self.trial_id, rows, computed=computed, now=utc_now()) is None:
                raise NotFound(f"trial {self.trial_id} is gone: its run was deleted; what was computed is cached")
        self.done.update(result.item.item_id for result in results)
        self.on_progress(len(self.done), len(self.item_ids))


def as_row(result: ItemResult) -> dict[str, Any]:
    """What is kept of an item: its ranking and margin, or its problem."""
    if result.problem is not None:
        return {"problem": [result.problem.reason, result.problem.detail]}
    if result.weights is None:
        raise ValueError(f"item {result.item.item_id} has neither a problem nor weights; one of them must be there")
    margin = 0.0 if result.weights.margin is None else result.weights.margin  # None: a single candidate
    return {"ranking": ranking_of(result.item.candidate_ids, result.weights), "margin": margin}
