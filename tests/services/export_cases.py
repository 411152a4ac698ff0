"""A reviewed dataset, written row by row, so that every number in the export tests can be told by hand.

Each case is an item whose candidates are A, B, C (unless it says otherwise) with the rewards 3, 1, 2 nats: the run
suggests A, and ranks A, C, B.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from db.session import Sessions
from db.tables import (
    Annotator,
    Candidate,
    Criteria,
    Dataset,
    Decision,
    Item,
    ModelPairRow,
    NotWeighed,
    Run,
    Score,
    Suggestion,
)

REWARDS = (3.0, 1.0, 2.0)
START = datetime(2026, 1, 1, 12, 0, 0)
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello!"},
    {"role": "user", "content": "How much?"},
]


@dataclass(frozen=True)
class Act:
    """Somebody's decision, in the order of the list."""

    who: str
    verdict: str
    choice: str | None = None  # a letter
    has_suggestion: bool = True


@dataclass(frozen=True)
class Case:
    """An item and what happened to it."""

    name: str
    acts: tuple[Act, ...] = ()
    texts: tuple[str, ...] = ("text A", "text B", "text C")
    rewards: tuple[float, ...] | None = REWARDS
    messages: tuple[dict[str, str], ...] = ()
    is_out_of_world: bool = False


CASES = (
    Case("accepted", (Act("ada", "accept", "A"),)),
    Case("overridden", (Act("ada", "override", "C"),)),
    Case("tie", (Act("ada", "tie"),)),
    Case("skipped", (Act("ada", "skip"),)),
    Case("flagged", (Act("ada", "flag"),)),
    Case("undecided"),
    Case("undone", (Act("ada", "accept", "A"), Act("ada", "undo"))),
    Case("disagreeing", (Act("ada", "accept", "A"), Act("bob", "override", "B"))),
    Case("tied best", rewards=(2.0, 2.0, 1.0)),
    Case("not weighed", (Act("ada", "override", "B", has_suggestion=False),), rewards=None),
    Case("same text", (Act("ada", "accept", "A"),), texts=("x", "x"), rewards=(1.0, 1.0)),
    Case("skipped by another", (Act("ada", "override", "B"), Act("bob", "skip"))),
    Case("conversation", (Act("ada", "accept", "A"),), messages=tuple(TALK)),
    Case("edited", (Act("ada", "accept", "A"), Act("ada", "override", "B"))),
    Case("out of world", is_out_of_world=True),
)


def write_cases(sessions: Sessions, cases: tuple[Case, ...] = CASES) -> tuple[int, int]:
    """The dataset with one finished run; returns (dataset_id, run_id)."""
    with sessions.begin() as session:
        dataset = Dataset(name="reviewed", n_items=len(cases))
        pair = ModelPairRow(name="demo", spec={"strong": {"ref": "demo/strong"}}, sha256="p" * 64)
        criteria = Criteria(name="helpful", version=2, body={"default": {"instruction": "Help."}}, sha256="c" * 64)
        people = {name: Annotator(name=name) for name in ("ada", "bob")}
        session.add_all([dataset, pair, criteria, *people.values()])
        session.flush()
        run = Run(
            dataset_id=dataset.dataset_id,
            model_pair_id=pair.model_pair_id,
            criteria_id=criteria.criteria_id,
            configuration={"rank_by": "sum"},
            software={"torch": "2.13.0"},
            status="done",
            n_items=len(cases),
            n_done=len(cases),
        )
        session.add(run)
        session.flush()
        person_ids = {name: person.annotator_id for name, person in people.items()}
        for position, case in enumerate(cases):
            _write_case(session, case, dataset.dataset_id, run.run_id, position, person_ids)
        return dataset.dataset_id, run.run_id


def _write_case(
    session: Session, case: Case, dataset_id: int, run_id: int, position: int, person_ids: dict[str, int]
) -> None:
    messages = list(case.messages) or [{"role": "user", "content": case.name}]
    item = Item(
        dataset_id=dataset_id, position=position, messages=messages, meta={"case": case.name}, source_line=position + 1
    )
    session.add(item)
    session.flush()
    candidates = [Candidate(item_id=item.item_id, position=n, text=text) for n, text in enumerate(case.texts)]
    session.add_all(candidates)
    session.flush()
    ids = [candidate.candidate_id for candidate in candidates]
    if case.rewards is None:
        session.add(NotWeighed(run_id=run_id, item_id=item.item_id, reason="too long", detail="900 tokens exceed 512"))
    else:
        _write_findings(session, case, run_id, item.item_id, ids)
    for act in case.acts:
        _write_decision(session, act, run_id, item.item_id, ids, person_ids[act.who])


def _write_findings(session: Session, case: Case, run_id: int, item_id: int, ids: list[int]) -> None:
    rewards = case.rewards or ()
    ranks = [1 + sum(other > reward for other in rewards) for reward in rewards]
    for candidate_id, reward, rank in zip(ids, rewards, ranks, strict=True):
        session.add(
            Score(
                run_id=run_id, candidate_id=candidate_id, item_id=item_id, reward=reward, reward_per_token=reward / 4,
                strong_logprob=reward - 10, weak_logprob=-10.0, strong_tokens=4, weak_tokens=4, rank=rank,
                strong_key="s" * 64, weak_key="w" * 64, strong_spans=b"",
            )
        )  # fmt: skip
    places = [[i for i, rank in zip(ids, ranks, strict=True) if rank == place] for place in sorted(set(ranks))]
    ordered = sorted(rewards, reverse=True)
    session.add(
        Suggestion(
            run_id=run_id, item_id=item_id, best_candidate_id=places[0][0], ranking=places,
            margin=ordered[0] - ordered[1], is_out_of_world=case.is_out_of_world,
        )
    )  # fmt: skip


def _write_decision(session: Session, act: Act, run_id: int, item_id: int, ids: list[int], annotator_id: int) -> None:
    n_before = session.query(Decision).count()
    chosen = None if act.choice is None else ids["ABC".index(act.choice)]
    suggested = ids[0] if act.has_suggestion else None
    session.add(
        Decision(
            submission=f"s{n_before}", run_id=run_id, item_id=item_id, annotator_id=annotator_id, verdict=act.verdict,
            chosen_candidate_id=chosen, ranking=[chosen] if chosen else [], display_order=list(reversed(ids)),
            reason_tags=["style"] if act.verdict == "override" else [], note="a\u00a0note",
            suggestion={"best": suggested, "reward_by_candidate": {str(i): 1.5 for i in ids}},
            suggested_candidate_id=suggested, elapsed_ms=1_500, created_at=START + timedelta(minutes=n_before),
        )
    )  # fmt: skip
    session.flush()


def by_prompt(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows by the last thing the user says."""
    return {row["prompt"] if isinstance(row["prompt"], str) else row["prompt"][-1]["content"]: row for row in rows}
