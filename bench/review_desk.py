"""A weighed dataset of any size for the Review screen, written by the database itself: 100,000 items in seconds.

Even items are pairs, odd ones have four candidates; every text names its item ("Item 17: ..."). Rewards are made up,
no model computes. Leaves out what is measured on it (review_speed.py).
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from db.tables import Dataset, Run
from services.criteria.store import ensure_builtin, find_criteria
from services.runs import start_run

PROSE = "The leaves open slowly, the water is kept below the boil, and the second cup is the one to judge by. " * 6
SUBSETS = ("brewing", "orders", "safety")


def write_dataset(sessions: sessionmaker[Session], n_items: int) -> tuple[int, int]:
    """A dataset of that many items and a finished run over it; (dataset_id, run_id)."""
    ensure_builtin(sessions)
    with sessions.begin() as session:
        dataset = Dataset(name=f"items {n_items}", n_items=n_items, n_candidates=3 * n_items)
        session.add(dataset)
        session.flush()
        dataset_id = dataset.dataset_id
        for statement in _items(dataset_id, n_items):
            session.execute(text(statement))
    criteria_id = find_criteria(sessions, "demo").criteria_id
    run_id = start_run(sessions, dataset_id=dataset_id, pair="demo", criteria_id=criteria_id)
    with sessions.begin() as session:
        for statement in _suggestions(dataset_id, run_id):
            session.execute(text(statement))
        run = session.get_one(Run, run_id)
        run.status, run.n_done, run.noise_margin, run.n_out_of_world = "done", n_items, 0.2, 0
    with sessions.begin() as session:
        session.execute(text("ANALYZE"))
    return dataset_id, run_id


def _items(dataset_id: int, n_items: int) -> list[str]:
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {n_items - 1})"
    letters = "(SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)"
    subsets = " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(SUBSETS))
    return [
        f"INSERT INTO item (dataset_id, position, messages, domain, subset, meta) {numbers} SELECT {dataset_id}, i, "
        "json_array(json_object('role', 'user', 'content', 'Item ' || (i + 1) || ': how should this tea be made?')), "
        f"'chat', CASE i % {len(SUBSETS)} {subsets} END, '{{}}' FROM n",
        "INSERT INTO candidate (item_id, position, text, source_model) SELECT item_id, k, 'Item ' || (position + 1) || "
        f"', answer ' || (k + 1) || '. {PROSE}', 'model-' || k FROM item, {letters} "
        f"WHERE dataset_id = {dataset_id} AND (k < 2 OR position % 2 = 1)",
    ]


def _suggestions(dataset_id: int, run_id: int) -> list[str]:
    """Rewards fall by 0.1 to 9.7 nats from each candidate to the next, starting at one that the position picks."""
    n_of = "(CASE position % 2 WHEN 0 THEN 2 ELSE 4 END)"
    place = f"((c.position + i.position) % {n_of.replace('position', 'i.position')})"
    step = "(0.1 + ((i.position * 37) % 97) / 10.0)"
    return [
        "INSERT INTO score (run_id, candidate_id, item_id, reward, reward_per_token, strong_logprob, weak_logprob, "
        "strong_tokens, weak_tokens, rank, strong_key, weak_key, is_split, strong_spans) "
        f"SELECT {run_id}, c.candidate_id, i.item_id, -{place} * {step}, -{place} * {step} / 120, -200.0, "
        f"-200.0 + {place} * {step}, 120, 120, {place} + 1, '', '', 0, zeroblob(8) "
        f"FROM item i JOIN candidate c ON c.item_id = i.item_id WHERE i.dataset_id = {dataset_id}",
        "INSERT INTO suggestion (run_id, item_id, best_candidate_id, ranking, margin, is_length_flip, is_out_of_world, "
        f"notes) SELECT {run_id}, i.item_id, min(CASE s.rank WHEN 1 THEN s.candidate_id END), (SELECT "
        "json_group_array(json_array(candidate_id)) FROM (SELECT candidate_id FROM score WHERE item_id = i.item_id AND "
        f"run_id = {run_id} ORDER BY rank)), {step}, i.position % 50 = 7, 0, '[]' FROM item i JOIN score s ON "
        f"s.item_id = i.item_id AND s.run_id = {run_id} WHERE i.dataset_id = {dataset_id} GROUP BY i.item_id",
    ]
