"""Does "look here again" find wrong suggestions? Measured with gold in the place of people.

    python -m bench.look_again --database sqlite:///some.db --runs 4 5 6

A random quarter of a run's items is decided as gold says; of the rest, the 20 that are most like overridden ones are
looked at. How many of them are wrong, against how many of all the rest are, and of the 20 with the smallest margin?
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.session import make_sessionmaker
from db.tables import Candidate, Dataset, Item, Run, Suggestion
from services.influence import likeness_to_overridden
from services.statistics.likeness import vectors

RESULTS = Path(__file__).parent / "results" / "look_again.json"
DECIDED_SHARE, LOOKED, REPETITIONS = 0.25, 20, 200


@dataclass(frozen=True)
class Found:
    """Shares of wrong suggestions, means over the repetitions."""

    dataset: str
    run: int
    n_items: int
    n_repetitions: int
    wrong_of_all: float
    wrong_of_alike: float
    wrong_of_smallest_margin: float


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--database", required=True)
    asked.add_argument("--runs", type=int, nargs="+", required=True)
    given = asked.parse_args()
    sessions = make_sessionmaker(given.database)
    with sessions() as session:
        found = [measure(session, run_id) for run_id in given.runs]
    RESULTS.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
    for one in found:
        print(one)


def measure(session: Session, run_id: int) -> Found:
    """One run of a dataset with gold."""
    texts, is_right, margins = _read(session, run_id)
    matrix, generator = vectors(texts), np.random.default_rng(0)
    shares = []
    for _ in range(REPETITIONS):
        order = generator.permutation(len(texts))
        decided, waiting = np.split(order, [round(DECIDED_SHARE * len(texts))])
        overridden, agreed = decided[~is_right[decided]], decided[is_right[decided]]
        if not len(overridden) or not len(agreed):
            continue
        _, _, scores = likeness_to_overridden(matrix[waiting], matrix[overridden], matrix[agreed])
        wrong = ~is_right[waiting]
        alike, small = (np.argsort(key, kind="stable")[:LOOKED] for key in (-scores, margins[waiting]))
        shares.append((wrong.mean(), wrong[alike].mean(), wrong[small].mean()))
    name = session.scalar(
        select(Dataset.name).join(Run, Run.dataset_id == Dataset.dataset_id).where(Run.run_id == run_id)
    )
    means = [round(float(mean), 4) for mean in np.mean(shares, axis=0)]
    return Found(str(name), run_id, len(texts), len(shares), *means)


def _read(session: Session, run_id: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    best: dict[int, float] = {}
    of_run = select(Suggestion.item_id).where(Suggestion.run_id == run_id)
    gold = select(Candidate.item_id, Candidate.gold_rank).where(Candidate.item_id.in_(of_run))
    for item_id, rank in session.execute(gold):
        if rank is not None:
            best[item_id] = min(rank, best.get(item_id, rank))
    wanted = (
        select(Item.item_id, Item.messages, Candidate.text, Candidate.gold_rank, Suggestion.margin)
        .join(Suggestion, Suggestion.item_id == Item.item_id)
        .join(Candidate, Candidate.candidate_id == Suggestion.best_candidate_id)
        .where(Suggestion.run_id == run_id)
        .order_by(Item.position)
    )
    rows = [row for row in session.execute(wanted) if row[0] in best]
    texts = [f"{row[1][-1]['content'][:1000]}\n{row[2][:1000]}" for row in rows]
    return texts, np.array([row[3] == best[row[0]] for row in rows]), np.array([row[4] for row in rows])


if __name__ == "__main__":
    main()
