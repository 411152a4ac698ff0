"""Certificates: every figure is borne out by the database as it was, later work changes nothing, tampering shows."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from audit_builders import Audited, audited_set, look_at, say
from certified_audit import LOOKED, N, write_audited
from sqlalchemy import text

from db.session import Sessions
from services.audit.auto_accept import revoke
from services.certificate.build import certify, file_text, list_certificates
from services.certificate.canonical import canonical, sha256_of
from services.certificate.rows import CertificateRow, Verification
from services.certificate.verify import verify
from services.datasets import rename
from services.errors import NotFound, Refused
from services.looks.plans import extend_plan, make_plan
from services.reviews.review import undo


def certified(audited: Audited, **more: Any) -> CertificateRow:
    return certify(audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, **more)


def checked(audited: Audited, row: CertificateRow) -> Verification:
    return verify(audited.sessions, json.loads(row.body), row.sha256)


def plan_id_of(row: CertificateRow) -> int:
    return int(json.loads(row.body)["plans"][0]["plan_id"])


def test_a_certificate_is_borne_out_figure_by_figure(fresh_db: Sessions) -> None:
    audited = write_audited(fresh_db)
    row = certified(audited)
    whole = json.loads(row.body)
    assert row.sha256 == sha256_of(whole)
    found = checked(audited, row)
    assert (found.is_sound, found.differences, found.notes) == (True, (), ())
    assert found.n_figures > 200
    (accuracy,) = whole["accuracy"]
    assert accuracy["n_counted"] == LOOKED
    assert accuracy["bound"]["low"] < accuracy["bound"]["value"] < accuracy["bound"]["high"]
    assert whole["plans"][0]["is_as_seeded"] is True
    assert whole["auto_accepts"][0]["is_as_applied"] is True
    assert whole["counts"]["settled_by"]["auto"] == whole["auto_accepts"][0]["n_standing"] > 0
    assert whole["counts"]["items"] == sum(whole["counts"]["by_state"].values()) == N
    assert whole["anchoring"]["overall"]["agreed_when_blind"]["n"] > 0
    assert whole["agreement"]["n_items"] > 0
    assert whole["fatigue"]["overall"]["agreement_per_100_answers"]["n"] > 0
    assert [one["person"] for one in whole["fatigue"]["by_person"]] == ["Person 1", "Person 2"]
    assert whole["counts"]["rows_imported"] == 0


def test_later_work_changes_nothing_about_an_earlier_certificate(fresh_db: Sessions) -> None:
    audited = write_audited(fresh_db)
    row = certified(audited)
    plan_id = plan_id_of(row)
    extend_plan(audited.sessions, plan_id, n_more=20, by="Ada")
    look_at(audited, plan_id, 15, lambda _: "wrong")
    for _ in range(20):
        undo(fresh_db, dataset_id=audited.dataset_id, annotator="Ada")
    look_at(audited, plan_id, 5, lambda _: "wrong")
    say(audited, 0, "wrong", by="Cleo")
    make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="margin", n=3
    )
    revoke(audited.sessions, json.loads(row.body)["auto_accepts"][0]["auto_accept_id"], by="Ada")
    assert checked(audited, row).differences == ()
    later = certified(audited)
    assert later.sha256 != row.sha256
    assert json.loads(later.body)["auto_accepts"][0]["n_standing"] == 0
    assert checked(audited, later).is_sound
    kept = list_certificates(audited.sessions, dataset_id=audited.dataset_id)
    assert [(one.sha256, one.is_current) for one in kept] == [(later.sha256, True), (row.sha256, False)]


def test_a_stratified_sample_is_drawn_again_also_after_it_was_extended(audited: Audited) -> None:
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="stratified", n=31,
        strata="domain", seed="strata",
    )  # fmt: skip
    first = certified(audited)
    extend_plan(audited.sessions, plan.plan_id, n_more=22, by="Ada")
    second = certified(audited)
    for row, n in ((first, 31), (second, 53)):
        (found,) = [one for one in json.loads(row.body)["plans"] if one["plan_id"] == plan.plan_id]
        assert (found["is_as_seeded"], found["draw"]["n"]) == (True, n)
        assert checked(audited, row).is_sound


def test_while_nothing_changes_the_same_certificate_is_given_again(audited: Audited) -> None:
    first = certified(audited)
    assert certified(audited).sha256 == first.sha256
    assert certified(audited, has_names=True).sha256 != first.sha256
    say(audited, 1, "skip", by="Cleo")
    assert certified(audited).sha256 != first.sha256


def test_people_are_numbered_unless_their_names_are_asked_for(audited: Audited) -> None:
    body, named = certified(audited).body, certified(audited, has_names=True).body
    assert '"Person 1"' in body
    assert '"Ada"' not in body
    assert '"Ben"' not in body
    assert '"Ada"' in named


def test_a_changed_number_is_noticed_even_with_a_new_hash(audited: Audited) -> None:
    row = certified(audited)
    whole = json.loads(row.body)
    whole["accuracy"][0]["bound"]["low"] = 0.99
    found = verify(audited.sessions, whole, row.sha256)
    assert (found.is_whole, found.is_known, found.is_sound) == (False, False, False)
    assert [one.path for one in found.differences] == ["accuracy[0].bound.low"]
    found = verify(audited.sessions, whole, sha256_of(whole))
    assert (found.is_whole, found.is_known, found.is_sound) == (True, False, False)
    assert len(found.differences) == 1


def test_a_claim_that_no_figure_bears_out_is_noticed(audited: Audited) -> None:
    row = certified(audited)
    whole = json.loads(row.body) | {"award": "best dataset"}
    del whole["anchoring"]
    paths = {one.path for one in verify(audited.sessions, whole, sha256_of(whole)).differences}
    assert paths == {"award", "anchoring"}
    moved = json.loads(row.body) | {"created_at": "2030-01-01T00:00:00Z"}
    assert not verify(audited.sessions, moved, sha256_of(moved)).is_known, "it was never given out like this"


LAST = "(SELECT max(decision_id) FROM decision WHERE kind = 'label')"
TAMPERING = {
    "a verdict": (
        "UPDATE decision SET chosen_candidate_id = suggested_candidate_id WHERE verdict = 'override'",
        {"evidence", "accuracy"},
    ),
    "a note": (f"UPDATE decision SET note = 'x' WHERE decision_id = {LAST}", {"evidence"}),
    "a decision taken out": (f"DELETE FROM decision WHERE decision_id = {LAST}", {"evidence"}),
    "a blind look": ("UPDATE look SET is_blind = 0, drawn_by = 'chosen'", {"evidence", "plans"}),
    "the draw": ("UPDATE plan_item SET item_id = (SELECT max(item_id) FROM item) WHERE place = 0", {"plans"}),
    "the seed": ("UPDATE plan SET seed = 'better'", {"plans"}),
    "a margin": ("UPDATE suggestion SET margin = margin + 1 WHERE item_id = (SELECT min(item_id) FROM item)", {"run"}),
    "a response": ("UPDATE candidate SET text = 'Z' WHERE candidate_id = 1", {"dataset"}),
    "gold": ("UPDATE candidate SET gold_rank = 1 WHERE candidate_id = 1", {"dataset"}),
    "a threshold": (
        "UPDATE auto_accept SET report = replace(report, '\"threshold\": ', '\"threshold\": 1')",
        {"auto_accepts"},
    ),
    "the model pair": ('UPDATE model_pair SET spec = \'{"strong": "x"}\'', {"run"}),
    "a plan taken out": ("DELETE FROM plan", {"plans", "accuracy"}),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_a_change_behind_the_desk_is_noticed_whatever_was_changed(audited: Audited, tmp_path: Path, what: str) -> None:
    row = certified(audited)
    statement, sections = TAMPERING[what]
    with closing(sqlite3.connect(tmp_path / "audited.db", isolation_level=None)) as file:
        for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{trigger}"')  # as somebody with the file in hand could
        assert file.execute(statement).rowcount > 0
    found = checked(audited, row)
    assert sections <= {re.split(r"[.\[ ]", one.path)[0] for one in found.differences}
    assert not found.is_sound


def test_a_certificate_changed_in_the_database_is_not_one_that_was_given_out(audited: Audited) -> None:
    row = certified(audited)
    with audited.sessions.begin() as session:
        session.execute(text("UPDATE certificate SET body = body || ' '"))
    assert not checked(audited, row).is_known


def test_another_name_of_the_dataset_is_a_note(audited: Audited) -> None:
    row = certified(audited)
    rename(audited.sessions, audited.dataset_id, "new name")
    found = checked(audited, row)
    assert found.is_sound
    assert found.notes == ("the dataset is now called 'new name', not 'set'",)


def test_what_is_no_certificate_is_refused_in_one_line(audited: Audited) -> None:
    whole = json.loads(certified(audited).body)
    broken: dict[str, Any]
    for broken in (
        {}, whole | {"tare_certificate": 99}, whole | {"cut": None}, whole | {"cut": {**whole["cut"], "item_id": "1"}},
        whole | {"run_id": True},
        whole | {"dataset_id": 2**40}, whole | {"cut": {**whole["cut"], "n_places": [[1]]}},
    ):  # fmt: skip
        with pytest.raises(Refused):
            verify(audited.sessions, broken, "")
    with pytest.raises(NotFound, match="no dataset 77"):
        verify(audited.sessions, whole | {"dataset_id": 77}, "")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_dataset_without_run_or_decision_has_a_certificate_too(fresh_db: Sessions) -> None:
    bare = audited_set(fresh_db, [1.0, 2.0])
    with fresh_db.begin() as session:
        session.execute(text("DELETE FROM suggestion"))
        session.execute(text("DELETE FROM run"))
    row = certify(fresh_db, dataset_id=bare.dataset_id)
    whole = json.loads(row.body)
    assert (whole["run"], whole["accuracy"], whole["calibration"], whole["agreement"]) == (None, [], None, None)
    assert verify(fresh_db, whole, row.sha256).is_sound
    assert json.loads(file_text(row)) == {"certificate": whole, "sha256": row.sha256}
    assert canonical(whole) == row.body
