"""Our figures against the record of PyPI rewardbench's own programs (bench/rewardbench_oracle.py), to 1e-12.

The whole way is taken: the rows as a file in the published schema, our import, a run with the very same rewards.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmark_files import preference_set_row, rewardbench2_row, rewardbench_row, write_jsonl
from benchmark_runs import weighed

from db.session import Sessions
from db.tables import Candidate, Item
from services.benchmarks.kinds import REWARDBENCH, REWARDBENCH_2
from services.benchmarks.rewardbench_sets import PREFERENCE_SETS, SECTIONS
from services.benchmarks.scores import WayReport, evaluate_benchmark
from services.benchmarks.ties import TiesRow, read_reference, ties_score

RECORD = json.loads((Path(__file__).parent / "fixtures" / "rewardbench_oracle.json").read_text(encoding="utf-8"))
SAME = 1e-12

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def written_reward(_item: Item, candidate: Candidate) -> float:
    return float(candidate.text.rpartition("=")[2])


def of_case(found: dict[str, Any]) -> str:
    return str(found["name"])


def same(found: float | None, recorded: float | None) -> bool:
    return found is recorded is None or (found is not None and recorded is not None and abs(found - recorded) <= SAME)


def pair_file(folder: Path, case: dict[str, Any]) -> list[Path]:
    """The core set as one file, and each preference set as its own, as they are published."""
    core = [
        rewardbench_row(subset, n, chosen=f"c{n}={chosen!r}", rejected=f"r{n}={rejected!r}")
        for n, (subset, chosen, rejected) in enumerate(case["rows"])
    ]
    files = [write_jsonl(folder / "filtered.jsonl", core)]
    for name in PREFERENCE_SETS:
        rows = [
            preference_set_row(n, chosen=f"c{n}={chosen!r}", rejected=f"r{n}={rejected!r}")
            for n, (subset, chosen, rejected) in enumerate(case["prior_rows"])
            if subset == name
        ]
        if rows:
            files.append(write_jsonl(folder / f"{name}-00000-of-00001.jsonl", rows))
    return files


def subsets_of(report: WayReport) -> dict[str, float | None]:
    return {part.name: part.figures.score.value for part in report.slices if part.group == "subset"}


def test_the_weights_are_those_of_the_package(database_kind: str) -> None:
    assert RECORD["version"] == "0.1.4"
    assert {section: list(weights) for section, weights in SECTIONS.items()} == RECORD["subset_mapping"]
    assert {name: n for weights in SECTIONS.values() for name, n in weights.items()} == RECORD["example_counts"]


@pytest.mark.parametrize("case", RECORD["v1"], ids=of_case)
def test_rewardbench_scores_are_those_of_run_rm(case: dict[str, Any], desk: Sessions, tmp_path: Path) -> None:
    dataset_id = weighed(desk, pair_file(tmp_path, case), written_reward)
    own = evaluate_benchmark(desk, dataset_id, REWARDBENCH).own
    recorded = case["subsets"] | case.get("prior_sets", {})
    found = subsets_of(own)
    assert set(found) == set(recorded)
    assert all(same(found[name], recorded[name]) for name in recorded)
    for section, score in case["sections"].items():
        if own.scores[section].value is None:  # the package prints 0 for a section without any subset
            assert score == 0
            assert not set(SECTIONS[section]) & set(recorded)
        else:
            assert same(own.scores[section].value, score)
    assert same(own.score.value, case.get("average"))
    with_prior = own.scores.get("Score with prior sets")
    assert same(with_prior and with_prior.value, case.get("average_with_prior"))


@pytest.mark.parametrize("case", RECORD["v2"], ids=of_case)
def test_rewardbench_2_scores_are_those_of_run_v2(case: dict[str, Any], desk: Sessions, tmp_path: Path) -> None:
    rows = []
    for subset, id, num_correct, rewards in case["rows"]:
        texts = [f"t{place}={reward!r}" for place, reward in enumerate(rewards)]
        rows.append(rewardbench2_row(subset, id, texts[:1], texts[1:], num_correct=num_correct))
    dataset_id = weighed(desk, [write_jsonl(tmp_path / "test.jsonl", rows)], written_reward)
    report = evaluate_benchmark(desk, dataset_id, REWARDBENCH_2)
    assert report.n == report.n_items == len(rows)
    found = subsets_of(report.own)
    assert set(found) == set(case["subsets"])
    assert all(same(found[name], score) for name, score in case["subsets"].items())
    assert same(report.own.score.value, case["average"])


@pytest.mark.parametrize("case", RECORD["ties"], ids=range(len(RECORD["ties"])))
def test_the_ties_score_is_that_of_process_single_model(case: dict[str, Any], database_kind: str) -> None:
    rows = []
    for id, num_correct, rewards in case["rows"]:
        reference = read_reference(id)
        assert reference is not None
        rows.append(TiesRow(*reference, tuple(rewards), num_correct))
    assert same(ties_score(rows).score, case["score"])
