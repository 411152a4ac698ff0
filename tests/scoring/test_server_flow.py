"""How requests to a server flow: so many at once, urgent ones first, and nothing left behind when somebody stops."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import Call, Loopback, Reply
from server_builders import QUICK, SERVED_AS, Computing, save_served, some_requests

from scoring.engine.turns import urgent
from scoring.pairs import ModelSpec
from scoring.protocol import Pack, collect
from scoring.server.model import open_served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_served(tmp_path_factory.mktemp("served") / "model")


@pytest.fixture(scope="module")
def computing(folder: Path) -> Computing:
    return Computing(folder)


class Slow:
    """A right server that takes its time once it is open; `gate` holds every answer until it is set."""

    def __init__(self, computing: Computing, seconds: float = 0.0) -> None:
        self.computing = computing
        self.seconds = seconds
        self.is_open = False
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, call: Call) -> Reply | None:
        if self.is_open:
            time.sleep(self.seconds)
            self.gate.wait(20)
        return self.computing(call)


def until(is_so: Callable[[], bool], *, within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def our_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tare-server"]


def test_so_many_requests_are_under_way_and_no_more(folder: Path, computing: Computing) -> None:
    served = Slow(computing, 0.02)
    with Loopback(served) as server:
        model = open_served(ModelSpec(str(folder), url=server.url, served_as=SERVED_AS), settings=QUICK)
        served.is_open = True
        assert len(model.engine.logprobs(some_requests(16))) == 16
        assert server.most_at_once == QUICK.concurrency


def test_answers_come_out_as_they_come_in(folder: Path, computing: Computing) -> None:
    served = Slow(computing)
    settings = replace(QUICK, concurrency=1)
    with Loopback(served) as server:
        model = open_served(ModelSpec(str(folder), url=server.url, served_as=SERVED_AS), settings=settings)
        sent = len(server.calls)
        with closing(model.engine.weigh(some_requests(6))) as packs:
            first = next(packs)
            assert len(first.results) < 6
            rest = [index for pack in packs for index in pack.results]
        assert sorted([*first.results, *rest]) == list(range(6))
        lengths = [len(body["prompt"]) for body in server.completions()[sent - 1 :]]
        assert lengths == sorted(lengths, reverse=True), "the longest first: the last one is not waited for alone"


def test_a_consumer_that_stops_leaves_no_thread_and_no_request(folder: Path, computing: Computing) -> None:
    served = Slow(computing)
    with Loopback(served) as server:
        model = open_served(ModelSpec(str(folder), url=server.url, served_as=SERVED_AS), settings=QUICK)
        served.is_open = True
        packs = model.engine.weigh(some_requests(40))
        next(packs)
        served.gate.clear()  # from now on the server hangs
        time.sleep(0.05)
        started = time.monotonic()
        packs.close()  # type: ignore[attr-defined]  # a generator
        assert time.monotonic() - started < 1
        assert not our_threads()
        sent = len(server.calls)
        served.gate.set()
        time.sleep(0.1)
        assert len(server.calls) == sent, "nothing more is sent"


def test_ctrl_c_ends_a_wait_for_a_server_that_hangs(folder: Path, computing: Computing) -> None:
    served = Slow(computing)
    with Loopback(served) as server:
        model = open_served(ModelSpec(str(folder), url=server.url, served_as=SERVED_AS), settings=QUICK)
        served.is_open = True
        served.gate.clear()
        main = threading.main_thread().ident or 0
        threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            model.engine.logprobs(some_requests(4))
        assert time.monotonic() - started < 2
        assert not our_threads()


def test_a_run_sends_nothing_new_while_somebody_waits_at_live(folder: Path, computing: Computing) -> None:
    served = Slow(computing, 0.03)
    run_requests, live_requests = some_requests(60), some_requests(3, seed=9)
    live_prompts = {request.ids for request in live_requests}
    with Loopback(served) as server:
        spec = ModelSpec(str(folder), url=server.url, served_as=SERVED_AS)
        run, live = (open_served(spec, settings=replace(QUICK, concurrency=2)) for _ in range(2))
        served.is_open = True
        packs: list[Pack] = []
        thread = threading.Thread(target=lambda: packs.extend(run.engine.weigh(run_requests)))
        thread.start()
        until(lambda: len(packs) >= 2)
        before = len(server.calls)
        with urgent():
            started = time.monotonic()
            live.engine.logprobs(live_requests)
            waited_s = time.monotonic() - started
            during = server.calls[before:]
        assert thread.is_alive(), "the run is still at work"
        overtaken = [call for call in during if tuple(call.body["prompt"]) not in live_prompts]
        assert len(overtaken) <= 2, "what was about to be sent, and nothing after it"
        assert waited_s < 1
        thread.join(20)
    assert len(collect(iter(packs))) == len(run_requests), "the run goes on when Live has its answer"


def test_two_callers_may_weigh_at_once(folder: Path, computing: Computing) -> None:
    with Loopback(computing) as server:
        model = open_served(ModelSpec(str(folder), url=server.url, served_as=SERVED_AS), settings=QUICK)
        requests = some_requests(12)
        alone = model.engine.logprobs(requests)
        found: list[object] = []
        threads = [threading.Thread(target=lambda: found.append(model.engine.logprobs(requests))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert found == [alone] * 3


def test_it_works_where_an_event_loop_is_running(folder: Path, computing: Computing) -> None:
    """As in a notebook."""
    import asyncio

    async def cell(url: str) -> int:
        model = open_served(ModelSpec(str(folder), url=url, served_as=SERVED_AS), settings=QUICK)
        return len(model.engine.logprobs(some_requests(2)))

    # In a thread of its own: a browser driven by an earlier test leaves a loop running in this one.
    with Loopback(computing) as server, ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: asyncio.run(cell(server.url))).result() == 2


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    assert not our_threads()
