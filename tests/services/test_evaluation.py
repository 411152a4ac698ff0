"""Evaluation: credit worked by hand, baselines, the switch of criteria and the mark, from numbers written directly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from service_builders import draft, item_ids, make_dataset, queue_run
from sqlalchemy import select, update

from db.session import Sessions
from db.tables import Candidate, Run, Score, Suggestion
from scoring.conditioning import Conditioning
from services.criteria.store import find_criteria
from services.errors import NotFound
from services.evaluation import evaluate
from services.formats.drafts import CandidateDraft, ItemDraft
from services.statistics.credits import chance, credit, gold_best
from services.statistics.intervals import wilson

ISSUE_KEYS = {"dataset", "run", "n", "accuracy", "interval", "by_domain", "by_subset", "baselines"}


def test_gold_best_comes_from_ranks_or_else_from_scores() -> None:
    assert gold_best([2, 1, 1], [None] * 3) == {1, 2}
    assert gold_best([None, 1, None], [None] * 3) == {1}
    assert gold_best([None] * 3, [0.2, 0.9, 0.9]) == {1, 2}
    assert gold_best([1, 2], [0.0, 9.0]) == {0}  # ranks go before scores
    assert gold_best([None, None], [None, None]) == frozenset()
    assert gold_best([1, 1], [None, None]) == frozenset()  # all equally good says nothing


def test_credit_is_shared_among_those_tied_at_the_top() -> None:
    gold = frozenset({1})
    assert credit([1.0, 3.0, 3.0], gold) == 0.5
    assert credit([1.0, 3.0, 2.0], gold) == 1.0
    assert credit([4.0, 3.0, None], gold) == 0.0
    assert credit([None, None, None], gold) == 0.0
    assert chance(4, frozenset({0, 1})) == 0.5


def write_scores(sessions: Sessions, run_id: int, rewards: Sequence[Sequence[float | None]]) -> None:
    """Pretend the run found these rewards (weak log-prob minus the reward, 10 tokens each), item by item."""
    with sessions.begin() as session:
        run = session.get_one(Run, run_id)
        run.status, run.n_done = "done", len(rewards)
        for item_id, row in zip(item_ids(sessions, run.dataset_id), rewards, strict=True):
            wanted = select(Candidate.candidate_id).where(Candidate.item_id == item_id).order_by(Candidate.position)
            known = [(c, r) for c, r in zip(session.scalars(wanted), row, strict=True) if r is not None]
            session.add_all(_score(run_id, item_id, c, r, [r for _, r in known]) for c, r in known)
            best = max(known, key=lambda pair: pair[1])[0]
            session.add(
                Suggestion(run_id=run_id, item_id=item_id, best_candidate_id=best, ranking=[], margin=0.0, notes=[])
            )


def _score(run_id: int, item_id: int, candidate_id: int, reward: float, others: list[float]) -> Score:
    return Score(
        run_id=run_id, candidate_id=candidate_id, item_id=item_id, reward=reward, reward_per_token=-reward,
        strong_logprob=-1.0, weak_logprob=-1.0 - reward, strong_tokens=10, weak_tokens=10,
        rank=1 + sum(other > reward for other in others), strong_key="", weak_key="", strong_spans=b"",
    )  # fmt: skip


ITEMS = [
    draft("1", "aa", "b", "cc", best=1, domain="chat", subset="x"),
    draft("2", "aa", "b", "cc", best=0, domain="chat"),
    draft("3", "aa", "b", "cc", best=2, domain="safety", subset="x"),
    draft("4", "aa", "b", "cc"),
]
REWARDS = [(0.0, 2.0, 1.0), (1.0, 1.0, 0.0), (3.0, 2.0, 1.0), (1.0, 0.0, 0.0)]


@pytest.fixture
def evaluated(desk: Sessions) -> tuple[int, int]:
    """(dataset_id, run_id) of the items and rewards above."""
    dataset_id = make_dataset(desk, ITEMS)
    run_id = queue_run(desk, dataset_id)
    write_scores(desk, run_id, REWARDS)
    return dataset_id, run_id


def test_accuracy_and_baselines_are_as_counted_by_hand(desk: Sessions, evaluated: tuple[int, int]) -> None:
    found = evaluate(desk, evaluated[0])
    assert (found.n, found.n_items, found.n_without_gold) == (3, 4, 1)
    assert found.accuracy == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.interval == pytest.approx(wilson(1.5, 3))
    by_baseline = {name: part.value for name, part in found.baselines.items()}
    # weak = -1 - reward: turned around, like the mean here; strong: all tied, 1/3 each
    assert by_baseline["weak"] == pytest.approx((0 + 0 + 1) / 3)
    assert by_baseline["strong"] == pytest.approx(1 / 3)
    assert by_baseline["longest"] == pytest.approx((0 + 0.5 + 0.5) / 3)
    assert by_baseline["shortest"] == pytest.approx((1 + 0 + 0) / 3)
    assert by_baseline["chance"] == pytest.approx(1 / 3)
    assert found.accuracy_sum.value == found.accuracy
    assert found.accuracy_mean.value == pytest.approx(1 / 3)


def test_slices_count_their_own_items(desk: Sessions, evaluated: tuple[int, int]) -> None:
    found = evaluate(desk, evaluated[0])
    assert {name: (part.n, part.value) for name, part in found.by_domain.items()} == {
        "chat": (2, 0.75), "safety": (1, 0.0)
    }  # fmt: skip
    assert {name: (part.n, part.value) for name, part in found.by_subset.items()} == {"x": (2, 0.5)}


def test_the_json_has_exactly_the_promised_keys(desk: Sessions, evaluated: tuple[int, int]) -> None:
    told = evaluate(desk, *evaluated).to_json()
    assert set(told) == ISSUE_KEYS | {"switch", "world", "n_within_noise"}
    assert set(told["baselines"]) == {"weak", "strong", "longest", "shortest", "chance"}
    assert set(told["by_domain"]["chat"]) == {"n", "value", "low", "high"}
    assert (told["dataset"], told["run"], told["world"], told["switch"]) == ("set", evaluated[1], None, [])


def test_a_candidate_without_reward_counts_for_chance_and_length_but_cannot_win(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, [draft("1", "", "bb", "c", best=0)])
    write_scores(desk, queue_run(desk, dataset_id), [(None, 1.0, 0.0)])
    found = evaluate(desk, dataset_id)
    assert (found.n, found.accuracy) == (1, 0.0)
    assert found.baselines["shortest"].value == 1.0
    assert found.baselines["chance"].value == pytest.approx(1 / 3)


def test_a_dataset_without_gold_is_evaluated_to_nothing(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, [draft("1", "a", "b")])
    write_scores(desk, queue_run(desk, dataset_id), [(1.0, 0.0)])
    found = evaluate(desk, dataset_id)
    assert (found.n, found.accuracy, found.interval, found.n_without_gold) == (0, None, None, 1)


def test_what_cannot_be_evaluated_is_told(desk: Sessions, evaluated: tuple[int, int]) -> None:
    other = make_dataset(desk, ITEMS, name="other")
    with pytest.raises(NotFound, match="no run has weighed it"):
        evaluate(desk, other)
    with pytest.raises(NotFound, match="is not one of its runs"):
        evaluate(desk, other, evaluated[1])


def styled(brief: int, thorough: int, *, is_nested: bool = True) -> ItemDraft:
    gold = {"gold_by_criteria": {"demo-brief": brief, "demo-thorough": thorough}}
    return draft("p", "short", "long", "bad", meta={"metadata": gold} if is_nested else gold)


def test_the_switch_counts_items_that_turned_exactly_from_one_gold_to_the_other(desk: Sessions) -> None:
    items = [
        styled(0, 1),
        styled(0, 1),
        styled(0, 1, is_nested=False),
        styled(0, 1),
        styled(1, 1),
        draft("p", "a", "b"),
    ]
    dataset_id = make_dataset(desk, items)
    brief, thorough = (
        queue_run(desk, dataset_id, pair="demo", criteria_id=find_criteria(desk, name).criteria_id)
        for name in ("demo-brief", "demo-thorough")
    )
    first, second, third = (2.0, 1.0, 0.0), (1.0, 2.0, 0.0), (1.0, 1.0, 2.0)
    tied = (2.0, 2.0, 0.0)
    write_scores(desk, brief, [first, first, tied, first, second, (1.0, 0.0)])
    write_scores(desk, thorough, [second, third, second, second, second, (1.0, 0.0)])
    criteria_id = find_criteria(desk, "demo-thorough").criteria_id
    unusual = queue_run(desk, dataset_id, pair="demo", criteria_id=criteria_id, conditioning=Conditioning("strong"))
    write_scores(desk, unusual, [third] * 5 + [(1.0, 0.0)])  # newer, and read by one model: not what is compared
    (found,) = evaluate(desk, dataset_id).switch
    assert (found.from_criteria, found.to_criteria) == ("demo-brief", "demo-thorough")
    assert (found.from_run_id, found.to_run_id) == (brief, thorough)
    assert (found.n, found.value) == (4, 0.5)  # exact: items 1 and 4; a tied top is no choice
    assert (found.low, found.high) == pytest.approx(wilson(2, 4))


def test_the_mark_is_measured_on_texts_of_known_world_beside_the_dataset(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, ITEMS, name="d")
    write_scores(desk, queue_run(desk, dataset_id, pair="worldly"), REWARDS)
    assert evaluate(desk, dataset_id).world is None
    texts = [
        ItemDraft(({"role": "user", "content": "p"},), (CandidateDraft("t"),), meta={"world": place})
        for place in ("in", "in", "out", "out", "out")
    ]
    world_id = make_dataset(desk, texts, name="d-world")
    run_id = queue_run(desk, world_id, pair="worldly", min_candidates=1)
    write_scores(desk, run_id, [(1.0,)] * 5)
    means = [-1.0, -5.5, -6.0, -9.0, math.nan]
    marked = [False, True, True, False, True]
    with desk.begin() as session:
        for item_id, mean, is_marked in zip(item_ids(desk, world_id), means, marked, strict=True):
            session.execute(
                update(Suggestion)
                .where(Suggestion.item_id == item_id)
                .values(
                    response_mean_logprob=None if math.isnan(mean) else mean,
                    prompt_mean_logprob=None,
                    is_out_of_world=is_marked,
                )
            )
    world = evaluate(desk, dataset_id).world
    assert world is not None
    assert (world.dataset, world.n_in, world.n_out) == ("d-world", 2, 2)  # the one without a measure is left out
    assert world.auc.value == 1.0
    assert (world.missed.value, world.false_alarm.value) == (0.5, 0.5)


def test_metadata_that_only_looks_like_gold_by_criteria_is_passed_over(desk: Sessions) -> None:
    """It comes from anybody's file."""
    odd = draft("1", "a", "b", best=0, meta={"gold_by_criteria": {"none": "first", "helpful": None}})
    dataset_id = make_dataset(desk, [odd])
    for name in ("none", "helpful"):
        criteria_id = find_criteria(desk, name).criteria_id
        write_scores(desk, queue_run(desk, dataset_id, criteria_id=criteria_id), [(1.0, 0.0)])
    assert evaluate(desk, dataset_id).switch == ()
