"""Criteria versions, the catalogue as screens see it, and annotators."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from db.session import Sessions
from db.tables import Criteria
from scoring.criteria import BuiltinCriteria, CriteriaBody, DomainCriteria, Exemplar, builtin_criteria
from scoring.errors import BadCatalogue
from services.annotators import ensure_annotator, list_annotators
from services.criteria.store import (
    add_version,
    ensure_builtin,
    find_criteria,
    foreign_line,
    get_criteria,
    list_criteria,
)
from services.errors import NotFound, Refused
from services.pairs.catalogue import get_pair, list_pairs, pair_of, spec_of


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
    monkeypatch.setattr("services.criteria.store.builtin_criteria", lambda: changed)
    ensure_builtin(desk)
    new = find_criteria(desk, "helpful")
    assert (new.version, new.body.instruction_for(None)) == (2, "Be kind.")
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
    assert {row.body.instruction_for(None) for row in made} == {f"Be {n}." for n in range(4)}


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


GENERAL = ["helpful", "by-domain", "reasoning", "safety", "none"]


def test_a_closed_pair_is_offered_its_own_lines_first_and_other_pairs_all_but_those(desk: Sessions) -> None:
    add_version(desk, "mine", title="", body=CriteriaBody("Be brief."))
    add_version(desk, "demo-mine", title="", body=CriteriaBody("Be naughty."))
    own = sorted(name for name in builtin_criteria() if name.startswith("demo"))
    assert own[0] == "demo"
    assert [row.name for row in list_criteria(desk, pair="demo")] == [*own, *GENERAL, "demo-mine", "mine"]
    assert [row.name for row in list_criteria(desk, pair="tiny")] == [*GENERAL, "demo-mine", "mine"]


def test_what_a_closed_pair_was_not_trained_on_is_told_and_its_own_lines_in_any_order_are_not() -> None:
    case = Exemplar("Tea?", "Yes.", "No.")
    own_lines = CriteriaBody("Be thorough.", {"chat": "Safety first.", "reasoning": ""})
    for known in (own_lines, CriteriaBody(""), builtin_criteria()["demo"].body):
        assert foreign_line("demo", known) is None
    for other in (
        CriteriaBody("Be brief, please."),
        CriteriaBody("Be brief.", {"chat": "Be kind."}),
        CriteriaBody(DomainCriteria("Be brief.", (case,))),
        builtin_criteria()["helpful"].body,
    ):
        assert "trained on its own lines only" in (foreign_line("demo", other) or "")
        assert foreign_line("tiny", other) is None


def test_the_general_sets_differ_and_by_domain_routes_to_the_three() -> None:
    found = builtin_criteria()
    body = found["by-domain"].body
    for domain, name in [(None, "helpful"), ("chat", "helpful"), ("reasoning", "reasoning"), ("safety", "safety")]:
        assert body.entry_for(domain) == found[name].body.default
    assert len({found[name].body.sha256 for name in GENERAL}) == len(GENERAL)
    assert all(1 <= len(found[name].body.default.exemplars) <= 2 for name in ("helpful", "reasoning", "safety"))
    assert found["none"].body.sha256 == "0a265d777fbced788088f18341e29dbab5e8aa94e36dadc7f4335c9940a0407b"


def test_a_name_that_somebody_used_before_tare_did_stays_theirs(fresh_db: Sessions) -> None:
    with fresh_db.begin() as session:
        body = CriteriaBody("Do no harm.")
        session.add(Criteria(name="safety", title="", body=json.loads(body.to_json()), sha256=body.sha256))
    ensure_builtin(fresh_db)
    kept = find_criteria(fresh_db, "safety")
    assert (kept.version, kept.body, kept.is_builtin) == (1, body, False)
    edited = add_version(fresh_db, "safety", title="", body=CriteriaBody("Do no harm, please."))
    assert (edited.version, edited.is_builtin) == (2, False)


def test_the_catalogue_lists_the_demo_first_and_the_users_pairs_with_it() -> None:
    rows = list_pairs()
    assert rows[0].name == "demo"
    assert {"tiny", "other", "qwen2.5-0.5b"} <= {row.name for row in rows}
    assert rows[0].is_closed
    assert rows[0].has_world


def test_a_pair_comes_back_from_its_json_as_it_was() -> None:
    for name in ("worldly", "tiny", "qwen2.5-0.5b"):
        assert pair_of(spec_of(get_pair(name))) == get_pair(name)


def test_what_changes_no_number_is_not_frozen_with_a_pair() -> None:
    plain = get_pair("tiny")
    rated = replace(plain, strong_performance=80.5, weak_performance=12.0)
    assert spec_of(rated) == spec_of(plain)
    assert "strong_performance" not in spec_of(rated)


def test_the_list_says_which_pairs_are_the_users_own() -> None:
    own = {row.name for row in list_pairs() if row.is_own}
    assert {"tiny", "demo"} <= own, "an own entry replaces the built-in demo"
    assert "qwen2.5-0.5b" not in own


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
