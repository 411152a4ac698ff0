"""Decisions through a file: what goes out comes in as it was, in a database that never saw it, and goes out again."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from service_builders import Reviewer, item_ids, make_dataset, plain_items
from sqlalchemy import func, select

from db.session import Sessions, make_sessionmaker
from db.tables import Annotator, Candidate, Dataset, Decision, Suggestion
from services import datasets
from services.adjudication import cases, settle, undo_settlement
from services.exports.export import export
from services.formats.problems import UnreadableFile
from services.imports.files import import_file
from services.labels import label_counts
from services.recent_decisions import latest_decisions
from services.reviews.review import undo


def reviewed(sessions: Sessions) -> int:
    """A dataset of six items on which everything that can be decided was decided, some of it taken back."""
    dataset_id = make_dataset(sessions, plain_items(6) + plain_items(1, k=2))
    ada, bob = (Reviewer(sessions, dataset_id, name=name) for name in ("ada", "bob"))
    ids = item_ids(sessions, dataset_id)
    a, b, c = _candidates(sessions, ids[0])
    ada.say(ids[0], "rank", ranking=[[b], [a, c]], reason_tags=["style"], note="two tie: caf\u00e9 \u2615")
    ada.say(ids[0], "best", chosen_candidate_id=a, display_order=[c, a, b], elapsed_ms=1_200)
    bob.say(ids[0], "best", chosen_candidate_id=b)
    settle(sessions, item_id=ids[0], by="cleo", ranking=[[c], [a]], note="both missed it", submission="x")
    ada.say(ids[1], "flag", note="please look")
    ada.say(ids[2], "skip")
    ada.say(ids[3], "tie")
    undo(sessions, dataset_id=dataset_id, annotator="ada")
    ada.say(ids[4], "best", chosen_candidate_id=_candidates(sessions, ids[4])[0])
    ada.say(ids[4], "tie")
    undo(sessions, dataset_id=dataset_id, annotator="ada")
    ada.say(ids[6], "best", chosen_candidate_id=_candidates(sessions, ids[6])[1], strength=2)
    _write_by_hand(sessions, ids[5])
    return dataset_id


def _candidates(sessions: Sessions, item_id: int) -> list[int]:
    with sessions() as session:
        wanted = select(Candidate.candidate_id).where(Candidate.item_id == item_id).order_by(Candidate.position)
        return list(session.scalars(wanted))


def _write_by_hand(sessions: Sessions, item_id: int) -> None:
    """A label accepted unlooked, and a blind repeat with the suggestion as it stood."""
    a, b, c = _candidates(sessions, item_id)
    stood = {"best": a, "ranking": [[a], [b, c]], "margin": 0.5, "rewards": {str(a): 1.5, str(b): 1.0, str(c): 1.0}}
    with sessions.begin() as session:
        machine = Annotator(name="auto-accept", role="machine")
        session.add(machine)
        session.flush()
        ada_id = session.scalars(select(Annotator.annotator_id).where(Annotator.name == "ada")).one()
        shared: dict[str, Any] = {"item_id": item_id, "suggestion": stood, "suggested_candidate_id": a}
        session.add_all(
            [
                Decision(
                    submission="m", annotator_id=machine.annotator_id, verdict="accept", chosen_candidate_id=a,
                    ranking=stood["ranking"], kind="auto", auto_accept_id=7, **shared,
                ),
                Decision(
                    submission="r", annotator_id=ada_id, verdict="override", chosen_candidate_id=b,
                    ranking=[[b], [a, c]], is_blind=True, display_order=[c, b, a], kind="repeat", look_id=9,
                    request="best", **shared,
                ),
            ]
        )  # fmt: skip


def rows_of(sessions: Sessions, dataset_id: int) -> list[dict[str, Any]]:
    out = io.BytesIO()
    export(sessions, dataset_id, format="jsonl", out=out, only="all")
    return [json.loads(line) for line in out.getvalue().splitlines()]


def without_ids(row: dict[str, Any]) -> dict[str, Any]:
    """The row with candidates and decisions by their place, and without what names this database."""
    place = {one["candidate_id"]: n for n, one in enumerate(row["candidates"])}
    index = {one["decision_id"]: n for n, one in enumerate(row["decisions"])}
    label = row["label"] | {
        "chosen_candidate_id": place.get(row["label"]["chosen_candidate_id"]),
        "decision_id": index.get(row["label"]["decision_id"]),
    }
    return {
        "messages": row["messages"],
        "item": {key: row["item"][key] for key in ("position", "domain", "subset", "meta_json")},
        "candidates": [one | {"candidate_id": n} for n, one in enumerate(row["candidates"])],
        "label": label,
        "decisions": [_decision_without_ids(one, place, index) for one in row["decisions"]],
    }


def _decision_without_ids(row: dict[str, Any], place: dict[int, int], index: dict[int, int]) -> dict[str, Any]:
    suggestion = json.loads(row["suggestion_json"])
    if suggestion:
        suggestion["best"] = place[suggestion["best"]]
        suggestion["ranking"] = [[place[one] for one in group] for group in suggestion["ranking"]]
        suggestion["rewards"] = {place[int(key)]: value for key, value in suggestion["rewards"].items()}
    undone = row["submission"].removeprefix("undo:") if row["submission"].startswith("undo:") else None
    names_a_database = ("run_id", "look_id", "auto_accept_id", "is_imported", "submission", "suggestion_json")
    kept = {key: value for key, value in row.items() if key not in names_a_database}
    return kept | {
        "decision_id": index[row["decision_id"]],
        "chosen_candidate_id": place.get(row["chosen_candidate_id"]),
        "suggested_candidate_id": place.get(row["suggested_candidate_id"]),
        "ranking": [[place[one] for one in group] for group in row["ranking"]],
        "display_order": [place[one] for one in row["display_order"]],
        "supersedes_id": index.get(row["supersedes_id"]),
        "suggestion": suggestion,
        "undone": None if undone is None else index[int(undone)],
    }


@pytest.fixture
def other_db(migrated_sqlite: Path, tmp_path: Path) -> Sessions:
    """A second database that knows nothing of the first, with other numbers for everything."""
    shutil.copy(migrated_sqlite, tmp_path / "other.db")
    sessions = make_sessionmaker(f"sqlite:///{tmp_path / 'other.db'}")
    make_dataset(sessions, plain_items(3), name="earlier")
    return sessions


def test_an_export_imported_elsewhere_is_exported_the_same(
    fresh_db: Sessions, other_db: Sessions, tmp_path: Path
) -> None:
    dataset_id = reviewed(fresh_db)
    export(fresh_db, dataset_id, format="jsonl", out=tmp_path / "all.jsonl", only="all")
    report = import_file(other_db, tmp_path / "all.jsonl", name="again")
    assert (report.format, report.n_items, report.n_bad, report.n_decisions) == ("tare", 7, 0, 14)
    before, after = rows_of(fresh_db, dataset_id), rows_of(other_db, report.dataset_id)
    assert [without_ids(row) for row in after] == [without_ids(row) for row in before]
    assert {one["is_imported"] for row in after for one in row["decisions"]} == {True}
    assert {one["kind"] for row in after for one in row["decisions"]} == {"label", "repeat", "adjudication", "auto"}
    with fresh_db() as session, other_db() as other:
        assert label_counts(other, report.dataset_id) == label_counts(session, dataset_id)


def test_a_second_time_through_a_file_changes_nothing_either(fresh_db: Sessions, tmp_path: Path) -> None:
    dataset_id = reviewed(fresh_db)
    export(fresh_db, dataset_id, format="jsonl", out=tmp_path / "one.jsonl", only="all")
    first = import_file(fresh_db, tmp_path / "one.jsonl", name="first")
    export(fresh_db, first.dataset_id, format="jsonl", out=tmp_path / "two.jsonl", only="all")
    second = import_file(fresh_db, tmp_path / "two.jsonl", name="second")
    rows = [[without_ids(row) for row in rows_of(fresh_db, one)] for one in (dataset_id, second.dataset_id)]
    assert rows[0] == rows[1]


def test_people_go_on_where_they_were(fresh_db: Sessions, other_db: Sessions, tmp_path: Path) -> None:
    dataset_id = reviewed(fresh_db)
    export(fresh_db, dataset_id, format="jsonl", out=tmp_path / "all.jsonl", only="all")
    new_id = import_file(other_db, tmp_path / "all.jsonl", name="again").dataset_id
    recent = latest_decisions(other_db, dataset_id=new_id, annotator="ada")
    assert [(one.position, one.verdict) for one in recent] == [
        (one.position, one.verdict) for one in latest_decisions(fresh_db, dataset_id=dataset_id, annotator="ada")
    ]
    undone = [undo(sessions, dataset_id=one, annotator="ada") for sessions, one in ((other_db, new_id),) * 2]
    assert [one and one.undone_verdict for one in undone] == ["override", "override"]
    assert undone_positions(other_db, undone) == [5, 6]
    (case, *_) = cases(other_db, dataset_id=new_id, with_settled=True)
    assert (case.state, case.settled_by) == ("settled", "cleo")
    assert undo_settlement(other_db, item_id=case.item_id, by="dan") is None


def undone_positions(sessions: Sessions, undone: list[Any]) -> list[int]:
    with sessions() as session:
        from db.tables import Item

        return [session.get_one(Item, one.item_id).position for one in undone]


def test_the_machine_stays_the_machine_and_roles_stay_home(
    fresh_db: Sessions, other_db: Sessions, tmp_path: Path
) -> None:
    dataset_id = reviewed(fresh_db)
    with fresh_db.begin() as session:
        session.scalars(select(Annotator).where(Annotator.name == "ada")).one().role = "admin"
    export(fresh_db, dataset_id, format="jsonl", out=tmp_path / "all.jsonl", only="all")
    import_file(other_db, tmp_path / "all.jsonl", name="again")
    with other_db() as session:
        roles = {one.name: one.role for one in session.scalars(select(Annotator))}
    assert roles == {"ada": "annotator", "bob": "annotator", "cleo": "annotator", "auto-accept": "machine"}


def test_decisions_of_an_export_from_before_kinds_are_labels(fresh_db: Sessions, tmp_path: Path) -> None:
    dataset_id = make_dataset(fresh_db, plain_items(1))
    Reviewer(fresh_db, dataset_id).say(item_ids(fresh_db, dataset_id)[0], "tie")
    (row,) = rows_of(fresh_db, dataset_id)
    row["tare"] = 1
    for key in ("kind", "request", "look_id", "auto_accept_id", "is_imported"):
        del row["decisions"][0][key]
    (tmp_path / "old.jsonl").write_text(json.dumps(row))
    report = import_file(fresh_db, tmp_path / "old.jsonl", name="old")
    assert datasets.get(fresh_db, report.dataset_id).n_decided == 1


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("verdict", "maybe", "decision 1: the verdict is 'maybe'; it must be one of accept, override"),
        ("kind", "gold", "decision 1: the kind is 'gold'"),
        ("annotator", "", "decision 1: annotator is no name"),
        ("annotator", "Auto-Accept", "under which only labels accepted unlooked are kept"),
        ("chosen_candidate_id", 123_456, "chosen_candidate_id is '123456', which is no candidate of this row"),
        ("ranking", [[123_456]], "which is no candidate of this row"),
        ("strength", 9, "strength is '9'; it must be a whole number from -3 to 3"),
        ("note", "x" * 4_001, "note must be a text of at most 4000 characters"),
        ("elapsed_ms", -1, "elapsed_ms is '-1'"),
        ("created_at", "yesterday", "created_at is 'yesterday'; it must be a time"),
        ("suggestion_json", '{"best": 5000}', "suggestion_json names candidate 5000"),
        ("submission", "undo:99", "the decision taken back is '99', which is no earlier decision of this row"),
        ("supersedes_id", 99, "supersedes_id is '99', which is no earlier decision"),
        ("decision_id", None, "a decision_id is missing or there twice"),
        ("submission", f"undo:{'9' * 5_000}", "which is no earlier decision of this row"),
        ("verdict", "accept", "the verdict is 'accept', but compared with suggestion_json it is 'override'"),
        ("verdict", "tie", "the verdict is 'tie', which chooses nobody"),
        ("kind", "auto", "the verdict is 'override'; unlooked, a suggestion can only be accepted"),
        ("ranking", "reversed", "chosen_candidate_id does not stand first in the ranking"),
        ("strength", 3, "it goes with a choice between two candidates"),
        ("created_at", "9999-12-31T00:00:00Z", "created_at is 9999-12-31, which is still to come"),
        ("reason_tags", ["x"] * 51, "reason_tags must be a list of at most 50 texts"),
        ("suggestion_json", '{"ranking": 5}', "suggestion_json has a number for 'ranking'"),
        ("suggestion_json", '{"margin": "wide"}', "suggestion_json has for 'margin' no number"),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_decision_that_cannot_have_been_made_leaves_its_row_out(
    fresh_db: Sessions, tmp_path: Path, field: str, value: Any, complaint: str
) -> None:
    dataset_id = make_dataset(fresh_db, plain_items(2))
    for item_id in item_ids(fresh_db, dataset_id):
        Reviewer(fresh_db, dataset_id).say(item_id, "best", chosen_candidate_id=_candidates(fresh_db, item_id)[0])
    rows = rows_of(fresh_db, dataset_id)
    edited = rows[1]["decisions"][0]
    edited[field] = edited[field][::-1] if value == "reversed" else value
    (tmp_path / "edited.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = import_file(fresh_db, tmp_path / "edited.jsonl", name="edited")
    assert (report.n_items, report.n_bad, report.n_decisions) == (1, 1, 1)
    assert complaint in report.bad_rows[0].reason


def test_an_import_that_fails_leaves_no_decision(fresh_db: Sessions, tmp_path: Path) -> None:
    dataset_id = reviewed(fresh_db)
    rows = rows_of(fresh_db, dataset_id)
    (tmp_path / "cut.jsonl.gz").write_bytes(_broken_gzip("".join(json.dumps(row) + "\n" for row in rows)))
    with fresh_db() as session:
        before = session.scalar(select(func.count()).select_from(Decision))
    with pytest.raises(UnreadableFile):
        import_file(fresh_db, tmp_path / "cut.jsonl.gz", name="cut")
    with fresh_db() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == before
        assert session.scalars(select(Dataset.name)).all() == ["set"]


def _broken_gzip(text: str) -> bytes:
    import gzip

    return gzip.compress(text.encode() * 50)[:-200]


def test_what_the_run_found_stays_where_it_was_computed(fresh_db: Sessions, tmp_path: Path) -> None:
    dataset_id = reviewed(fresh_db)
    export(fresh_db, dataset_id, format="jsonl", out=tmp_path / "all.jsonl", only="all")
    import_file(fresh_db, tmp_path / "all.jsonl", name="again")
    with fresh_db() as session:
        assert session.scalar(select(func.count()).select_from(Suggestion)) == 0
        stood = session.scalars(select(Decision.suggestion).where(Decision.is_imported, Decision.kind == "auto")).one()
        item_id = session.scalars(select(Decision.item_id).where(Decision.is_imported, Decision.kind == "auto")).one()
    assert stood["best"] == _candidates(fresh_db, item_id)[0], "the suggestion as it stood names the new candidates"
