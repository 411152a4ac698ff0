"""The pair map: every ordered pair from stored runs, judged by people first, on the items that all have weighed."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from map_builders import WrittenMap, graded, write_map
from sqlalchemy import event

from db.tables import Run
from services.decisions import decide
from services.errors import NotFound, Refused
from services.evaluation import evaluate
from services.pair_map.credits import read_layout
from services.pair_map.pick import pick
from services.pair_map.read import read_map
from services.statistics.credits import credit
from services.statistics.intervals import share

if TYPE_CHECKING:
    from db.session import Sessions

ABC = ("m/a", "m/b", "m/c")
SKILLS = {"m/a": 0.2, "m/b": 0.8, "m/c": 2.0}


def prefer(sessions: Sessions, written: WrittenMap, place: int, chosen: int | None, verdict: str = "best") -> None:
    """A person's decision on the item at that place."""
    decide(
        sessions, item_id=written.item_ids[place], run_id=None, annotator="Ada", verdict_request=verdict,
        submission=uuid.uuid4().hex,
        chosen_candidate_id=None if chosen is None else written.candidate_ids[place][chosen],
    )  # fmt: skip


@contextmanager
def counted_statements(sessions: Sessions) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(sessions.engine, "before_cursor_execute", note)
    yield seen
    event.remove(sessions.engine, "before_cursor_execute", note)


def test_every_pair_has_the_accuracy_that_evaluating_its_run_gives(fresh_db: Sessions) -> None:
    logprobs, gold = graded(40, SKILLS)
    written = write_map(fresh_db, logprobs, gold=gold)
    found = read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map
    assert [(pair.strong, pair.weak) for pair in found.pairs] == list(written.run_ids)
    for pair in found.pairs:
        alone = evaluate(fresh_db, written.dataset_id, written.run_ids[pair.strong, pair.weak])
        assert pair.accuracy_sum == alone.accuracy_sum
        assert pair.accuracy_mean == alone.accuracy_mean
        for model in found.models:
            if model.name == pair.strong:
                assert model.alone_sum == alone.baselines["strong"]
    assert found.baselines["shortest"] == alone.baselines["shortest"]
    assert found.baselines["longest"] == alone.baselines["longest"]
    assert found.baselines["random"] == alone.baselines["chance"]


def test_the_gap_is_between_the_models_own_accuracies_and_turns_its_sign_with_the_pair(fresh_db: Sessions) -> None:
    logprobs, gold = graded(60, SKILLS)
    written = write_map(fresh_db, logprobs, gold=gold)
    found = read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map
    own = {model.name: model.alone_sum.value for model in found.models}
    up, down = found.pair("m/c", "m/a"), found.pair("m/a", "m/c")
    assert up is not None
    assert down is not None
    assert up.gap == own["m/c"] - own["m/a"]  # type: ignore[operator]
    assert down.gap == -up.gap  # type: ignore[operator]
    assert found.performance_from == "own log-prob, by sum"
    assert found.pearson is not None
    assert found.pearson.n_pairs == 6
    assert found.pearson_upward is not None
    assert (found.pearson_upward.n_pairs, found.pearson_upward.p_value) == (3, None)


def test_what_a_person_chose_comes_before_gold(fresh_db: Sessions) -> None:
    """One item whose gold is A; c over a ranks A first. A person says B: the pair is wrong now."""
    written = write_map(fresh_db, {"m/a": [[-5.0, -5.0]], "m/c": [[-1.0, -9.0]]}, gold=[0])
    names = ("m/a", "m/c")

    def right(by: str) -> tuple[float | None, int]:
        data = read_map(fresh_db, dataset_id=written.dataset_id, names=names, judged_by=by)  # type: ignore[arg-type]
        pair = data.map.pair("m/c", "m/a")
        assert pair is not None
        return pair.accuracy.value, data.map.n_decided

    assert right("any") == (1.0, 0)
    prefer(fresh_db, written, 0, 1)
    assert right("any") == (0.0, 1)
    assert right("decided") == (0.0, 1)
    assert right("gold") == (1.0, 0)
    prefer(fresh_db, written, 0, None, "tie")
    assert right("any") == (None, 0), "a tie says that neither is right, whatever the file says"


