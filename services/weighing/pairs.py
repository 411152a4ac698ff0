"""Many runs over one dataset side by side, from models that have computed and are closed: the cache holds it all.

    chunk by chunk    each model reads the items once per chat template, its log-probs are looked up once,
                      then every pair is combined from them and written under its own run

What a run alone would do (run.py), at the cost of M readings instead of 2 x M x (M - 1). One heartbeat speaks for
all runs in hand. Leaves out computing (model_pass.py) and runs whose domains are not the items' own column.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item, items_between, settled_item_ids
from db.queries_runs import IN_HAND
from db.tables import Run, utc_now
from scoring.errors import EngineFailed, ScoringError
from scoring.pairs import ModelSpec
from scoring.protocol import TokenLogprobs
from services.errors import NotFound, Refused, ServiceError
from services.noise import see_to_noise
from services.run_hold import HEARTBEAT_S, RunCancelled, RunHold, RunLost, new_worker_name
from services.weighing.chunk import PairView, combine_found, keys_of, side_by_side
from services.weighing.closed_models import ClosedModel
from services.weighing.encode import EncodedFor, ItemText, Side, SideView, WeighSetup, encode_side, facts_of, side_view
from services.weighing.logprob_cache import read
from services.weighing.model_pass import raise_if_stopped
from services.weighing.order import chunk_bounds
from services.weighing.write import item_text, setup_of, write_results

log = logging.getLogger(__name__)
ReadKey = tuple[ModelSpec, str]  # a model, and the chat template it is spoken to with
SIDES: tuple[Side, Side] = ("strong", "weak")


@dataclass(slots=True)
class _Pair:
    """A run in hand, and how its two models are spoken to."""

    hold: RunHold
    setup: WeighSetup
    view: PairView
    read_keys: Mapping[Side, ReadKey]
    was_begun: bool  # in an earlier sitting: some of its chunks are settled
    has_noise: bool = False


@dataclass(slots=True)
class _Chunk:
    """Some items, with what each model makes of them: encoded and looked up once."""

    items: list[ItemText]
    share: tuple[float, float]  # of the work: before and after
    encoded: dict[ReadKey, list[EncodedFor]] = field(default_factory=dict)
    found: dict[ReadKey, dict[str, TokenLogprobs]] = field(default_factory=dict)


def weigh_pairs(
    sessions: sessionmaker[Session],
    run_ids: Sequence[int],
    models: Mapping[ModelSpec, ClosedModel],
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> None:
    """Weigh queued runs of one dataset to their end; `on_progress` gets (items done, items).

    A run that another process has taken is left to it. One that goes wrong is marked failed with a line, the others go
    on. Raises Stopped, and KeyboardInterrupt, with the runs in hand marked cancelled: the same call goes on.
    """
    worker = new_worker_name()
    pairs: list[_Pair] = []
    try:
        with _beating(sessions, worker):
            for run_id in run_ids:
                raise_if_stopped(stop)
                pairs += _taken(sessions, run_id, models, worker)
            pairs = _alike(pairs)
            for chunk, n_done, n_items in _chunks(sessions, pairs):
                on_progress(n_done, n_items)
                for pair in list(pairs):
                    raise_if_stopped(stop)
                    if not _goes_on(sessions, pair, chunk, models):
                        pairs.remove(pair)
            for pair in pairs:
                pair.hold.settle("done")
            if pairs:
                on_progress(pairs[0].hold.n_items, pairs[0].hold.n_items)
    except BaseException:
        for pair in pairs:
            pair.hold.settle("cancelled")
        raise


def _alike(pairs: list[_Pair]) -> list[_Pair]:
    """Those over as many items as the first; items came in between for the others, which go back into the queue."""
    for pair in pairs:
        if pair.hold.last_position != pairs[0].hold.last_position:
            pair.hold.settle("queued")
    return [pair for pair in pairs if pair.hold.last_position == pairs[0].hold.last_position]


def _taken(
    sessions: sessionmaker[Session], run_id: int, models: Mapping[ModelSpec, ClosedModel], worker: str
) -> list[_Pair]:
    """The run in our hand, ready to go; nothing when another has it or it cannot go on with these models."""
    try:
        hold = RunHold.claim(sessions, run_id, worker=worker)
    except (Refused, NotFound):
        return []
    try:
        return [_ready(hold, models)]
    except (ScoringError, ServiceError) as error:
        hold.settle("failed", error=" ".join(str(error).split()))
        return []


def _ready(hold: RunHold, models: Mapping[ModelSpec, ClosedModel]) -> _Pair:
    setup = setup_of(hold.sessions, hold.configuration, criteria_id=hold.criteria_id)
    specs: dict[Side, ModelSpec] = {side: setup.spec(side) for side in SIDES}
    strong, weak = facts_of(models[specs["strong"]]), facts_of(models[specs["weak"]])
    hold.record_model("strong", strong.description)
    hold.record_model("weak", weak.description)
    view = PairView(side_view(setup, "strong", strong, strong=strong), side_view(setup, "weak", weak, strong=strong))
    template = str(strong.tokenizer.chat_template)
    read_keys = {side: (spec, template) for side, spec in specs.items()}
    return _Pair(hold, setup, view, read_keys, was_begun=hold.counts["n_done"] > 0)


def _goes_on(
    sessions: sessionmaker[Session], pair: _Pair, chunk: _Chunk, models: Mapping[ModelSpec, ClosedModel]
) -> bool:
    """One pair over one chunk; False when its run is over for us, which it then says itself."""
    hold = pair.hold
    try:
        hold.raise_if_cancelled()
        if not (pair.was_begun and _is_settled(pair, chunk)):
            _weigh_chunk(sessions, pair, chunk, models)
    except RunCancelled:
        hold.settle("cancelled")
    except RunLost as lost:
        log.warning("%s; what was computed is kept", lost)
    except (ScoringError, ServiceError) as error:
        hold.settle("failed", error=" ".join(str(error).split()))
    else:
        return True
    return False


def _is_settled(pair: _Pair, chunk: _Chunk) -> bool:
    item_ids = [item.item_id for item in chunk.items]
    with pair.hold.sessions() as session:
        return len(settled_item_ids(session, pair.hold.run_id, item_ids)) == len(item_ids)


def _weigh_chunk(
    sessions: sessionmaker[Session], pair: _Pair, chunk: _Chunk, models: Mapping[ModelSpec, ClosedModel]
) -> None:
    strong, weak = (_read(sessions, pair, side, chunk) for side in SIDES)
    both = side_by_side(chunk.items, chunk.encoded[strong], chunk.encoded[weak])
    if not pair.has_noise:
        pair.has_noise = _record_noise(sessions, pair, {"strong": both.strong, "weak": both.weak}, models)
    n_texts = len(keys_of(both.strong)) + len(keys_of(both.weak))
    pair.hold.begin_stretch(*chunk.share, n_texts=n_texts)
    pair.hold.count_cached(n_texts)
    pair.hold.end_stretch()
    write_results(pair.hold, combine_found(both, pair.setup, strong=chunk.found[strong], weak=chunk.found[weak]))


def _read(sessions: sessionmaker[Session], pair: _Pair, side: Side, chunk: _Chunk) -> ReadKey:
    """See to it that the chunk has what this side's model makes of it. Raises EngineFailed when the cache lacks any."""
    key = pair.read_keys[side]
    if key not in chunk.encoded:
        view: SideView = getattr(pair.view, side)
        chunk.encoded[key] = encode_side(chunk.items, pair.setup, view)
        keys = keys_of(chunk.encoded[key])
        chunk.found[key] = read(sessions, view.facts.fingerprint, keys)
        n_missing = len(set(keys) - chunk.found[key].keys())
        if n_missing:
            del chunk.encoded[key]
            raise EngineFailed(
                f"{n_missing} texts came to the dataset after the models had read it; give the same command again"
            )
    return key


