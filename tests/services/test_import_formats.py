"""Every shape in every container that it comes in: what is found, said, and made of a row."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.formats.drafts import ItemDraft
from services.formats.problems import UnknownFormat
from services.imports.files import preview

WriteFile = Callable[[str, str | bytes], Path]

LLMBAR = {"input": "2 + 2?", "output_1": "5", "output_2": "4", "label": 2}
HH = {
    "chosen": "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: 2+2?\n\nAssistant: 4",
    "rejected": "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: 2+2?\n\nAssistant: 5",
}
ASK = {"role": "user", "content": "2 + 2?"}


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Writes text or bytes under a name and gives the path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def jsonl(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(path: Path, rows: Sequence[dict[str, Any]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def only_item(path: Path, **options: Any) -> ItemDraft:
    found = preview(path, **options)
    assert found.counts.bad_rows == ()
    assert found.counts.n_items == 1
    return found.sample_items[0]


def gold(item: ItemDraft) -> dict[str, float | None]:
    return {candidate.text: candidate.gold_rank for candidate in item.candidates}


def reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def test_an_llmbar_array_keeps_its_order_and_takes_the_label_as_gold(write_file: WriteFile) -> None:
    path = write_file("a.json", json.dumps([LLMBAR, {**LLMBAR, "label": 1}]))
    found = preview(path)
    assert found.format == "llmbar"
    assert found.statement == "LLMBar: JSON array of 2 rows, label 1 or 2 names the better of two outputs"
    assert [c.text for c in found.sample_items[0].candidates] == ["5", "4"]
    assert [gold(item) for item in found.sample_items] == [{"5": 2.0, "4": 1.0}, {"5": 1.0, "4": 2.0}]
    assert found.sample_items[0].messages == (ASK,)
    assert found.counts.gold_share == 1.0


def test_llmbar_rows_without_a_label_are_kept_without_gold(write_file: WriteFile) -> None:
    rows = [{**LLMBAR, "label": None}, {key: LLMBAR[key] for key in ("input", "output_1", "output_2")}]
    found = preview(write_file("a.jsonl", jsonl(rows)))
    assert found.counts.n_items == 2
    assert found.counts.n_gold == 0
    assert found.counts.warnings == {"items without a gold label": 2}


def test_hh_transcripts_share_their_prompt(write_file: WriteFile) -> None:
    path = write_file("hh.jsonl", jsonl([HH]))
    assert preview(path).format == "hh"
    item = only_item(path)
    assert [(m["role"], m["content"]) for m in item.messages] == [
        ("user", "Hi"),
        ("assistant", "Hello!"),
        ("user", "2+2?"),
    ]
    assert gold(item) == {"4": 1.0, "5": 2.0}


def test_hh_replies_in_two_parts_are_merged_and_counted(write_file: WriteFile) -> None:
    row = {**HH, "chosen": HH["chosen"] + "\n\nAssistant: Four."}
    found = preview(write_file("hh.jsonl", jsonl([row])))
    assert gold(found.sample_items[0]) == {"4\n\nFour.": 1.0, "5": 2.0}
    assert found.counts.warnings == {"items with two turns of one speaker in a row (merged)": 1}


def test_an_empty_hh_reply_is_a_candidate(write_file: WriteFile) -> None:
    row = {**HH, "rejected": "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: 2+2?\n\nAssistant:"}
    assert gold(only_item(write_file("hh.jsonl", jsonl([row])))) == {"4": 1.0, "": 2.0}


def test_hh_transcripts_that_part_early_are_a_bad_row(write_file: WriteFile) -> None:
    row = {**HH, "rejected": "\n\nHuman: Bye\n\nAssistant: Oh.\n\nHuman: 2+2?\n\nAssistant: 5"}
    counts = preview(write_file("hh.jsonl", jsonl([HH, row]))).counts
    assert [(bad.line, bad.reason) for bad in counts.bad_rows] == [
        (2, "chosen and rejected part before their last reply; they must share every turn up to it")
    ]


def test_the_better_response_is_not_always_first_and_stays_where_it_is(write_file: WriteFile) -> None:
    rows = [{"prompt": f"Say {n}", "chosen": f"{n}", "rejected": "no"} for n in range(200)]
    path = write_file("a.jsonl", jsonl(rows))
    found = preview(path, limit=200)
    firsts = [item.candidates[0].gold_rank for item in found.sample_items]
    assert 70 < firsts.count(1.0) < 130  # 100 expected, standard deviation 7
    assert preview(path, limit=200).sample_items == found.sample_items
    assert "not always A" in found.statement


@pytest.mark.parametrize("prompt", ["2 + 2?", [ASK]])
def test_best_of_n_takes_texts_and_objects(write_file: WriteFile, prompt: Any) -> None:
    row = {
        "prompt": prompt,
        "dataset": "sums",
        "category": "reasoning",
        "responses": ["5", {"text": "4", "model": "m1", "score": 0.9, "latency": 3}],
        "source": {"page": 7},
    }
    path = write_file("b.jsonl", jsonl([row]))
    assert preview(path).statement == "Best of N: JSONL of 1 row, each a prompt with 2 responses"
    item = only_item(path)
    assert item.messages == (ASK,)
    assert (item.domain, item.subset) == ("reasoning", "sums")
    assert item.candidates[1].source_model == "m1"
    assert item.candidates[1].gold_score == 0.9
    assert gold(item) == {"5": None, "4": None}  # one of two scores does not make a ranking
    assert item.meta == {"source": {"page": 7}, "response_extras": [{}, {"latency": 3}]}


def test_scores_of_all_responses_become_gold_ranks_with_ties(write_file: WriteFile) -> None:
    scores = {"a": 1, "b": 5, "c": 5, "d": -2}
    row = {"prompt": "p", "responses": [{"text": text, "score": score} for text, score in scores.items()]}
    assert gold(only_item(write_file("b.jsonl", jsonl([row])))) == {"a": 3.0, "b": 1.0, "c": 1.0, "d": 4.0}


def test_ranks_count_from_one_wherever_the_file_begins(write_file: WriteFile) -> None:
    row = {"prompt": "p", "responses": [{"text": "a", "rank": 1}, {"text": "b", "rank": 0}, {"text": "c", "rank": 1}]}
    item = only_item(write_file("b.jsonl", jsonl([row])))
    assert gold(item) == {"a": 2.0, "b": 1.0, "c": 2.0}
    assert item.has_gold_best


def test_responses_that_are_all_equally_good_name_no_best(write_file: WriteFile) -> None:
    row = {"prompt": "p", "responses": [{"text": "a", "rank": 1}, {"text": "b", "rank": 1}]}
    assert not only_item(write_file("b.jsonl", jsonl([row]))).has_gold_best


TRL_ROWS = {
    "explicit texts": {"prompt": "2 + 2?", "chosen": "4", "rejected": "5"},
    "explicit messages": {"prompt": [ASK], "chosen": reply("4"), "rejected": reply("5")},
    "implicit messages": {"chosen": [ASK, *reply("4")], "rejected": [ASK, *reply("5")]},
    "implicit texts": {"chosen": "2 + 2? 4", "rejected": "2 + 2? 5"},
    "a prompt beside whole conversations": {
        "prompt": "2 + 2?",
        "chosen": [ASK, *reply("4")],
        "rejected": [ASK, *reply("5")],
    },
    "ShareGPT keys": {
        "chosen": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}],
        "rejected": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "5"}],
    },
    "content in parts": {
        "prompt": [{"role": "user", "content": [{"type": "text", "text": "2 + 2?"}]}],
        "chosen": reply("4"),
        "rejected": reply("5"),
    },
}


@pytest.mark.parametrize("row", TRL_ROWS.values(), ids=TRL_ROWS.keys())
def test_every_form_of_a_trl_preference_gives_the_same_item(write_file: WriteFile, row: dict[str, Any]) -> None:
    found = preview(write_file("t.jsonl", jsonl([{**row, "margin": 1.5}])))
    assert found.format == "trl"
    item = found.sample_items[0]
    assert item.messages == (ASK,)
    assert gold(item) == {"4": 1.0, "5": 2.0}
    assert item.meta == {"margin": 1.5}


def test_a_system_message_and_earlier_turns_stay_in_the_prompt(write_file: WriteFile) -> None:
    prompt = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, *reply("Hello"), ASK]
    row = {"chosen": [*prompt, *reply("4")], "rejected": [*prompt, *reply("5")]}
    assert list(only_item(write_file("t.jsonl", jsonl([row]))).messages) == prompt


def test_one_reply_that_begins_with_the_other_is_not_taken_for_prompt(write_file: WriteFile) -> None:
    row = {"chosen": [ASK, *reply("4")], "rejected": [ASK, *reply("4")]}
    item = only_item(write_file("t.jsonl", jsonl([row])))
    assert [c.text for c in item.candidates] == ["4", "4"]


def test_a_shared_beginning_is_cut_at_a_whole_word(write_file: WriteFile) -> None:
    row = {"chosen": "The sky is blue.", "rejected": "The sky is black."}
    item = only_item(write_file("t.jsonl", jsonl([row])))
    assert item.messages[0]["content"] == "The sky is"
    assert gold(item) == {"blue.": 1.0, "black.": 2.0}


def test_scores_beside_a_pair_are_kept(write_file: WriteFile) -> None:
    row = {"prompt": "p", "chosen": "a", "rejected": "b", "score_chosen": 8.5, "score_rejected": "3"}
    item = only_item(write_file("t.jsonl", jsonl([row])))
    assert {c.text: c.gold_score for c in item.candidates} == {"a": 8.5, "b": 3.0}


@pytest.mark.parametrize(("delimiter", "title"), [(",", "CSV table"), (";", "CSV table"), ("\t", "TSV table")])
def test_tables_have_the_same_columns(tmp_path: Path, delimiter: str, title: str) -> None:
    text = 'two lines\nand a "quote", and more; too'
    path = table(tmp_path / "a.txt", [{**LLMBAR, "output_1": text}], delimiter)
    found = preview(path)
    assert found.statement.startswith(f"LLMBar: {title} of 1 row, ")
    assert gold(found.sample_items[0]) == {text: 2.0, "4": 1.0}


def test_a_table_holds_pairs_and_messages_as_json(tmp_path: Path) -> None:
    row = {"Prompt": json.dumps([ASK]), "Chosen": json.dumps(reply("4")), "Rejected": json.dumps(reply("5"))}
    item = only_item(table(tmp_path / "a.csv", [row]))
    assert item.messages == (ASK,)
    assert gold(item) == {"4": 1.0, "5": 2.0}


def test_a_table_of_numbered_responses_may_have_fewer_in_a_row(tmp_path: Path) -> None:
    rows = [
        {"prompt": "p", **{f"response_{n}": f"r{n}" for n in range(1, 12)}},
        {"prompt": "q", "response_1": "r1", "response_2": "", "response_3": "r3"},
    ]
    found = preview(table(tmp_path / "a.csv", rows))
    assert found.format == "best-of-n"
    assert [c.text for c in found.sample_items[0].candidates] == [f"r{n}" for n in range(1, 12)]  # not 1, 10, 11, 2
    assert [c.text for c in found.sample_items[1].candidates] == ["r1", "", "r3"]  # a gap is an empty response
    assert (found.counts.candidates_min, found.counts.candidates_max) == (3, 11)
    assert "with 3 to 11 responses" in found.statement


def test_a_table_holds_a_list_of_responses_as_json(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", [{"prompt": "[not JSON", "responses": '["x", "y"]'}])
    item = only_item(path)
    assert item.messages[0]["content"] == "[not JSON"
    assert [c.text for c in item.candidates] == ["x", "y"]


def test_parquet_holds_what_jsonl_does(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    row = {"prompt": [ASK], "chosen": reply("4"), "rejected": reply("5"), "margin": float("nan")}
    parquet.write_table(pa.Table.from_pylist([row]), tmp_path / "t.parquet")
    found = preview(tmp_path / "t.parquet")
    assert found.statement.startswith("TRL preference: Parquet of 1 row, explicit prompt")
    assert gold(found.sample_items[0]) == {"4": 1.0, "5": 2.0}
    assert found.sample_items[0].meta == {"margin": None}
    assert found.counts.warnings == {"items with NaN or infinite numbers (read as missing)": 1}


def test_a_format_that_is_named_is_not_sniffed(write_file: WriteFile) -> None:
    row = {**LLMBAR, "chosen": "a", "rejected": "b", "prompt": "p"}
    path = write_file("a.jsonl", jsonl([row]))
    assert preview(path).format == "llmbar"
    assert preview(path, format="trl").format == "trl"
    with pytest.raises(UnknownFormat, match="there is no format 'xml'; choose one of tare, rewardbench"):
        preview(path, format="xml")


def test_the_shape_is_what_most_of_the_first_rows_are(write_file: WriteFile) -> None:
    rows = [{"prompt": "stray", "responses": ["a", "b"]}, LLMBAR, LLMBAR]
    found = preview(write_file("a.jsonl", jsonl(rows)))
    assert found.format == "llmbar"
    assert [bad.reason for bad in found.counts.bad_rows] == ["the prompt is missing"]


def test_domains_and_subsets_are_counted_over_the_whole_file(write_file: WriteFile) -> None:
    rows = [{**LLMBAR, "domain": "chat" if n % 3 else "safety", "subset": n} for n in range(300)]
    counts = preview(write_file("a.jsonl", jsonl(rows))).counts
    assert counts.domains == {"chat": 200, "safety": 100}
    assert len(counts.subsets) == 201  # the first 200 and what is left
    assert counts.subsets["(other)"] == 100