def test_only_items_that_every_run_has_weighed_count(fresh_db: Sessions) -> None:
    logprobs, gold = graded(10, SKILLS)
    written = write_map(fresh_db, logprobs, gold=[*gold[:8], None, None], not_weighed={("m/a", "m/b"): [0, 9]})
    found = read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map
    assert (found.n_items, found.n, found.n_fell_out, found.n_unjudged) == (10, 7, 2, 1)
    assert {pair.accuracy.n for pair in found.pairs} == {7}
    assert {model.alone_sum.n for model in found.models} == {7}


def test_a_pair_without_a_run_is_missing_and_the_rest_of_the_map_is_there(fresh_db: Sessions) -> None:
    logprobs, gold = graded(10, SKILLS)
    written = write_map(fresh_db, logprobs, gold=gold, left_out=[("m/b", "m/c")])
    found = read_map(fresh_db, dataset_id=written.dataset_id, names=(*ABC, "m/new")).map
    assert len(found.pairs) == 5
    assert len(found.missing) == 12 - 5
    assert ("m/b", "m/c") in found.missing
    assert found.pearson is None, "a model that nobody weighed has no performance"


def test_other_criteria_or_unfinished_runs_are_no_part_of_the_map(fresh_db: Sessions) -> None:
    logprobs, gold = graded(6, SKILLS)
    written = write_map(fresh_db, logprobs, gold=gold)
    with fresh_db.begin() as session:
        session.get_one(Run, written.run_ids["m/a", "m/b"]).status = "cancelled"
        routed = session.get_one(Run, written.run_ids["m/a", "m/c"])
        routed.configuration = routed.configuration | {"routing": {"by": "fixed", "domain": "x"}}
    assert len(read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map.pairs) == 4
    assert not read_map(fresh_db, dataset_id=written.dataset_id, names=ABC, criteria="helpful").map.pairs


def test_given_performances_count_when_every_model_has_one(fresh_db: Sessions) -> None:
    logprobs, gold = graded(12, SKILLS)
    written = write_map(fresh_db, logprobs, gold=gold)

    def read(**given: float) -> Any:
        told = {name.replace("_", "/"): value for name, value in given.items()}
        return read_map(fresh_db, dataset_id=written.dataset_id, names=ABC, performance=told).map

    some = read(m_a=1.0, m_b=5.0)
    assert (some.performance_from, some.n_given) == ("own log-prob, by sum", 2)
    every = read(m_a=1.0, m_b=5.0, m_c=7.5)
    assert (every.performance_from, every.n_given) == ("given", 3)
    assert every.pair("m/c", "m/a").gap == 6.5
    with pytest.raises(Refused, match="none of the models m/a, m/b, m/c"):
        read(m_z=1.0)


def test_bad_requests_are_told_in_a_line(fresh_db: Sessions) -> None:
    logprobs, gold = graded(4, SKILLS)
    dataset_id = write_map(fresh_db, logprobs, gold=gold).dataset_id
    with pytest.raises(Refused, match="two or more"):
        read_map(fresh_db, dataset_id=dataset_id, names=("m/a",))
    with pytest.raises(Refused, match="judged by 'me'"):
        read_map(fresh_db, dataset_id=dataset_id, names=ABC, judged_by="me")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        read_map(fresh_db, dataset_id=dataset_id + 7, names=ABC)


