"""The credits of every run of a pair map and of every model alone, read a few runs at a time.

Leaves out what counts as right (credits.py) and what is made of it (pair_map.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from db.queries_map import rewards_of_runs, side_logprobs_of_runs
from services.pair_map.credits import Floats, Layout, fill_values

Pair = tuple[str, str]
RUNS_AT_ONCE = 40


@dataclass(frozen=True, slots=True, eq=False)
class Credits:
    """Credits of N items: (pairs, N) by sum and by mean, and of each model's own log-prob, (N,) by sum and by mean.

    weighed_by_all: (N,) whether every run has a reward for the item; all False without any run.
    """

    by_sum: Floats
    by_mean: Floats
    alone: Mapping[str, tuple[Floats, Floats]]
    weighed_by_all: NDArray[np.bool_]


def read_credits(sessions: sessionmaker[Session], layout: Layout, runs: Mapping[Pair, int]) -> Credits:
    """What these runs earn item by item. `runs`: run_id by pair, in the order of the rows."""
    n_items = len(layout.item_ids)
    if not runs or not n_items:
        empty = np.full((len(runs), n_items), np.nan)
        return Credits(empty, empty, {}, np.zeros(n_items, dtype=bool))
    by_sum, by_mean = [], []
    run_ids = list(runs.values())
    with sessions() as session:
        for start in range(0, len(run_ids), RUNS_AT_ONCE):
            some = run_ids[start : start + RUNS_AT_ONCE]
            rewards = fill_values(layout, rewards_of_runs(session, some), _places(some))
            by_sum += [layout.credits(values) for values in rewards[0]]
            by_mean += [layout.credits(values) for values in rewards[1]]
        alone = _alone(session, layout, runs)
    sums, means = np.array(by_sum), np.array(by_mean)
    return Credits(sums, means, alone, np.isnan(sums).sum(axis=0) == 0)


def _alone(session: Session, layout: Layout, runs: Mapping[Pair, int]) -> dict[str, tuple[Floats, Floats]]:
    """Every model by its own log-prob: under its own chat template, or, where it has none, under another's."""
    as_strong = {strong: run_id for (strong, _), run_id in reversed(list(runs.items()))}
    as_weak = {weak: run_id for (_, weak), run_id in reversed(list(runs.items())) if weak not in as_strong}
    found: dict[str, tuple[Floats, Floats]] = {}
    for is_strong, run_by_model in ((True, as_strong), (False, as_weak)):
        rows = side_logprobs_of_runs(session, list(run_by_model.values()), is_strong=is_strong)
        found |= _own(layout, rows, run_by_model)
    return found


def _own(
    layout: Layout, rows: Iterable[Sequence[Sequence[Any]]], run_by_model: Mapping[str, int]
) -> dict[str, tuple[Floats, Floats]]:
    if not run_by_model:
        return {}
    run_ids = list(dict.fromkeys(run_by_model.values()))
    places = _places(run_ids)
    sums, tokens = fill_values(layout, rows, places)
    return {
        model: (layout.credits(sums[places[run_id]]), layout.credits(sums[places[run_id]] / tokens[places[run_id]]))
        for model, run_id in run_by_model.items()
    }


def _places(run_ids: Sequence[int]) -> dict[int, int]:
    return {run_id: place for place, run_id in enumerate(run_ids)}
