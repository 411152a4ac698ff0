"""Twenty people decide at once, in threads of two processes: nothing is lost, doubled, over- or under-served.

The full size (2,000 items) with its times is `python -m bench.people`; docs/review.md and bench/results/people.json.
"""

from __future__ import annotations

from dataclasses import asdict

import pytest

from bench.people import Crowd, work
from bench.people_count import count
from db.session import make_sessionmaker

N_ITEMS = 160


@pytest.mark.slow
def test_twenty_people_with_overlap_two_serve_every_item_exactly_twice(fresh_url: str) -> None:
    found, diaries, _ = work(fresh_url, Crowd(n_items=N_ITEMS, n_processes=2))
    assert len(diaries) == 20
    assert all(diary.n_kept for diary in diaries)
    wrong = {name: n for name, n in asdict(found).items() if name in ("n_over", "n_under", "n_lost", "n_doubled")}
    assert not any(wrong.values()), wrong
    assert (found.n_full, found.n_labels, found.n_slots_wrong) == (N_ITEMS, 2 * N_ITEMS, 0)
    assert found.n_decisions == sum(diary.n_kept for diary in diaries) > 2 * N_ITEMS


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_count_sees_a_decision_that_was_lost_doubled_or_one_too_many(fresh_url: str) -> None:
    found, diaries, _ = work(fresh_url, Crowd(n_people=3, n_items=6, is_whimsical=False))
    assert (found.n_full, found.n_over, found.n_lost, found.n_doubled) == (6, 0, 0, 0)
    sessions = make_sessionmaker(fresh_url)
    item = next(iter(diaries[0].kept))
    claimed = count(sessions, 1, {item: ["accept"] * 3}, n_kept=found.n_decisions - 1)
    assert claimed.n_lost >= 1
    assert claimed.n_doubled == 1
    sessions.engine.dispose()