def test_more_models_do_not_take_more_queries(fresh_db: Sessions) -> None:
    logprobs, gold = graded(5, {f"m/{place}": place / 4 for place in range(9)})
    dataset_id = write_map(fresh_db, logprobs, gold=gold).dataset_id
    names = tuple(logprobs)
    counts = []
    for n in (3, 6):
        with counted_statements(fresh_db) as seen:
            read_map(fresh_db, dataset_id=dataset_id, names=names[:n])
        counts.append(len(seen))
    assert counts[0] == counts[1]
    with counted_statements(fresh_db) as seen:
        read_map(fresh_db, dataset_id=dataset_id, names=names)  # 72 runs, read 40 at a time
    assert len(seen) == counts[0] + 1


def test_credits_of_many_ways_at_once_are_those_of_one_at_a_time(fresh_db: Sessions) -> None:
    dice = random.Random(1)
    sizes = [dice.randint(2, 5) for _ in range(30)]
    gold = [dice.randrange(size) for size in sizes]
    written = write_map(fresh_db, {"m/a": [[0.0] * size for size in sizes]}, gold=gold)
    layout = read_layout(fresh_db, written.dataset_id)
    values = [[dice.choice([1.0, 2.0, 2.0, None]) for _ in range(size)] for size in sizes]
    flat = np.array([np.nan if value is None else value for row in values for value in row])
    expected = [credit(row, frozenset({best})) for row, best in zip(values, gold, strict=True)]
    known = [any(value is not None for value in row) for row in values]
    found = layout.credits(flat)
    assert np.isnan(found).tolist() == [not is_known for is_known in known]
    assert np.nan_to_num(found).tolist() == pytest.approx(expected)
    assert layout.chance().tolist() == pytest.approx([1 / size for size in sizes])


def test_picking_ranks_by_decisions_once_there_are_enough_and_says_what_is_noise(fresh_db: Sessions) -> None:
    logprobs, gold = graded(60, {"m/a": 0.0, "m/b": 1.5, "m/c": 3.0})
    written = write_map(fresh_db, logprobs, gold=gold)
    first = pick(read_map(fresh_db, dataset_id=written.dataset_id, names=ABC))
    assert (first.judged_by, first.n, first.n_decided) == ("any", 60, 0)
    assert first.ranked[0].behind is None
    values = [one.accuracy.value for one in first.ranked]
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]
    assert not first.ranked[-1].is_as_good
    assert first.ranked[-1].behind is not None
    assert first.ranked[-1].behind.value == pytest.approx(values[0] - values[-1])  # type: ignore[operator]
    for place in range(25):
        prefer(fresh_db, written, place, 1 - gold[place])
    turned = pick(read_map(fresh_db, dataset_id=written.dataset_id, names=ABC))
    assert (turned.judged_by, turned.n) == ("decisions", 25)
    assert turned.ranked[0].pair.strong == "m/a", "people said the opposite of gold"


def test_baselines_stand_beside_the_ranking_on_the_items_it_rests_on(fresh_db: Sessions) -> None:
    """Gold always calls the longer response right, people in 25 of 60 cases the shorter one."""
    logprobs, _ = graded(60, {"m/a": 0.0, "m/b": 1.5, "m/c": 3.0})
    written = write_map(fresh_db, logprobs, gold=[1] * 60)
    for place in range(25):
        prefer(fresh_db, written, place, 0)
    data = read_map(fresh_db, dataset_id=written.dataset_id, names=ABC)
    found = pick(data)
    assert found.n == 25
    assert {share.n for share in (*found.baselines.values(), *found.alone.values())} == {25}
    assert (found.baselines["shortest"].value, found.baselines["longest"].value) == (1.0, 0.0)
    assert data.map.baselines["longest"].value == pytest.approx(35 / 60)
    assert set(found.alone) == set(ABC)
    whole = pick(read_map(fresh_db, dataset_id=written.dataset_id, names=ABC, judged_by="gold", rank_by="mean"))
    assert whole.baselines["longest"] == share(60, 60)


