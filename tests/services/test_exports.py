"""Export: who is chosen and who rejected, what is left out and why, and that nothing is lost in the lossless form."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from export_cases import CASES, TALK, by_prompt, write_cases
from sqlalchemy import select

from db.session import Sessions
from db.tables import Candidate, Dataset, Item, Run
from services.errors import NotFound, Refused
from services.exports.export import CannotWrite, ExportReport, export, preview_export
from services.imports.files import import_file

TRANSCRIPT = "Be brief.\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: How much?\n\nAssistant:"


@pytest.fixture
def reviewed(fresh_db: Sessions) -> tuple[Sessions, int, int]:
    """(sessions, dataset_id, run_id) of a dataset in which everything that can happen has happened."""
    return (fresh_db, *write_cases(fresh_db))


def exported(
    reviewed: tuple[Sessions, int, int], format: str, **options: Any
) -> tuple[list[dict[str, Any]], ExportReport]:
    sessions, dataset_id, _ = reviewed
    out = io.BytesIO()
    options.setdefault("has_certificate", False)  # test_export_certificate.py is about it
    report = export(sessions, dataset_id, format=format, out=out, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()], report


def test_pairs_are_the_humans_choice_against_what_was_turned_down(reviewed: tuple[Sessions, int, int]) -> None:
    rows, _ = exported(reviewed, "trl-standard")
    found = {
        name: (row["chosen"].strip(), row["rejected"].strip(), row["margin"]) for name, row in by_prompt(rows).items()
    }
    assert found == {
        "accepted": ("text A", "text B", 2.0),  # ranked last is rejected: 3 - 1
        "overridden": ("text C", "text A", -1.0),  # the suggestion is rejected: 2 - 3
        "not weighed": ("text B", "text C", None),  # no ranking: the last by place
        "skipped by another": ("text B", "text A", -2.0),  # a skip resolves nothing
        "edited": ("text B", "text A", -2.0),  # the latest of one person
        TRANSCRIPT: ("text A", "text B", 2.0),
    }


def test_what_is_left_out_is_counted_by_reason(reviewed: tuple[Sessions, int, int]) -> None:
    rows, report = exported(reviewed, "trl-conversational")
    assert report.n_rows == report.n_human == len(rows) == 6
    assert report.left_out == {
        "undecided": 4,  # undecided, undone, tied best, out of world
        "tie": 1,
        "skipped": 1,
        "flagged": 1,
        "split": 1,  # one person each way, and nobody settled it
        "no other response with a different text": 1,
    }
    assert report.n_rows + sum(report.left_out.values()) == len(CASES)
    assert report.n_disagreeing == 1
    assert (report.n_suggestion, report.run_id) == (0, reviewed[2])


def test_with_all_undecided_items_carry_the_suggestion_and_every_row_its_source(
    reviewed: tuple[Sessions, int, int],
) -> None:
    rows, report = exported(reviewed, "trl-conversational", only="all")
    found = by_prompt(rows)
    assert found["undecided"] == {
        "prompt": [{"role": "user", "content": "undecided"}],
        "chosen": [{"role": "assistant", "content": "text A"}],
        "rejected": [{"role": "assistant", "content": "text B"}],
        "margin": 2.0,
        "label_source": "suggestion",
        "is_out_of_world": False,
        "is_within_noise": False,
    }
    assert {name: row["label_source"] for name, row in found.items() if row["label_source"] != "human"} == {
        "undecided": "suggestion",
        "undone": "suggestion",
        "out of world": "suggestion",
    }
    assert found["out of world"]["is_out_of_world"] is True
    assert (report.n_human, report.n_suggestion, report.n_out_of_world) == (6, 3, 1)
    assert report.left_out["undecided, and the run's best are tied"] == 1
    assert report.n_rows + sum(report.left_out.values()) == len(CASES)


def test_suggestions_within_numeric_noise_say_so_in_every_form_and_are_counted(
    reviewed: tuple[Sessions, int, int],
) -> None:
    sessions, _, run_id = reviewed
    with sessions.begin() as session:
        session.get_one(Run, run_id).noise_margin = 2.5  # the items' margins are 2
    rows, report = exported(reviewed, "trl-standard", only="all")
    assert by_prompt(rows)["undecided"]["is_within_noise"] is True
    assert report.n_within_noise == report.n_suggestion == 3
    lossless, _ = exported(reviewed, "jsonl", only="all")
    marked = {row["suggestion"]["is_within_noise"] for row in lossless if row["suggestion"] is not None}
    assert marked == {True, False}, "a tie is exact"


def test_a_conversation_stays_messages_in_one_form_and_becomes_a_transcript_in_the_other(
    reviewed: tuple[Sessions, int, int],
) -> None:
    (talk,) = [row for row in exported(reviewed, "trl-conversational")[0] if len(row["prompt"]) > 1]
    assert talk["prompt"] == TALK
    assert talk["chosen"] == [{"role": "assistant", "content": "text A"}]
    (text,) = [row for row in exported(reviewed, "trl-standard")[0] if "Human:" in row["prompt"]]
    assert text["prompt"] == TRANSCRIPT
    assert text["chosen"] == " text A"


@pytest.mark.parametrize("format", ["trl-conversational", "trl-standard"])
def test_a_trl_export_can_be_imported_again(reviewed: tuple[Sessions, int, int], tmp_path: Path, format: str) -> None:
    sessions, dataset_id, _ = reviewed
    export(sessions, dataset_id, format=format, out=tmp_path / "pairs.jsonl")
    report = import_file(sessions, tmp_path / "pairs.jsonl", name="again")
    assert (report.format, report.n_items, report.n_bad) == ("trl", 6, 0)
    with sessions() as session:
        items = session.scalars(select(Item).where(Item.dataset_id == report.dataset_id).order_by(Item.position)).all()
        golds = session.scalars(
            select(Candidate.text).join(Item, Item.item_id == Candidate.item_id).order_by(Item.position)
            .where(Item.dataset_id == report.dataset_id, Candidate.gold_rank == 1)
        ).all()  # fmt: skip
    assert [item.messages for item in items if len(item.messages) > 1] == [TALK]
    assert golds == ["text A", "text C", "text B", "text B", "text A", "text B"]
    assert items[0].meta == {"margin": 2.0, "label_source": "human"}


def test_the_lossless_form_holds_everything(reviewed: tuple[Sessions, int, int]) -> None:
    rows, report = exported(reviewed, "jsonl", only="all")
    assert report.n_rows == len(CASES)
    row = next(row for row in rows if row["messages"][0]["content"] == "overridden")
    a, b, c = (candidate["candidate_id"] for candidate in row["candidates"])
    assert [candidate["reward"] for candidate in row["candidates"]] == [3.0, 1.0, 2.0]
    assert [candidate["rank"] for candidate in row["candidates"]] == [1, 3, 2]
    assert [candidate["strong_logprob"] for candidate in row["candidates"]] == [-7.0, -9.0, -8.0]
    assert row["suggestion"]["ranking"] == [[a], [c], [b]]
    assert row["suggestion"]["margin"] == 1.0
    assert row["label"] == {
        "source": "human",
        "state": "settled",
        "verdict": "override",
        "chosen_candidate_id": c,
        "annotator": "ada",
        "decision_id": row["decisions"][0]["decision_id"],
        "n_people": 1,
        "n_for": 1,
        "has_disagreement": False,
    }
    (decision,) = row["decisions"]
    assert decision["ranking"] == [[c]]
    assert decision["display_order"] == [c, b, a]
    assert (decision["reason_tags"], decision["note"], decision["elapsed_ms"]) == (["style"], "a\u00a0note", 1_500)
    assert json.loads(decision["suggestion_json"])["best"] == a
    (run,) = row["runs"]
    assert run["run_id"] == row["run_id"] == decision["run_id"] == reviewed[2]
    assert (run["pair"], run["criteria"], run["criteria_version"]) == ("demo", "helpful", 2)
    assert json.loads(run["criteria_json"]) == {"default": {"instruction": "Help."}}
    assert json.loads(run["software_json"]) == {"torch": "2.13.0"}
    assert json.loads(row["item"]["meta_json"]) == {"case": "overridden"}


def test_the_lossless_form_keeps_undone_decisions_and_says_what_is_not_weighed(
    reviewed: tuple[Sessions, int, int],
) -> None:
    found = {row["messages"][-1]["content"]: row for row in exported(reviewed, "jsonl", only="all")[0]}
    assert [decision["verdict"] for decision in found["undone"]["decisions"]] == ["accept", "undo"]
    assert found["undone"]["label"]["source"] == "suggestion"
    assert found["tied best"]["label"] | {"has_disagreement": None} == {
        "source": None, "state": "undecided", "verdict": None, "chosen_candidate_id": None, "annotator": None,
        "decision_id": None, "n_people": 0, "n_for": 0, "has_disagreement": None,
    }  # fmt: skip
    assert found["not weighed"]["not_weighed"] == {"reason": "too long", "detail": "900 tokens exceed 512"}
    assert found["not weighed"]["suggestion"] is None
    assert found["disagreeing"]["label"]["has_disagreement"] is True


def test_decided_items_alone_are_the_default_of_the_lossless_form(reviewed: tuple[Sessions, int, int]) -> None:
    rows, report = exported(reviewed, "jsonl")
    assert report.n_rows == 11
    assert report.left_out == {"undecided": 4}
    unsettled = {row["messages"][0]["content"]: row["label"] for row in rows if row["label"]["source"] != "human"}
    assert {name: label["state"] for name, label in unsettled.items()} == {
        "skipped": "skipped",
        "flagged": "flagged",
        "disagreeing": "split",
    }
    assert unsettled["disagreeing"]["n_people"] == 2


def test_every_lossless_row_has_the_same_fields(reviewed: tuple[Sessions, int, int]) -> None:
    rows, _ = exported(reviewed, "jsonl", only="all")
    assert len({tuple(row) for row in rows}) == 1
    assert len({tuple(c) for row in rows for c in row["candidates"]}) == 1
    assert len({tuple(d) for row in rows for d in row["decisions"]}) == 1


def test_a_lossless_export_comes_back_as_the_same_items(fresh_db: Sessions, shared_data: Path, tmp_path: Path) -> None:
    first = import_file(fresh_db, shared_data / "alpaca_eval_best_of_8.jsonl", name="first")
    export(fresh_db, first.dataset_id, format="jsonl", out=tmp_path / "all.jsonl", only="all")
    second = import_file(fresh_db, tmp_path / "all.jsonl", name="second")
    assert second.format == "tare"
    assert contents(fresh_db, second.dataset_id) == contents(fresh_db, first.dataset_id)
    assert len(contents(fresh_db, first.dataset_id)) == 100


def contents(sessions: Sessions, dataset_id: int) -> list[Any]:
    with sessions() as session:
        of_item = (Item.position, Item.messages, Item.domain, Item.subset, Item.meta)
        of_candidate = (Candidate.text, Candidate.source_model, Candidate.gold_rank, Candidate.gold_score)
        query = (
            select(*of_item, *of_candidate)
            .join(Candidate, Candidate.item_id == Item.item_id)
            .where(Item.dataset_id == dataset_id)
            .order_by(Item.position, Candidate.position)
        )
        found: dict[int, list[Any]] = {}
        for position, *rest in session.execute(query):
            found.setdefault(position, []).append(rest)
        return sorted(found.items())


def test_without_a_run_pairs_have_no_margin(fresh_db: Sessions, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": "p", "responses": ["a", "b"]}))
    report = import_file(fresh_db, tmp_path / "a.jsonl", name="a")
    found = preview_export(fresh_db, report.dataset_id, format="trl-standard", only="all")
    assert found.report.run_id is None
    assert found.report.left_out == {"undecided, and not ranked by the run": 1}


def test_a_preview_shows_the_first_rows_and_counts_all(reviewed: tuple[Sessions, int, int]) -> None:
    sessions, dataset_id, _ = reviewed
    rows, report = exported(reviewed, "trl-standard")
    found = preview_export(sessions, dataset_id, format="trl-standard", limit=2)
    assert list(found.rows) == rows[:2]
    assert found.report == report


def test_more_items_than_a_batch_go_out_in_file_order(fresh_db: Sessions) -> None:
    cases = tuple(CASES[0].__class__(f"case {n}", CASES[0].acts) for n in range(450))
    reviewed = (fresh_db, *write_cases(fresh_db, cases))
    rows, _ = exported(reviewed, "trl-standard")
    assert [row["prompt"] for row in rows] == [f"case {n}" for n in range(450)]


def test_a_file_is_written_whole_or_not_at_all(reviewed: tuple[Sessions, int, int], tmp_path: Path) -> None:
    sessions, dataset_id, _ = reviewed
    target = tmp_path / "out.jsonl"
    target.write_text("earlier")
    with pytest.raises(NotFound):
        export(sessions, dataset_id + 1, format="jsonl", out=target)
    assert target.read_text() == "earlier"
    export(sessions, dataset_id, format="jsonl", out=target)
    assert len(target.read_text().splitlines()) == 11
    assert [path.name for path in tmp_path.iterdir() if "fresh.db" not in path.name] == ["out.jsonl"]


def test_a_place_that_cannot_be_written_is_one_clear_line(reviewed: tuple[Sessions, int, int], tmp_path: Path) -> None:
    sessions, dataset_id, _ = reviewed
    with pytest.raises(CannotWrite, match="cannot be written: No such file or directory; choose another place"):
        export(sessions, dataset_id, format="jsonl", out=tmp_path / "no" / "out.jsonl")
    with pytest.raises(CannotWrite, match="is a folder; name a file in it"):
        export(sessions, dataset_id, format="jsonl", out=tmp_path)


def test_what_does_not_exist_is_refused_with_the_way_out(reviewed: tuple[Sessions, int, int]) -> None:
    sessions, dataset_id, run_id = reviewed
    with pytest.raises(Refused, match="format is 'xml'; it must be one of trl-conversational, trl-standard, jsonl"):
        preview_export(sessions, dataset_id, format="xml")
    with pytest.raises(Refused, match="only is 'some'; it must be one of decided, all"):
        preview_export(sessions, dataset_id, format="jsonl", only="some")
    with pytest.raises(NotFound, match="is no run of this dataset"):
        preview_export(sessions, dataset_id, format="jsonl", run_id=run_id + 1)
    with sessions.begin() as session:
        session.add(Dataset(dataset_id=99, name="half", state="importing"))
    with pytest.raises(NotFound, match="there is no dataset 99"):
        preview_export(sessions, 99, format="jsonl")
