"""Criteria versions, the catalogue as screens see it, and annotators."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from db.session import Sessions
from scoring.criteria import BuiltinCriteria, CriteriaBody, builtin_criteria
from scoring.errors import BadCatalogue
from services.annotators import ensure_annotator, list_annotators
from services.catalogue_store import get_pair, list_pairs, pair_of, spec_of
from services.criteria_store import add_version, ensure_builtin, find_criteria, get_criteria, list_criteria
from services.errors import NotFound, Refused


def test_the_built_in_criteria_are_written_once(fresh_db: Sessions) -> None:
    ensure_builtin(fresh_db)
    ensure_builtin(fresh_db)
    rows = list_criteria(fresh_db)
    assert {row.name for row in rows} == set(builtin_criteria())
    assert {row.version for row in rows} == {1}
    assert find_criteria(fresh_db, "helpful").body == builtin_criteria()["helpful"].body


def test_a_built_in_whose_text_changed_becomes_a_new_version(desk: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    old = find_criteria(desk, "helpful")
    changed = {"helpful": BuiltinCriteria("helpful", "Helpful", CriteriaBody("Be kind."))}
    monkeypatch.setattr("services.criteria_store.builtin_criteria", lambda: changed)
    ensure_builtin(desk)
    new = find_criteria(desk, "helpful")
    assert (new.version, new.body.default) == (2, "Be kind.")
    assert get_criteria(desk, old.criteria_id) == old
    assert find_criteria(desk, "helpful", version=1) == old


def test_an_edit_is_a_new_version_and_the_same_text_is_not(desk: Sessions) -> None:
    first = add_version(desk, "mine", title="Mine", body=CriteriaBody("Be brief.", {"chat": "Be warm. 🍵"}))
    same = add_version(desk, "mine", title="Other title", body=CriteriaBody("Be brief.", {"chat": "Be warm. 🍵"}))
    second = add_version(desk, "mine", title="Mine", body=CriteriaBody("Be long."))
    assert same == first
    assert (first.version, second.version) == (1, 2)
    assert first.body.instruction_for("chat") == "Be warm. 🍵"
    assert [row.version for row in list_criteria(desk) if row.name == "mine"] == [2]


def test_several_people_saving_at_once_get_a_version_each(desk: Sessions) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: add_version(desk, "mine", title="", body=CriteriaBody(f"Be {n}.")), range(4)))
    assert sorted(row.version for row in made) == [1, 2, 3, 4]
    assert {row.body.default for row in made} == {f"Be {n}." for n in range(4)}


def test_a_version_saved_right_after_another_ones_does_not_make_it_save_twice(desk: Sessions) -> None:
    def save_too(_session: object) -> None:
        add_version(desk, "mine", title="", body=CriteriaBody("Be second."))

    event.listen(desk, "after_commit", save_too, once=True)
    assert add_version(desk, "mine", title="", body=CriteriaBody("Be first.")).version == 1
    assert find_criteria(desk, "mine").version == 2


def test_built_in_names_and_bad_names_are_refused(desk: Sessions) -> None:
    for name, line in [("helpful", "built in"), ("  ", "0 characters"), ("x" * 101, "101 characters")]:
        with pytest.raises(Refused, match=line):
            add_version(desk, name, title="", body=CriteriaBody("Be."))
    with pytest.raises(NotFound, match=r"there is .*helpful"):
        find_criteria(desk, "nothing")


def test_a_closed_pair_is_offered_its_own_criteria_and_others_all_but_those(desk: Sessions) -> None:
    add_version(desk, "mine", title="", body=CriteriaBody("Be brief."))
    add_version(desk, "demo-mine", title="", body=CriteriaBody("Be naughty."))
    closed = {row.name for row in list_criteria(desk, pair="demo")}
    assert closed == {name for name in builtin_criteria() if name.startswith("demo")}
    assert {row.name for row in list_criteria(desk, pair="tiny")} == {"none", "helpful", "mine", "demo-mine"}


def test_the_catalogue_lists_the_demo_first_and_the_users_pairs_with_it() -> None:
    rows = list_pairs()
    assert rows[0].name == "demo"
    assert {"tiny", "other", "qwen2.5-0.5b"} <= {row.name for row in rows}
    assert rows[0].is_closed
    assert rows[0].has_world


def test_a_pair_comes_back_from_its_json_as_it_was() -> None:
    for name in ("worldly", "tiny", "qwen2.5-0.5b"):
        assert pair_of(spec_of(get_pair(name))) == get_pair(name)


def test_a_pair_that_is_not_there_and_a_broken_file_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="no model pair 'nobody'"):
        get_pair("nobody")
    broken = tmp_path / "pairs.toml"
    broken.write_text("pairs = 3")
    monkeypatch.setenv("TARE_PAIRS", str(broken))
    with pytest.raises(BadCatalogue, match=r"pairs\.toml"):
        list_pairs()


def test_pairs_toml_in_the_working_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue_file: Path
) -> None:
    monkeypatch.delenv("TARE_PAIRS")
    monkeypatch.chdir(tmp_path)
    assert "tiny" not in {row.name for row in list_pairs()}
    (tmp_path / "pairs.toml").write_text(catalogue_file.read_text())
    assert "tiny" in {row.name for row in list_pairs()}


def test_an_annotator_is_written_down_once_however_many_ask(desk: Sessions) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: ensure_annotator(desk, " ann "), range(4)))
    assert len({row.annotator_id for row in found}) == 1
    assert [row.name for row in list_annotators(desk)] == ["ann"]
    with pytest.raises(Refused, match="0 characters"):
        ensure_annotator(desk, "   ")


@pytest.mark.parametrize("name", ["a\x00b", "a\ud800", "\x1b[31mann", "ann\u202e"])
def test_an_annotators_name_that_databases_or_terminals_choke_on_is_refused(desk: Sessions, name: str) -> None:
    with pytest.raises(Refused, match=r"holds the invisible character U\+[0-9A-F]{4}; leave it out"):
        ensure_annotator(desk, name)
    assert list_annotators(desk) == ()
