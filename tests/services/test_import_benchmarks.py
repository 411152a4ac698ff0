"""Each benchmark's published schema: recognised, and nothing that its formula needs is lost."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from benchmark_files import (
    helpsteer2_row,
    llmbar_row,
    nectar_row,
    preference_set_row,
    rewardbench2_row,
    rewardbench_row,
    write_jsonl,
)
from sqlalchemy import select

from db.session import Sessions
from db.tables import Candidate, Item
from services.datasets import find_dataset
from services.errors import Refused
from services.formats.drafts import ItemDraft
from services.imports.files import SameFile, import_files, preview


def texts_by_rank(item: ItemDraft) -> dict[str, float | None]:
    return {candidate.text: candidate.gold_rank for candidate in item.candidates}


def test_rewardbench_rows_keep_subset_models_and_id(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "filtered.jsonl", [rewardbench_row("hep-rust", 3)])
    found = preview(path)
    item = found.sample_items[0]
    assert found.format == "rewardbench"
    assert (item.subset, item.domain) == ("hep-rust", "reasoning")
    assert texts_by_rank(item) == {"Number 3 is sencha.": 1.0, "No idea about 3.": 2.0}
    assert {c.text: c.source_model for c in item.candidates}["No idea about 3."] == "bad-model"
    assert item.meta == {"id": 3}


def test_rewardbench_is_read_from_parquet_as_it_is_published(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    rows = [rewardbench_row("donotanswer", 1), rewardbench_row("math-prm", 2)]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "filtered-00000-of-00001.parquet")
    found = preview(tmp_path / "filtered-00000-of-00001.parquet")
    assert found.format == "rewardbench"
    assert found.counts.subsets == {"donotanswer": 1, "math-prm": 1}
    assert found.counts.domains == {"safety": 1, "reasoning": 1}


def test_a_pair_of_an_unknown_subset_is_an_ordinary_preference(tmp_path: Path) -> None:
    assert preview(write_jsonl(tmp_path / "a.jsonl", [rewardbench_row("my own")])).format == "trl"


def test_a_preference_set_is_known_by_the_name_of_its_file(tmp_path: Path) -> None:
    rows = [preference_set_row(1, subset="harmless"), preference_set_row(2)]
    found = preview(write_jsonl(tmp_path / "anthropic_hhh-00000-of-00001.jsonl", rows))
    assert found.format == "rewardbench"
    assert [item.subset for item in found.sample_items] == ["anthropic_hhh", "anthropic_hhh"]
    assert found.sample_items[0].meta["subsubset"] == "harmless"
    assert found.sample_items[0].domain is None


def test_rewardbench_named_without_subsets_says_what_is_missing(tmp_path: Path) -> None:
    rows = [rewardbench_row("hep-go"), preference_set_row()]
    bad = preview(write_jsonl(tmp_path / "a.jsonl", rows), format="rewardbench").counts.bad_rows
    assert [(row.line, row.reason) for row in bad] == [
        (2, "the subset is missing; RewardBench's score is made of its subsets")
    ]


def test_rewardbench_2_rows_keep_id_num_correct_and_the_order_of_the_file(tmp_path: Path) -> None:
    row = rewardbench2_row("Ties", "tied:12", ["red", "blue"], ["tea", "cup", "pot"])
    found = preview(write_jsonl(tmp_path / "test.jsonl", [row]))
    item = found.sample_items[0]
    assert found.format == "rewardbench-2"
    assert found.statement.startswith("RewardBench 2: JSONL of 1 row, each a prompt with 5 responses")
    assert (item.subset, item.meta["id"], item.meta["num_correct"]) == ("Ties", "tied:12", 2)
    in_file = ["red", "blue", "tea", "cup", "pot"]
    assert [in_file[place] for place in item.meta["file_order"]] == [c.text for c in item.candidates]
    assert texts_by_rank(item) == {"red": 1.0, "blue": 1.0, "tea": 3.0, "cup": 3.0, "pot": 3.0}
    assert {c.text: c.source_model for c in item.candidates}["pot"] == "model-4"


def test_rewardbench_2_in_a_table_has_its_lists_as_json(tmp_path: Path) -> None:
    rows = [rewardbench2_row("Focus", "1", ["[right]"], ["x", 'a "quoted" one', "z"])]
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        columns = ["id", "prompt", "chosen", "rejected", "num_correct", "subset"]
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        sides = ("chosen", "rejected")
        writer.writerows({**row, **{side: json.dumps(row[side]) for side in sides}} for row in rows)
    found = preview(path)
    assert found.format == "rewardbench-2"
    assert texts_by_rank(found.sample_items[0])["[right]"] == 1.0
    assert len(found.sample_items[0].candidates) == 4


def test_num_correct_says_how_many_are_right_whatever_list_they_stand_in(tmp_path: Path) -> None:
    row = rewardbench2_row("Focus", "1", ["a", "b"], ["c"], num_correct=1)
    assert texts_by_rank(preview(write_jsonl(tmp_path / "t.jsonl", [row])).sample_items[0]) == {"a": 1, "b": 2, "c": 2}
    for odd, said in ((1.5, "1.5"), (-1, "-1")):
        bad = preview(write_jsonl(tmp_path / "t.jsonl", [row | {"num_correct": odd}])).counts.bad_rows
        assert bad[0].reason == f"num_correct is {said}; it must be a whole number from 0"


def test_the_right_one_of_four_is_not_always_first(tmp_path: Path) -> None:
    rows = [rewardbench2_row("Math", str(n), [f"right {n}"], ["x", "y", "z"]) for n in range(200)]
    found = preview(write_jsonl(tmp_path / "t.jsonl", rows), limit=200)
    firsts = sum(item.candidates[0].gold_rank == 1.0 for item in found.sample_items)
    assert 28 < firsts < 72  # 50 expected, standard deviation 6


def test_helpsteer2_keeps_the_strength_and_its_sign_names_the_better(tmp_path: Path) -> None:
    rows = [helpsteer2_row(strength, n) for n, strength in enumerate((-3, 2, 0))]
    found = preview(write_jsonl(tmp_path / "preference.jsonl", rows))
    assert found.format == "helpsteer2"
    assert [item.meta["preference_strength"] for item in found.sample_items] == [-3, 2, 0]
    ranks = [[candidate.gold_rank for candidate in item.candidates] for item in found.sample_items]
    assert ranks == [[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]]
    assert found.counts.subsets == {"train": 3}
    assert found.counts.warnings == {"items without a gold label": 1}


def test_turns_of_a_helpsteer2_prompt_become_messages(tmp_path: Path) -> None:
    prompt = "hi\n<extra_id_1>Assistant\nHello!\n<extra_id_1>User\nWhich tea?"
    item = preview(write_jsonl(tmp_path / "p.jsonl", [helpsteer2_row(1, prompt=prompt)])).sample_items[0]
    said = [(message["role"], message["content"]) for message in item.messages]
    assert said == [("user", "hi"), ("assistant", "Hello!"), ("user", "Which tea?")]


@pytest.mark.parametrize("strength", [4, 0.5, "much"])
def test_a_strength_out_of_range_is_a_bad_row(tmp_path: Path, strength: object) -> None:
    rows = [helpsteer2_row(1), helpsteer2_row(1, 2, preference_strength=strength)]
    (bad,) = preview(write_jsonl(tmp_path / "p.jsonl", rows)).counts.bad_rows
    assert bad.line == 2
    assert "preference_strength is" in bad.reason


def test_nectar_answers_keep_their_ranks_in_drawn_places(tmp_path: Path) -> None:
    found = preview(write_jsonl(tmp_path / "n.jsonl", [nectar_row([1.0, 2.0, 3.5, 3.5, 5.0, 6.0, 7.0])]))
    item = found.sample_items[0]
    assert found.format == "nectar"
    assert (len(item.candidates), item.subset) == (7, "lmsys-chat-1m")
    assert item.messages == ({"role": "user", "content": "Which tea suits evening 0?"},)
    ranks = [1.0, 2.0, 3.0, 3.0, 5.0, 6.0, 7.0]  # counted from 1, ties sharing the better
    assert [c.gold_rank for c in item.candidates] == [ranks[place] for place in item.meta["file_order"]]
    assert sorted(item.meta["file_order"]) == list(range(7))
    assert item.meta["file_order"] != list(range(7))


def test_an_answer_without_a_rank_stays_without(tmp_path: Path) -> None:
    row = nectar_row([1.0, 2.0, 3.0])
    row["answers"][1]["rank"] = None
    item = preview(write_jsonl(tmp_path / "n.jsonl", [row])).sample_items[0]
    assert sorted(str(c.gold_rank) for c in item.candidates) == ["1.0", "2.0", "None"]


@pytest.mark.parametrize(
    ("place", "subset"),
    [("llmbar_gptout.json", "gptout"), ("Natural/dataset.json", "natural"), ("mine.json", None)],
)
def test_llmbar_takes_its_subset_from_the_file_name(tmp_path: Path, place: str, subset: str | None) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([llmbar_row(1)]), encoding="utf-8")
    found = preview(path)
    assert (found.format, found.sample_items[0].subset) == ("llmbar", subset)


def test_a_subset_in_the_row_goes_before_the_file_name(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "natural.jsonl", [{**llmbar_row(1), "subset": "mine"}])
    assert preview(path).sample_items[0].subset == "mine"


def test_several_files_become_one_dataset_in_their_order(fresh_db: Sessions, tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "llmbar_natural.jsonl", [llmbar_row(1, n) for n in range(3)])
    second = write_jsonl(tmp_path / "llmbar_gptinst.jsonl", [llmbar_row(7), llmbar_row(2, 9)])
    seen: list[float] = []
    report = import_files(fresh_db, [first, second], name="both", on_progress=lambda _, share: seen.append(share))
    assert (report.n_rows, report.n_items, report.n_bad) == (5, 4, 1)
    assert report.bad_rows[0].reason == "llmbar_gptinst.jsonl: label is '7'; it must be 1 or 2"
    assert report.statement == "2 files; LLMBar: JSONL of 5 rows, label 1 or 2 names the better of two outputs"
    assert seen[-1] == 1.0
    with fresh_db() as session:
        rows = session.execute(select(Item.position, Item.subset).order_by(Item.position)).all()
    assert [tuple(row) for row in rows] == [(0, "natural"), (1, "natural"), (2, "natural"), (3, "gptinst")]
    assert find_dataset(fresh_db, "both").file_name == "llmbar_natural.jsonl and 1 more"
    with pytest.raises(SameFile):
        import_files(fresh_db, [first, second], name="again")
    assert import_files(fresh_db, [first], name="one").n_items == 3


def test_files_of_different_formats_are_refused_by_name(fresh_db: Sessions, tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", [llmbar_row(1)])
    second = write_jsonl(tmp_path / "b.jsonl", [nectar_row([1, 2])])
    with pytest.raises(Refused, match=r"'a.jsonl' is LLMBar and 'b.jsonl' is Nectar; files of one dataset"):
        import_files(fresh_db, [first, second], name="x")


def test_what_the_formulas_need_reaches_the_database(fresh_db: Sessions, tmp_path: Path) -> None:
    row = rewardbench2_row("Ties", "ref:1", ["tea"], ["cup", "pot"])
    import_files(fresh_db, [write_jsonl(tmp_path / "t.jsonl", [row])], name="rb2")
    with fresh_db() as session:
        (item,) = session.scalars(select(Item))
        candidates = session.scalars(select(Candidate).order_by(Candidate.position)).all()
    in_file = ["tea", "cup", "pot"]
    assert [c.text for c in candidates] == [in_file[place] for place in item.meta["file_order"]]
    assert (item.subset, item.meta["id"], item.meta["num_correct"]) == ("Ties", "ref:1", 1)
