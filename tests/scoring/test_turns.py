"""Turns on a device: one at a time, urgent first, nobody forgotten, nothing left behind by an error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from scoring.engine import turns as module
from scoring.engine.turns import LINGER_S, Together, Turns, urgent

WAIT_S = 30.0


class Order:
    """Threads that take turns and write down in which order they got them."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.got: list[str] = []
        self.threads: list[threading.Thread] = []

    def queue(self, name: str, *, is_urgent: bool = False) -> None:
        """A thread that stands in the queue when this returns."""
        queue = self.turns._urgent if is_urgent else self.turns._ordinary
        before = len(queue)

        def work() -> None:
            with urgent() if is_urgent else nothing(), self.turns.take():
                self.got.append(name)

        self.threads.append(threading.Thread(target=work, daemon=True))
        self.threads[-1].start()
        until(lambda: len(queue) > before)

    def end(self) -> list[str]:
        for thread in self.threads:
            thread.join(WAIT_S)
            assert not thread.is_alive(), "somebody still waits"
        return self.got


@contextmanager
def nothing() -> Iterator[None]:
    yield


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_urgent_work_overtakes_and_equals_are_served_in_their_order() -> None:
    order = Order(Turns())
    with order.turns.take():
        for name in ("run 1", "run 2", "run 3"):
            order.queue(name)
        for name in ("live 1", "live 2"):
            order.queue(name, is_urgent=True)
    assert order.end() == ["live 1", "live 2", "run 1", "run 2", "run 3"]


def test_a_run_waits_between_the_turns_of_one_urgent_block_and_goes_on_when_it_ends() -> None:
    order = Order(Turns())
    with urgent():
        with order.turns.take():
            order.queue("run")
        time.sleep(LINGER_S / 5)  # tokenizing, the database
        assert order.got == []
        with order.turns.take():
            order.got.append("live")
    started = time.monotonic()
    assert order.end() == ["live", "run"]
    assert time.monotonic() - started < LINGER_S, "the end of the block wakes whoever waits"


def test_a_silent_urgent_block_holds_nobody_up() -> None:
    turns = Turns()
    order = Order(turns)
    with urgent():
        with turns.take():
            order.queue("run")
        order.threads[0].join(WAIT_S)  # the block does nothing, as if it loaded a model
        assert order.got == ["run"]


def test_urgent_work_on_one_device_leaves_the_other_alone() -> None:
    here, there = Turns(), Turns()
    with urgent():
        with here.take():
            pass
        is_through = threading.Event()

        def run() -> None:
            with there.take():
                is_through.set()

        started = time.monotonic()
        threading.Thread(target=run, daemon=True).start()
        assert is_through.wait(WAIT_S)
        assert time.monotonic() - started < LINGER_S


def test_a_run_is_never_starved_by_people_who_keep_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    turns = Turns()
    is_over = threading.Event()

    def keep_asking() -> None:
        while not is_over.is_set():
            with urgent(), turns.take():
                time.sleep(0.005)

    people = [threading.Thread(target=keep_asking, daemon=True) for _ in range(3)]
    for person in people:
        person.start()
    for _ in range(3):
        with turns.take():  # would wait for ever: there is always somebody urgent in the queue
            pass
    is_over.set()
    for person in people:
        person.join(WAIT_S)
        assert not person.is_alive()


def test_an_error_in_a_turn_gives_the_device_back() -> None:
    turns = Turns()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), urgent(), turns.take():
            raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError), turns.take():
            raise ZeroDivisionError
    assert not module._open
    with turns.take():
        pass


def test_who_is_interrupted_while_waiting_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()
    holder = Order(turns)
    with turns.take():
        holder.queue("run")

        def interrupted(_timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(turns._changed, "wait", interrupted)
            with pytest.raises(KeyboardInterrupt), urgent(), turns.take():
                raise AssertionError("the turn is somebody else's")
        assert not turns._urgent
    assert holder.end() == ["run"]


def test_a_block_inside_a_block_is_the_same_block() -> None:
    with urgent():
        with urgent():
            assert len(module._open) == 1
        assert len(module._open) == 1
    assert not module._open


def test_many_threads_never_hold_one_device_together_and_all_of_them_end() -> None:
    devices = [Turns(), Turns()]
    inside, most, done = [0, 0], [0, 0], []

    def work(number: int) -> None:
        for step in range(25):
            place = (number + step) % 2
            with urgent() if number % 3 == 0 and step % 2 else nothing(), devices[place].take():
                inside[place] += 1
                most[place] = max(most[place], inside[place])
                time.sleep(0)
                inside[place] -= 1
        done.append(number)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert sorted(done) == list(range(12))
    assert most == [1, 1]
    assert not any(device._urgent or device._ordinary or device._holders for device in devices)


def test_works_that_are_together_hold_the_turn_at_once_and_nobody_joins_them() -> None:
    turns, together = Turns(), Together()
    order, meeting = Order(turns), threading.Barrier(2)

    def work() -> None:
        with together.work(), turns.take():
            meeting.wait(WAIT_S)  # passes only when both are inside
            until(lambda: len(turns._ordinary) == 1)
            assert order.got == []
            meeting.wait(WAIT_S)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    with turns.take():  # so that the third comes after both
        for n, thread in enumerate(threads, start=1):
            thread.start()
            until(lambda n=n: len(turns._ordinary) == n)
        order.queue("somebody else")
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive()
    assert order.end() == ["somebody else"]


def test_urgent_work_waits_for_both_and_then_goes_first() -> None:
    turns, together = Turns(), Together()
    order, go_on = Order(turns), [threading.Event(), threading.Event()]
    inside: list[int] = []

    def work(n: int) -> None:
        with together.work():
            for part in range(2):
                with turns.take():
                    inside.append(n)
                    go_on[n].wait(WAIT_S)
                    if part:
                        order.got.append(f"run {n}")

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: len(inside) == 2)
    order.queue("live", is_urgent=True)
    go_on[0].set()
    time.sleep(LINGER_S / 10)
    assert order.got == [], "one of the two still holds the device"
    go_on[1].set()
    for thread in threads:
        thread.join(WAIT_S)
    assert order.end()[0] == "live"


def test_two_together_get_half_of_the_threads_each_and_the_setting_comes_back() -> None:
    import torch
    from architectures import model_of

    from scoring.engine import threads as thread_counts

    model, found, together = model_of("llama"), [], Together()
    meeting, before = threading.Barrier(2), torch.get_num_threads()

    def work() -> None:
        with together.work(), thread_counts.fitting_threads(model):
            meeting.wait(WAIT_S)
            found.append(torch.get_num_threads())
            meeting.wait(WAIT_S)

    limit, thread_counts.SMALL_PARAMETERS = thread_counts.SMALL_PARAMETERS, 0
    try:
        torch.set_num_threads(4)
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(WAIT_S)
        assert found == [2, 2]
        assert torch.get_num_threads() == 4
    finally:
        thread_counts.SMALL_PARAMETERS = limit
        torch.set_num_threads(before)
