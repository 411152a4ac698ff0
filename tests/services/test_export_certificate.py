"""Exports carry the certificate of their labels: on every row by its hash, on the first one word for word."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from audit_builders import Audited, audited_set, look_at, say

from db.session import Sessions
from services.certificate.files import CertificateFile, read_certificate
from services.certificate.verify import verify
from services.errors import Refused
from services.exports.certified import certified_view
from services.exports.export import export
from services.looks.plans import make_plan


@pytest.fixture
def audited(fresh_db: Sessions) -> Audited:
    """Thirty items, a sample of ten of them looked at."""
    found = audited_set(fresh_db, [3.0 - 0.1 * place for place in range(30)])
    plan = make_plan(
        fresh_db, dataset_id=found.dataset_id, run_id=found.run_id, made_by="Ada", order="random", n=10, seed="e"
    )
    look_at(found, plan.plan_id, 10, lambda place: "wrong" if place > 25 else "right")
    return found


def exported(audited: Audited, format: str = "trl-standard", **more: Any) -> list[dict[str, Any]]:
    out = io.BytesIO()
    export(audited.sessions, audited.dataset_id, format=format, out=out, **more)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def read(path: Path) -> CertificateFile:
    return read_certificate(path, find_in_page=lambda _: None)


@pytest.mark.parametrize("format", ["trl-conversational", "trl-standard", "jsonl"])
def test_every_row_names_the_certificate_and_the_first_one_holds_it(
    audited: Audited, tmp_path: Path, format: str
) -> None:
    rows = exported(audited, format)
    assert len(rows) == 10
    text = rows[0]["certificate_json"]
    assert {row["certificate_sha256"] for row in rows} == {hashlib.sha256(text.encode()).hexdigest()}
    assert [row["certificate_json"] for row in rows[1:]] == [None] * 9
    assert json.loads(text)["accuracy"][0]["n_counted"] == 10
    path = tmp_path / "train.jsonl"
    export(audited.sessions, audited.dataset_id, format=format, out=path)
    found = read(path)
    assert (found.kind, found.n_rows, found.n_other_rows) == ("export", 10, 0)
    assert verify(audited.sessions, found.certificate, found.sha256).is_sound
    assert "Ada" not in text, "a training file names nobody"


def test_it_can_be_left_out(audited: Audited, tmp_path: Path) -> None:
    rows = exported(audited, has_certificate=False)
    assert not any(key.startswith("certificate") for key in rows[0])
    path = tmp_path / "train.jsonl"
    export(audited.sessions, audited.dataset_id, format="trl-standard", out=path, has_certificate=False)
    with pytest.raises(Refused, match="holds no certificate"):
        read(path)


def test_decisions_made_meanwhile_are_neither_in_the_rows_nor_in_the_certificate(audited: Audited) -> None:
    before = exported(audited, has_certificate=False)
    earlier, _ = certified_view(audited.sessions, audited.dataset_id, audited.run_id)
    decided = {row["prompt"] for row in before}
    place = next(place for place in range(30) if f"{place}?" not in decided)
    say(audited, place, "right")
    out = io.BytesIO()
    export(earlier, audited.dataset_id, format="trl-standard", out=out, has_certificate=False)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == before
    assert len(exported(audited)) == 11


def test_rows_of_another_export_are_noticed(audited: Audited, tmp_path: Path) -> None:
    rows = exported(audited)
    say(audited, 0, "wrong", by="Ben")
    rows += exported(audited)[:1]
    path = tmp_path / "mixed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read(path).n_other_rows == 1


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_holds_no_certificate_is_refused_in_one_line(fresh_db: Sessions, tmp_path: Path) -> None:
    for n, content in enumerate(
        (b"", b"{}", b"\xff\xfe", b"[1]", b'{"certificate": 1}', b"<html></html>", b'{"certificate": {"x": NaN}}',
         b'{"certificate_json": null}\n', b"[" * 100_000)
    ):  # fmt: skip
        path = tmp_path / f"{n}.json"
        path.write_bytes(content)
        with pytest.raises(Refused) as refused:
            read(path)
        assert "\n" not in str(refused.value)
