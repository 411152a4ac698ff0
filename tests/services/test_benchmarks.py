"""A run by a benchmark: published rows imported, rewards given, figures worked by hand; what does not count is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmark_files import (
    helpsteer2_row,
    llmbar_row,
    nectar_row,
    rewardbench2_row,
    rewardbench_row,
    write_jsonl,
)
from benchmark_runs import by_text, weighed, write_run
from service_builders import draft, make_dataset
from sqlalchemy import select

from db.session import Sessions
from db.tables import Candidate, Item, Run, Suggestion
from services.benchmarks.kinds import HELPSTEER2, LLMBAR, NECTAR, REWARDBENCH, REWARDBENCH_2, kind_named
from services.benchmarks.scores import WAYS, BenchmarkReport, benchmark_of, evaluate_benchmark
from services.errors import NotFound, Refused
from services.formats.drafts import CandidateDraft, ItemDraft
from services.imports.files import import_files
from services.statistics.intervals import share, wilson

PROMPT = ({"role": "user", "content": "p"},)


def gold_first(_item: Item, candidate: Candidate) -> float:
    """Rewards in gold's order."""
    return -(candidate.gold_rank or 0.0)


def longest_first(_item: Item, candidate: Candidate) -> float:
    return float(len(candidate.text))


def slices(report: BenchmarkReport, group: str = "subset") -> dict[str, tuple[int, float | None]]:
    return {
        part.name: (part.figures.score.n, part.figures.score.value) for part in report.own.slices if part.group == group
    }


def test_each_published_format_chooses_its_benchmark(desk: Sessions, tmp_path: Path) -> None:
    rows: dict[str, dict[str, Any]] = {
        "rewardbench": rewardbench_row("hep-go"),
        "rewardbench-2": rewardbench2_row("Focus", "1", ["a"], ["b", "c", "d"]),
        "llmbar": llmbar_row(1),
        "helpsteer2": helpsteer2_row(2),
        "nectar": nectar_row([1, 2, 3]),
    }
    for name, row in rows.items():
        report = import_files(desk, [write_jsonl(tmp_path / f"{name}.jsonl", [row])], name=name)
        found = benchmark_of(desk, report.dataset_id)
        assert found is not None
        assert found.name == name
    plain = make_dataset(desk, [draft("1", "a", "b", best=0)], name="plain")
    assert benchmark_of(desk, plain) is None
    assert benchmark_of(desk, plain, "nectar") is NECTAR
    with pytest.raises(NotFound, match="there is no benchmark 'x'; choose one of rewardbench, rewardbench-2, llmbar"):
        benchmark_of(desk, plain, "x")
    with pytest.raises(NotFound, match="no dataset 999"):
        benchmark_of(desk, 999)


def test_llmbar_is_pairwise_accuracy_by_file(desk: Sessions, tmp_path: Path) -> None:
    files = [
        write_jsonl(tmp_path / "llmbar_natural.jsonl", [llmbar_row(1, n) for n in range(3)]),
        write_jsonl(tmp_path / "llmbar_gptinst.jsonl", [llmbar_row(2, n) for n in range(2)]),
    ]
    dataset_id = weighed(desk, files, longest_first)  # output_1 is the longer: right in natural, wrong in gptinst
    report = evaluate_benchmark(desk, dataset_id, LLMBAR)
    assert slices(report) == {"natural": (3, 1.0), "gptinst": (2, 0.0)}
    assert (report.own.score.n, report.own.score.value) == (5, 0.6)
    assert (report.own.score.low, report.own.score.high) == pytest.approx(wilson(3, 5))
    assert report.own.whole.tau_b.value == pytest.approx(0.2)
    assert set(report.ways) == set(WAYS)
    assert report.ways["longest"].score.value == 0.6
    assert report.ways["shortest"].score.value == pytest.approx(0.4)
    assert report.ways["strong"].score.value == 0.6
    assert report.ways["chance"].score.value == 0.5
    assert (report.leads["longest"].n, report.leads["longest"].value) == (5, 0.0)
    assert report.leads["shortest"].value == pytest.approx(0.2)
    assert report.leads["shortest"].is_noise
    assert report.leads["chance"].value == pytest.approx(0.1)


