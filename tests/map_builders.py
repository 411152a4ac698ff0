"""A dataset and the finished runs of every ordered pair of some models, written straight into the tables.

What `weigh_models` would have left, with log-probs chosen by the test. Models are named as hub ids ("m/a"): nothing
could open them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from db.tables import Candidate, Dataset, Item, Run, Score, Suggestion
from scoring.pairs import ModelPair, ModelSpec
from services.criteria.store import ensure_builtin, find_criteria
from services.packing import pack_spans
from services.runs import start_run

Logprobs = Mapping[str, Sequence[Sequence[float]]]  # by model: item by item, response by response, nats
TOKENS = 2


@dataclass(frozen=True)
class WrittenMap:
    """Ids of what was written, candidates by place."""

    dataset_id: int
    item_ids: tuple[int, ...]
    candidate_ids: tuple[tuple[int, ...], ...]
    run_ids: Mapping[tuple[str, str], int]


def write_map(
    sessions: sessionmaker[Session],
    logprobs: Logprobs,
    *,
    gold: Sequence[int | None],
    name: str = "mapped",
    criteria: str = "none",
    passes: Mapping[str, Mapping[str, object]] | None = None,
    left_out: Collection[tuple[str, str]] = (),
    not_weighed: Mapping[tuple[str, str], Collection[int]] | None = None,
    is_hidden: bool = True,
) -> WrittenMap:
    """Write it. `gold`: the place of the right response of each item; `not_weighed`: items a pair's run leaves out."""
    ensure_builtin(sessions)
    sizes = [len(values) for values in next(iter(logprobs.values()))]
    dataset_id, items, candidates = _write_items(sessions, name, sizes, gold)
    run_ids = {}
    for strong in logprobs:
        for weak in logprobs:
            if strong != weak and (strong, weak) not in left_out:
                title = f"{strong.rpartition('/')[2]} over {weak.rpartition('/')[2]}"
                pair = ModelPair(title, title, ModelSpec(strong), ModelSpec(weak), "", 0, "", 0.0)
                run_id = start_run(
                    sessions, dataset_id=dataset_id, pair=pair,
                    criteria_id=find_criteria(sessions, criteria).criteria_id,
                )  # fmt: skip
                skipped = (not_weighed or {}).get((strong, weak), ())
                known = {side: (passes or {}).get(model) for side, model in (("strong", strong), ("weak", weak))}
                with sessions.begin() as session:
                    run = session.get_one(Run, run_id)
                    run.status, run.n_done, run.is_hidden = "done", len(items), is_hidden
                    run.configuration = run.configuration | {"passes": {s: p for s, p in known.items() if p}}
                    for place, (item_id, responses) in enumerate(zip(items, candidates, strict=True)):
                        if place not in skipped:
                            _write_scores(
                                session, run_id, item_id, responses, logprobs[strong][place], logprobs[weak][place]
                            )
                run_ids[strong, weak] = run_id
    return WrittenMap(dataset_id, tuple(items), tuple(candidates), run_ids)


def _write_items(
    sessions: sessionmaker[Session], name: str, sizes: Sequence[int], gold: Sequence[int | None]
) -> tuple[int, list[int], list[tuple[int, ...]]]:
    with sessions.begin() as session:
        dataset = Dataset(name=name, n_items=len(sizes), n_candidates=sum(sizes), n_gold=len(sizes) - gold.count(None))
        session.add(dataset)
        session.flush()
        items, candidates = [], []
        for position, (size, best) in enumerate(zip(sizes, gold, strict=True)):
            messages = [{"role": "user", "content": f"question {position}"}]
            item = Item(dataset_id=dataset.dataset_id, position=position, messages=messages, meta={})
            session.add(item)
            session.flush()
            rows = [
                Candidate(
                    item_id=item.item_id, position=place, text="word " * (place + 1),
                    gold_rank=None if best is None else 1.0 if place == best else 2.0,
                )
                for place in range(size)
            ]  # fmt: skip
            session.add_all(rows)
            session.flush()
            items.append(item.item_id)
            candidates.append(tuple(row.candidate_id for row in rows))
        return dataset.dataset_id, items, candidates


def _write_scores(
    session: Session,
    run_id: int,
    item_id: int,
    responses: Sequence[int],
    strong: Sequence[float],
    weak: Sequence[float],
) -> None:
    rewards = [s - w for s, w in zip(strong, weak, strict=True)]
    order = sorted(range(len(rewards)), key=lambda place: -rewards[place])
    for place, candidate_id in enumerate(responses):
        session.add(
            Score(
                run_id=run_id, candidate_id=candidate_id, item_id=item_id, reward=rewards[place],
                reward_per_token=rewards[place] / TOKENS, strong_logprob=strong[place], weak_logprob=weak[place],
                strong_tokens=TOKENS, weak_tokens=TOKENS, rank=order.index(place) + 1, strong_key="s", weak_key="w",
                strong_spans=pack_spans([(0, 1)]), weak_spans=None,
            )
        )  # fmt: skip
    session.add(
        Suggestion(
            run_id=run_id, item_id=item_id, best_candidate_id=responses[order[0]],
            ranking=[[responses[place]] for place in order], margin=rewards[order[0]] - rewards[order[1]], notes=[],
        )
    )  # fmt: skip


def graded(n: int, skills: Mapping[str, float], *, seed: int = 0) -> tuple[Logprobs, list[int]]:
    """n items with two responses, and models whose log-probs lean to the right one as much as their skill says."""
    import random

    dice = random.Random(seed)
    gold = [dice.randrange(2) for _ in range(n)]
    found: dict[str, list[list[float]]] = {}
    for model, skill in skills.items():
        rows = []
        for best in gold:
            lean = dice.gauss(skill, 1.0)
            rows.append([-5.0 + (lean if place == best else -lean) / 2 for place in range(2)])
        found[model] = rows
    return found, gold
