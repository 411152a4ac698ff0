"""Files imported as datasets, and runs that found given rewards for their candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from service_builders import queue_run
from sqlalchemy import select

from db.session import Sessions
from db.tables import Candidate, Item, Run, Score, Suggestion
from services.imports.files import import_files

RewardOf = Callable[[Item, Candidate], float | None]


def weighed(sessions: Sessions, files: list[Path], reward_of: RewardOf, *, name: str = "set", **more: object) -> int:
    """The files as a dataset, weighed by a run with these rewards; its id."""
    dataset_id = import_files(sessions, files, name=name, allow_again=True).dataset_id
    write_run(sessions, dataset_id, reward_of, **more)
    return dataset_id


def by_text(rewards: Mapping[str, float]) -> RewardOf:
    """Each candidate's reward by its text."""
    return lambda _item, candidate: rewards[candidate.text]


def write_run(sessions: Sessions, dataset_id: int, reward_of: RewardOf, **more: object) -> int:
    """Pretend a run found these rewards (strong log-prob twice the reward less 100, ten tokens each); its id."""
    run_id = queue_run(sessions, dataset_id, **more)  # type: ignore[arg-type]
    with sessions.begin() as session:
        run = session.get_one(Run, run_id)
        items = list(session.scalars(select(Item).where(Item.dataset_id == dataset_id).order_by(Item.position)))
        run.status, run.n_done = "done", len(items)
        for item in items:
            wanted = select(Candidate).where(Candidate.item_id == item.item_id).order_by(Candidate.position)
            candidates = list(session.scalars(wanted))
            rewards = [reward_of(item, candidate) for candidate in candidates]
            session.add_all(
                _score(run_id, item.item_id, candidate.candidate_id, reward)
                for candidate, reward in zip(candidates, rewards, strict=True)
                if reward is not None
            )
            best = candidates[max(range(len(candidates)), key=lambda place: rewards[place] or -1e9)]
            session.add(
                Suggestion(
                    run_id=run_id, item_id=item.item_id, best_candidate_id=best.candidate_id, ranking=[], margin=0.0,
                    notes=[],
                )
            )  # fmt: skip
    return run_id


def _score(run_id: int, item_id: int, candidate_id: int, reward: float) -> Score:
    return Score(
        run_id=run_id, candidate_id=candidate_id, item_id=item_id, reward=reward, reward_per_token=reward / 10,
        strong_logprob=2 * reward - 100, weak_logprob=reward - 100, strong_tokens=10, weak_tokens=10, rank=1,
        strong_key="", weak_key="", strong_spans=b"",
    )  # fmt: skip
