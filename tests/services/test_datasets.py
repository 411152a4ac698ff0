"""Datasets: what lists say, what may be changed, and when one may go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from export_cases import Case, write_cases
from sqlalchemy import func, select, update

from db.session import Sessions
from db.tables import Candidate, Dataset, Item, Run, Score, Suggestion
from services import datasets
from services.dataset_names import BadName, NameTaken
from services.errors import DecisionsRestOnIt, NotFound, Refused
from services.imports.files import import_file


@pytest.fixture
def undecided(fresh_db: Sessions) -> tuple[Sessions, int]:
    """(sessions, dataset_id) of a weighed dataset nobody has decided on."""
    return fresh_db, write_cases(fresh_db, (Case("one"), Case("two")))[0]


def test_a_dataset_counts_items_decided_by_anybody_and_not_undone(fresh_db: Sessions) -> None:
    dataset_id, _ = write_cases(fresh_db)
    row = datasets.get(fresh_db, dataset_id)
    assert (row.n_items, row.n_decided, row.n_runs) == (15, 11, 1)


def test_gold_is_known_when_the_file_named_it(fresh_db: Sessions, tmp_path: Path) -> None:
    for name, row in (
        ("gold", {"input": "p", "output_1": "a", "output_2": "b", "label": 1}),
        ("no gold", {"prompt": "p", "responses": ["a", "b"]}),
    ):
        (tmp_path / "a.jsonl").write_text(json.dumps(row))
        import_file(fresh_db, tmp_path / "a.jsonl", name=name)
    assert {row.name: row.has_gold for row in datasets.list_datasets(fresh_db)} == {"gold": True, "no gold": False}


def test_a_dataset_is_found_by_name_and_else_by_number(undecided: tuple[Sessions, int]) -> None:
    sessions, dataset_id = undecided
    assert datasets.find_dataset(sessions, " reviewed ").dataset_id == dataset_id
    assert datasets.find_dataset(sessions, str(dataset_id)).name == "reviewed"
    with pytest.raises(NotFound, match="there is no dataset 'x'; there are 'reviewed'"):
        datasets.find_dataset(sessions, "x")
    with pytest.raises(NotFound, match="there is no dataset 99"):
        datasets.get(sessions, 99)


def test_an_empty_database_says_to_import_first(fresh_db: Sessions) -> None:
    assert datasets.list_datasets(fresh_db) == ()
    with pytest.raises(NotFound, match="there is no dataset 'x'; import one first"):
        datasets.find_dataset(fresh_db, "x")


def test_guidelines_are_kept(undecided: tuple[Sessions, int]) -> None:
    sessions, dataset_id = undecided
    datasets.set_guidelines(sessions, dataset_id, "Prefer *short* answers.\0")
    assert datasets.get(sessions, dataset_id).guidelines == "Prefer *short* answers."
    with pytest.raises(Refused, match="the guidelines have 100,001 characters"):
        datasets.set_guidelines(sessions, dataset_id, "x" * 100_001)
    with pytest.raises(NotFound):
        datasets.set_guidelines(sessions, 99, "")


def test_a_dataset_can_be_renamed_but_not_to_a_name_in_use(undecided: tuple[Sessions, int]) -> None:
    sessions, dataset_id = undecided
    with sessions.begin() as session:
        session.add(Dataset(name="other"))
    datasets.rename(sessions, dataset_id, " better ")
    datasets.rename(sessions, dataset_id, "better")
    assert datasets.get(sessions, dataset_id).name == "better"
    with pytest.raises(NameTaken, match="there is already a dataset named 'other'"):
        datasets.rename(sessions, dataset_id, "other")
    with pytest.raises(BadName):
        datasets.rename(sessions, dataset_id, "")


def test_deleting_takes_items_runs_and_scores_along(undecided: tuple[Sessions, int]) -> None:
    sessions, dataset_id = undecided
    datasets.delete(sessions, dataset_id)
    with sessions() as session:
        tables = (Dataset, Item, Candidate, Run, Score, Suggestion)
        assert [session.scalar(select(func.count()).select_from(table)) for table in tables] == [0] * 6


def test_a_dataset_with_decisions_stays_even_when_they_were_undone(fresh_db: Sessions) -> None:
    dataset_id, _ = write_cases(fresh_db)
    with pytest.raises(DecisionsRestOnIt, match="has 16 decisions, and decisions are kept for good; rename"):
        datasets.delete(fresh_db, dataset_id)
    assert datasets.get(fresh_db, dataset_id).n_items == 15


def test_a_dataset_that_is_being_weighed_stays(undecided: tuple[Sessions, int]) -> None:
    sessions, dataset_id = undecided
    with sessions.begin() as session:
        session.execute(update(Run).values(status="running"))
    with pytest.raises(Refused, match="a run is weighing dataset 'reviewed'; cancel it first"):
        datasets.delete(sessions, dataset_id)