def test_a_tie_in_reward_is_wrong_in_rewardbench_and_half_right_in_pairs(desk: Sessions, tmp_path: Path) -> None:
    rows = [rewardbench_row("donotanswer", n) for n in range(4)]
    dataset_id = weighed(desk, [write_jsonl(tmp_path / "f.jsonl", rows)], lambda _i, _c: 1.0)
    own = evaluate_benchmark(desk, dataset_id, REWARDBENCH).own
    assert own.scores["Safety"].value == 0.0
    assert (own.whole.pairwise.n, own.whole.pairwise.value) == (4, 0.5)
    assert own.whole.best_of_n.value == 0.5
    assert own.whole.tau_b.n == 0


def test_rewardbench_says_what_is_missing(desk: Sessions, tmp_path: Path) -> None:
    rows = [rewardbench_row("donotanswer"), rewardbench_row("hep-go", 1)]
    dataset_id = weighed(desk, [write_jsonl(tmp_path / "f.jsonl", rows)], gold_first)
    report = evaluate_benchmark(desk, dataset_id, REWARDBENCH)
    assert report.own.score.value is None
    assert report.own.scores["Chat"].value is None
    assert (report.own.scores["Safety"].n, report.own.scores["Safety"].value) == (1, 1.0)
    assert report.notes[0] == "there is no score: it takes all four sections"
    assert report.notes[1].startswith("21 of RewardBench's 23 subsets are not here: alpacaeval-easy, ")
    assert "without prior sets" in report.notes[2]


def test_a_subset_has_wilsons_interval(desk: Sessions, tmp_path: Path) -> None:
    rows = [rewardbench_row("hep-js", n) for n in range(10)]

    def reward(item: Item, candidate: Candidate) -> float:
        return gold_first(item, candidate) * (1 if item.position < 7 else -1)

    report = evaluate_benchmark(desk, weighed(desk, [write_jsonl(tmp_path / "f.jsonl", rows)], reward), REWARDBENCH)
    (part,) = report.own.slices
    assert part.figures.score == share(7, 10)


def test_best_of_four_shares_a_tie_at_the_top_and_chance_is_a_quarter(desk: Sessions, tmp_path: Path) -> None:
    rows = [rewardbench2_row("Math", str(n), [f"right {n}"], ["x", "y", "z"]) for n in range(2)]
    rewards = {"right 0": 2.0, "right 1": 1.0, "x": 1.0, "y": 0.0, "z": 0.0}
    dataset_id = weighed(desk, [write_jsonl(tmp_path / "t.jsonl", rows)], by_text(rewards))
    report = evaluate_benchmark(desk, dataset_id, REWARDBENCH_2)
    assert slices(report) == {"Math": (2, 0.75)}
    assert report.ways["chance"].scores["Math"].value == 0.25
    assert report.notes == ("the score is the mean of 1 subset; 6 are published",)


def test_ties_rows_count_in_their_own_formula_only(desk: Sessions, tmp_path: Path) -> None:
    rows = [
        rewardbench2_row("Ties", "ref:1", ["red"], ["tea", "cup"]),
        rewardbench2_row("Ties", "tied:1", ["red", "blue"], ["tea", "cup"]),
        rewardbench2_row("Ties", "17", ["red"], ["tea"]),
    ]
    rewards = {"red": 3.0, "blue": 2.0, "tea": 0.0, "cup": -1.0}
    dataset_id = weighed(desk, [write_jsonl(tmp_path / "t.jsonl", rows)], by_text(rewards))
    report = evaluate_benchmark(desk, dataset_id, REWARDBENCH_2)
    assert (report.n, report.left_out) == (2, {'of Ties without an id such as "ref:12"': 1})
    ties = report.own.ties
    assert ties is not None
    assert report.own.scores["Ties"].value == ties.score == pytest.approx(1.0 + 0.01 * 0.7615941559557649)
    assert report.own.scores["Ties"].n == 1
    chance = report.ways["chance"].scores["Ties"].value
    assert chance is not None
    assert 0.1 < chance < 0.45, "expected: 0.3 / 3 + 0.3 / 6 and something for the margins"