def _record_noise(
    sessions: sessionmaker[Session],
    pair: _Pair,
    encoded: Mapping[Side, Sequence[EncodedFor]],
    models: Mapping[ModelSpec, ClosedModel],
) -> bool:
    """Both models' noise as it was measured while they were open; whether there was anything to look it up by."""
    for side in SIDES:
        requests = [request for one in encoded[side] for request in one.requests()]
        if not requests:
            return False
        noise = see_to_noise(sessions, models[pair.read_keys[side][0]], requests)
        if noise is not None:
            pair.hold.record_noise(side, noise)
    return True


def _chunks(sessions: sessionmaker[Session], pairs: Sequence[_Pair]) -> Iterator[tuple[_Chunk, int, int]]:
    """The chunks of the dataset as a run has them, with how many items come before each and how many there are."""
    if not pairs:
        return
    hold = pairs[0].hold
    n = hold.last_position + 1
    for first, last in chunk_bounds(hold.last_position):
        with sessions() as session:
            items = items_between(session, hold.dataset_id, first=first, last=last)
            candidates = candidates_by_item(session, [item.item_id for item in items])
        yield (
            _Chunk([item_text(item, candidates[item.item_id]) for item in items], (first / n, (last + 1) / n)),
            first,
            n,
        )


@contextmanager
def _beating(sessions: sessionmaker[Session], worker: str) -> Iterator[None]:
    """Tell the database every few seconds that somebody works on all the runs in hand."""
    is_over = threading.Event()

    def beat() -> None:
        while not is_over.wait(HEARTBEAT_S):
            try:
                with sessions.begin() as session:
                    mine = update(Run).where(Run.worker == worker, Run.status.in_(IN_HAND))
                    session.execute(mine.values(heartbeat_at=utc_now()))
            except DBAPIError as error:  # the next beat may get through
                log.warning("heartbeat not written: %s", error.orig)

    thread = threading.Thread(target=beat, name=f"heartbeat-{worker}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