def test_of_equal_pairs_the_one_whose_cost_is_known_comes_first(fresh_db: Sessions) -> None:
    one = [[-1.0, -2.0]] * 4
    known = {"n_computed": 8, "elapsed_s": 2.0, "device": "cpu", "memory_bytes": 1000}
    written = write_map(
        fresh_db, {"m/a": [[-3.0, -3.0]] * 4, "m/b": one, "m/c": one}, gold=[0] * 4,
        passes={"m/a": known, "m/c": known},
    )  # fmt: skip
    first, second = pick(read_map(fresh_db, dataset_id=written.dataset_id, names=ABC)).ranked[:2]
    assert first.accuracy == second.accuracy
    assert (first.pair.strong, second.pair.strong) == ("m/c", "m/b")


def test_a_run_that_kept_criteria_out_of_the_system_role_is_no_part_of_the_map(fresh_db: Sessions) -> None:
    logprobs, gold = graded(6, SKILLS)
    written = write_map(fresh_db, logprobs, gold=gold)
    with fresh_db.begin() as session:
        run = session.get_one(Run, written.run_ids["m/a", "m/b"])
        run.configuration = run.configuration | {"pair": run.configuration["pair"] | {"system_role": False}}
    found = read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map
    assert found.missing == (("m/a", "m/b"),)


def test_runs_of_a_model_before_it_was_trained_on_are_no_part_of_the_map(fresh_db: Sessions) -> None:
    logprobs, gold = graded(6, SKILLS)
    written = write_map(fresh_db, logprobs, gold=gold)

    def named(pair: tuple[str, str], *prints: str, dtype: str = "float32") -> None:
        with fresh_db.begin() as session:
            run = session.get_one(Run, written.run_ids[pair])
            models = zip(("strong", "weak"), prints, strict=True)
            told = {side: {"dtype": dtype, "fingerprint": found} for side, found in models}
            run.configuration = run.configuration | {"models": told}

    for pair in written.run_ids:
        named(pair, *(name + "1" for name in pair))
    assert read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map.missing == ()
    named(("m/c", "m/b"), "m/c2", "m/b1")  # the newest run
    found = read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map
    assert {(pair.strong, pair.weak) for pair in found.pairs} == {("m/a", "m/b"), ("m/b", "m/a"), ("m/c", "m/b")}
    named(("m/c", "m/b"), "m/c16", "m/b16", dtype="bfloat16")
    assert read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map.missing == (), "the same model elsewhere"
    with fresh_db.begin() as session:
        run = session.get_one(Run, written.run_ids["m/a", "m/b"])
        run.configuration = run.configuration | {"models": {"strong": {"ref": "m/a"}}}
    assert read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map.missing == (), "an older run says less"


def test_costs_are_those_of_the_models_passes_and_unknown_where_one_was_not_measured(fresh_db: Sessions) -> None:
    logprobs, gold = graded(4, SKILLS)
    known = {"n_computed": 8, "elapsed_s": 2.0, "device": "cpu", "memory_bytes": 1000}
    written = write_map(
        fresh_db, logprobs, gold=gold, passes={"m/a": known, "m/b": known | {"elapsed_s": 4.0, "memory_bytes": 500}}
    )
    found = read_map(fresh_db, dataset_id=written.dataset_id, names=ABC).map
    pair, other = found.pair("m/b", "m/a"), found.pair("m/c", "m/a")
    assert pair is not None
    assert other is not None
    assert (pair.per_thousand_s, pair.memory_bytes) == (750.0, 1500)
    assert (other.per_thousand_s, other.memory_bytes) == (None, None)


def test_a_dataset_without_items_or_judgement_gives_an_empty_map(fresh_db: Sessions) -> None:
    logprobs, _ = graded(3, SKILLS)
    written = write_map(fresh_db, logprobs, gold=[None] * 3)
    data = read_map(fresh_db, dataset_id=written.dataset_id, names=ABC)
    assert (data.map.n, data.map.n_unjudged) == (0, 3)
    assert data.map.pairs[0].accuracy.value is None
    assert data.map.pearson is None
    assert not pick(data).ranked