def test_helpsteer2_is_told_by_strength_and_ties_are_left_out(desk: Sessions, tmp_path: Path) -> None:
    rows = [helpsteer2_row(s, n) for n, s in enumerate((-3, 3, 1, 1, -2, 0, None))]
    dataset_id = weighed(desk, [write_jsonl(tmp_path / "p.jsonl", rows)], longest_first)  # response_2 is the longer
    report = evaluate_benchmark(desk, dataset_id, HELPSTEER2)
    assert (report.n, report.n_items, report.left_out) == (5, 7, {"without gold": 2})
    assert report.own.score == share(3, 5)
    assert slices(report, "strength") == {
        "1, slightly better": (2, 1.0), "2, better": (1, 0.0), "3, much better": (2, 0.5)
    }  # fmt: skip
    assert slices(report) == {"train": (5, 0.6)}


def test_nectar_counts_pairs_the_best_and_tau_b(desk: Sessions, tmp_path: Path) -> None:
    rows = [nectar_row([1.0, 2.0, 3.5, 3.5], 0), nectar_row([1.0, 2.0, 3.0, 4.0], 1)]
    rewards = {
        "Answer 0 to 0.": 1.0, "Answer 1 to 0.": 2.0, "Answer 2 to 0.": 0.0, "Answer 3 to 0.": -1.0,
        "Answer 0 to 1.": 4.0, "Answer 1 to 1.": 3.0, "Answer 2 to 1.": 2.0, "Answer 3 to 1.": 1.0,
    }  # fmt: skip
    dataset_id = weighed(desk, [write_jsonl(tmp_path / "n.jsonl", rows)], by_text(rewards))
    whole = evaluate_benchmark(desk, dataset_id, NECTAR).own.whole
    assert (whole.pairwise.n, whole.pairwise.value) == (11, pytest.approx(10 / 11))  # 4 of 5, 6 of 6
    assert (whole.best_of_n.n, whole.best_of_n.value) == (2, 0.5)
    first = 3 / (5 * 6) ** 0.5  # C 4, D 1; 5 pairs differ in gold, 6 in value
    assert (whole.tau_b.n, whole.tau_b.value) == (2, pytest.approx((first + 1) / 2))
    assert whole.score == whole.pairwise


def test_what_does_not_count_is_counted_by_why(desk: Sessions, tmp_path: Path) -> None:
    rows = [llmbar_row(1, n) for n in range(3)]

    def reward(item: Item, candidate: Candidate) -> float | None:
        return None if item.position == 0 and candidate.position == 1 else gold_first(item, candidate)

    dataset_id = weighed(desk, [write_jsonl(tmp_path / "a.jsonl", rows)], reward)
    report = evaluate_benchmark(desk, dataset_id, LLMBAR)
    assert (report.n, report.n_items) == (2, 3)
    assert report.left_out == {"with a response that has no reward": 1}


def test_a_dataset_of_which_no_item_counts_is_refused_with_the_reason(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, [draft("1", "a", "b")])
    with pytest.raises(NotFound, match="no run has weighed it yet"):
        evaluate_benchmark(desk, dataset_id, NECTAR)
    write_run(desk, dataset_id, lambda _i, c: float(c.position))
    with pytest.raises(Refused, match="no item of 'set' counts for Nectar: 1 without gold"):
        evaluate_benchmark(desk, dataset_id, NECTAR)


