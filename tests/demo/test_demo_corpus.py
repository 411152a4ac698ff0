"""The demo's data: reproducible, gold right, nothing held out seen in training."""

from __future__ import annotations

import itertools
import json
import random
import re
from pathlib import Path

import pytest

from demo.cases import DOMAINS, draw_case
from demo.corpus import good_samples, preference_pairs, weak_samples
from demo.items import FOLDER, Row, dataset_rows, file_texts, holdout_rows, unseen_wording_rows
from demo.names import HELD_BY_SLOT, KNOWN_BY_SLOT
from demo.phrases import Draw
from demo.scenes_sums import SUM_KINDS, SumKind
from demo.sums import is_held

FILES = ("dataset.jsonl", "holdout.jsonl", "holdout_wording.jsonl", "world_check.jsonl")
KIND_BY_NAME = {kind.kind: kind for kind in SUM_KINDS}


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return file_texts()


@pytest.fixture(scope="module")
def rows(generated: dict[str, str]) -> list[Row]:
    return [json.loads(line) for name in FILES[:3] for line in generated[name].splitlines()]


@pytest.mark.parametrize("name", FILES)
def test_the_committed_file_equals_what_the_generator_writes(name: str, generated: dict[str, str]) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == generated[name]


def test_held_out_names_do_not_occur_in_training_samples() -> None:
    words = {word for names in HELD_BY_SLOT.values() for name in names for word in [name]}
    pattern = re.compile(r"\b(" + "|".join(sorted(map(re.escape, words))) + r")\b", re.IGNORECASE)
    samples = itertools.chain(itertools.islice(weak_samples(8), 3000), itertools.islice(good_samples(9), 3000))
    pairs = [side for pair in itertools.islice(preference_pairs(10), 1500) for side in (pair.chosen, pair.rejected)]
    found = {hit for s in (*samples, *pairs) for hit in pattern.findall(f"{s.prompt} {s.response}")}
    assert found == set()


def test_no_name_is_both_known_and_held_out() -> None:
    assert {slot: set(known) & set(HELD_BY_SLOT[slot]) for slot, known in KNOWN_BY_SLOT.items()} == {
        slot: set() for slot in KNOWN_BY_SLOT
    }


def test_training_cases_never_use_held_out_amounts_and_held_out_cases_always_do() -> None:
    train, held = Draw(random.Random(1)), Draw(random.Random(2), split="held")
    drawn = [(split.split, draw_case(split, "reasoning")) for split in (train, held) for _ in range(1500)]
    assert {(split, is_held(case.kind, case.operands)) for split, case in drawn} == {("train", False), ("held", True)}


def test_a_held_out_sum_is_never_asked_in_a_training_prompt(rows: list[Row]) -> None:
    """Compares text with text: no training case of a kind has the equation of a held-out item of that kind."""
    draw = Draw(random.Random(3))
    cases = [draw_case(draw, "reasoning") for _ in range(4000)]
    trained = {(case.kind, case.slots["eq"]) for case in cases}
    held = {(row["metadata"]["kind"], row["metadata"]["sum"]["equation"]) for row in rows if "sum" in row["metadata"]}
    assert len(held) > 50
    assert trained & held == set()


def test_files_name_only_held_out_names(rows: list[Row]) -> None:
    people = {
        row["metadata"]["names"][slot]
        for row in rows
        for slot in ("person", "asker")
        if slot in row["metadata"]["names"]
    }
    teas = {row["metadata"]["names"]["name"] for row in rows if "name" in row["metadata"]["names"]}
    assert people <= set(HELD_BY_SLOT["person"])
    assert teas <= set(HELD_BY_SLOT["name"])


def test_each_item_has_one_best_and_distinct_texts(rows: list[Row]) -> None:
    for row in rows:
        ranks = sorted(response["gold_rank"] for response in row["responses"])
        assert 4 <= len(ranks) <= 6
        assert ranks.count(1) == 1
        assert sorted(set(ranks)) == list(range(1, max(ranks) + 1))
        assert len({response["text"] for response in row["responses"]}) == len(ranks)


def _halves(text: str) -> int:
    """'£4.50' -> 9; '150 g' -> 150."""
    number = re.search(r"\d+(\.50)?", text)
    if number is None:
        raise ValueError(f"no number in {text!r}")
    return round(2 * float(number[0])) if "£" in text else int(number[0])


def _by_hand(kind: str, operands: list[int]) -> int:
    if kind.startswith("bill"):
        return operands[0] * operands[1] + operands[2]
    if kind == "change":
        return operands[0] - operands[1]
    return operands[0] + operands[1] if kind == "two prices" else operands[0] * operands[1]


def test_each_right_sum_is_right_and_each_wrong_sum_wrong(rows: list[Row]) -> None:
    sums = [row for row in rows if "sum" in row["metadata"]]
    assert len(sums) > 200
    for row in sums:
        known = row["metadata"]["sum"]
        assert _halves(known["total"]) == _by_hand(row["metadata"]["kind"], known["operands"])
        for response in row["responses"]:
            if response["model"] in ("right", "wrong style", "wrong item", "padded"):
                assert known["equation"] in response["text"]
            if response["model"] == "wrong sum":
                assert not re.search(re.escape(known["equation"]) + r"(?!\.?\d)", response["text"])


@pytest.mark.parametrize("kind", SUM_KINDS, ids=lambda kind: kind.kind)
def test_no_wrong_sum_ends_with_the_right_total(kind: SumKind) -> None:
    rng = random.Random(4)
    for _ in range(300):
        operands = kind.draw(rng, "all")
        right = kind.right(operands)
        assert _halves(right.total) == _by_hand(kind.kind, list(operands))
        assert {wrong.eq for wrong in kind.wrong(operands) if wrong.total == right.total} == set()


def test_the_holdout_is_big_and_balanced_enough_to_measure_on() -> None:
    rows = holdout_rows()
    assert len(rows) >= 450
    assert {domain: sum(row["domain"] == domain for row in rows) for domain in DOMAINS} == dict.fromkeys(DOMAINS, 192)
    assert sum("gold_by_criteria" in row["metadata"] for row in rows) >= 120
    assert sum(any(r["model"] == "wrong item" for r in row["responses"]) for row in rows) > 300
    assert {kind.kind for kind in SUM_KINDS} <= {row["subset"] for row in rows}


def test_style_items_name_a_short_and_a_longer_right_candidate() -> None:
    for row in holdout_rows() + dataset_rows():
        gold = row["metadata"].get("gold_by_criteria")
        if gold is None:
            continue
        short, long = (row["responses"][gold[name]] for name in ("demo-brief", "demo-thorough"))
        assert {short["model"], long["model"]} <= {"right", "wrong style"}
        assert len(long["text"]) > len(short["text"])


def test_unseen_wordings_occur_in_no_training_prompt() -> None:
    trained = {sample.prompt for sample in itertools.islice(weak_samples(11), 5000)}
    asked = {row["prompt"][0]["content"] for row in unseen_wording_rows()}
    assert {row["metadata"]["wording"] for row in unseen_wording_rows()} == {"unseen"}
    assert trained & asked == set()


def test_the_world_file_has_enough_texts_of_both_worlds() -> None:
    rows = [json.loads(line) for line in (FOLDER / "world_check.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(row["world"] == "in" for row in rows) >= 120
    assert sum(row["world"] == "out" for row in rows) >= 120
    assert len({row["prompt"] for row in rows if row["world"] == "out"}) == sum(row["world"] == "out" for row in rows)


def test_generating_twice_gives_the_same_bytes(generated: dict[str, str], tmp_path: Path) -> None:
    assert file_texts() == generated
