"""Turns: whoever has waited longest writes next, and nobody is kept out by an error or by one who never ends."""

from __future__ import annotations

import threading
import time

import pytest

from db.session import Sessions
from db.tables import Annotator
from db.turns import Turns


def until_waiting(turns: Turns, n: int) -> None:
    while len(turns._waiting) < n:
        time.sleep(0.001)


def test_turns_come_in_the_order_of_arrival() -> None:
    turns, order = Turns(), list[int]()

    def wait(at: int) -> None:
        with turns.mine(timeout_s=30):
            order.append(at)

    threads = [threading.Thread(target=wait, args=(at,)) for at in range(6)]
    with turns.mine(timeout_s=1):
        for at, thread in enumerate(threads):
            thread.start()
            until_waiting(turns, at + 1)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 5]


def test_a_turn_that_ends_in_an_error_is_handed_over() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="spilt"), turns.mine(timeout_s=1):
        raise ValueError("spilt")
    with turns.mine(timeout_s=0.001) as _:
        assert turns._is_taken


def test_who_waits_too_long_goes_on_without_the_turn_and_leaves_the_queue_in_order() -> None:
    turns = Turns()
    with turns.mine(timeout_s=1):
        with turns.mine(timeout_s=0.001):
            assert not turns._waiting
        assert turns._is_taken
    assert not turns._is_taken


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_twenty_threads_that_write_without_a_pause_are_served_in_rounds(fresh_db: Sessions) -> None:
    """By SQLite's own waiting one thread writes many times in a row; in turns all are within a write of each other."""
    barrier, written = threading.Barrier(20), list[int]()

    def write(at: int) -> None:
        barrier.wait()
        for n in range(5):
            with fresh_db.begin() as session:
                session.add(Annotator(name=f"{at} {n}"))
                session.flush()
                written.append(at)

    threads = [threading.Thread(target=write, args=(at,)) for at in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 100
    middle = written[20:80]  # everybody has come by then, and nobody is through
    assert max(middle.count(at) for at in range(20)) <= 4