def test_any_dataset_with_gold_can_be_read_as_a_benchmark(desk: Sessions) -> None:
    items = [
        ItemDraft(PROMPT, tuple(CandidateDraft(text, gold_score=s) for text, s in zip("abc", scores, strict=True)))
        for scores in ((0.1, 0.5, 0.9), (3.0, 2.0, 2.0))
    ]  # scores without ranks
    dataset_id = make_dataset(desk, items)
    write_run(desk, dataset_id, lambda _i, c: float(c.position))
    whole = evaluate_benchmark(desk, dataset_id, kind_named("nectar")).own.whole
    assert (whole.pairwise.n, whole.pairwise.value) == (5, pytest.approx(3 / 5))
    assert evaluate_benchmark(desk, dataset_id, REWARDBENCH_2).own.score.n == 0, "no subset, so no score"


def test_chance_of_several_responses_is_what_random_rewards_earn(desk: Sessions) -> None:
    """Strictly best of 4: 1/4. Two best of 4, both above the others: one of C(4, 2) = 6; one of them on top: 1/2."""
    items = [
        ItemDraft(PROMPT, tuple(CandidateDraft(text, gold_score=s) for text, s in zip("abcd", scores, strict=True)))
        for scores in ((9.0, 1.0, 1.0, 1.0), (9.0, 9.0, 1.0, 1.0))
    ]
    dataset_id = make_dataset(desk, items)
    write_run(desk, dataset_id, lambda _i, c: float(c.position))
    strict = evaluate_benchmark(desk, dataset_id, kind_named("rewardbench")).ways["chance"].whole.score
    assert strict.value == pytest.approx((1 / 4 + 1 / 6) / 2)
    on_top = evaluate_benchmark(desk, dataset_id, REWARDBENCH_2).ways["chance"].whole.score
    assert on_top.value == pytest.approx((1 / 4 + 2 / 4) / 2)


def test_items_that_a_run_has_not_come_to_are_counted_as_such(desk: Sessions, tmp_path: Path) -> None:
    files = [write_jsonl(tmp_path / "a.jsonl", [llmbar_row(1), llmbar_row(2), llmbar_row(1)])]
    dataset_id = weighed(desk, files, gold_first)
    with desk.begin() as session:
        run = session.scalars(select(Run)).one()
        run.status, run.n_done = "cancelled", 2
        session.delete(session.scalars(select(Suggestion).order_by(Suggestion.item_id.desc())).first())
    report = evaluate_benchmark(desk, dataset_id, LLMBAR)
    assert (report.n, report.n_items, report.left_out) == (2, 3, {"that the run has not come to": 1})


def test_the_report_is_one_json_object(desk: Sessions, tmp_path: Path) -> None:
    dataset_id = weighed(desk, [write_jsonl(tmp_path / "n.jsonl", [nectar_row([1, 2, 3])])], gold_first)
    told = json.loads(json.dumps(evaluate_benchmark(desk, dataset_id, NECTAR).to_json()))
    assert told["ways"]["sum"]["scores"]["Score"]["value"] == 1.0
    assert told["ways"]["chance"]["whole"]["pairwise"]["n"] == 3


def test_ranked_by_mean_the_score_is_the_means(desk: Sessions, tmp_path: Path) -> None:
    files = [write_jsonl(tmp_path / "a.jsonl", [llmbar_row(1)])]
    dataset_id = weighed(desk, files, gold_first, rank_by="mean")
    report = evaluate_benchmark(desk, dataset_id, LLMBAR)
    assert (report.rank_by, report.own) == ("mean", report.ways["mean"])


def test_llmbars_files_are_whole(desk: Sessions, shared_data: Path) -> None:
    """100 natural, 134 neighbor, 92 gptinst, 47 gptout."""
    files = [shared_data / f"llmbar_{name}.json" for name in ("natural", "neighbor", "gptinst", "gptout")]
    dataset_id = weighed(desk, files, gold_first)
    report = evaluate_benchmark(desk, dataset_id, LLMBAR)
    expected = {"natural": (100, 1.0), "neighbor": (134, 1.0), "gptinst": (92, 1.0), "gptout": (47, 1.0)}
    assert slices(report) == expected
    assert (report.n, report.left_out) == (373, {})
