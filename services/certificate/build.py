"""A certificate made, kept word for word and found again.

    {"tare_certificate": 1, "created_at", "people_are", "cut", "software", "dataset", "run", "evidence", ...}

The file of a certificate is {"certificate": {...}, "sha256": "..."}: the hash of its canonical JSON.
Leaves out the figures (derive.py) and their second derivation (verify.py).
"""

from __future__ import annotations

import json
import platform
from importlib import metadata
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from db.queries_certificate import certificate_by_sha256, certificates_of
from db.tables import Annotator, utc_now
from db.tables_audit import Certificate
from services.annotators import ensure_annotator
from services.certificate.as_of import cut_json, cut_now, latest_cut
from services.certificate.canonical import canonical, sha256_of
from services.certificate.derive import sections_of
from services.certificate.rows import METHODS, VERSION, CertificateRow
from services.certificate.subject import default_run

NAMED, NUMBERED = "named", "numbered"
COMPUTED_WITH = ("numpy", "scipy", "scikit-learn", "krippendorff", "SQLAlchemy")


def certify(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    run_id: int | None = None,
    made_by: str | None = None,
    has_names: bool = False,
) -> CertificateRow:
    """The certificate of a dataset under a run (the latest finished one by default), as of its last decision.

    One that was given out before is given again while nothing it rests on has changed.

    Args:
        has_names: people by name; else as Person 1, Person 2.

    Raises NotFound; Underivable when somebody changed rows so that they fit together no more.
    """
    run_id = default_run(sessions, dataset_id) if run_id is None else run_id
    cut = latest_cut(sessions, dataset_id)
    asked = {"run_id": run_id, "people_are": NAMED if has_names else NUMBERED, "cut": cut_json(cut)}
    kept = _given_before(sessions, dataset_id, asked)
    if kept is not None:
        return kept
    derive = sections_of(sessions, dataset_id=dataset_id, run_id=run_id, cut=cut, has_names=has_names)
    whole: dict[str, Any] = {
        "tare_certificate": VERSION,
        "created_at": f"{utc_now().isoformat(timespec='seconds')}Z",
        "dataset_id": dataset_id,
        "software": software(),
        **asked,
    }
    return _keep(sessions, whole | {name: section() for name, section in derive.items()}, made_by=made_by)


def list_certificates(sessions: sessionmaker[Session], *, dataset_id: int) -> tuple[CertificateRow, ...]:
    """Every certificate given out for the dataset, newest first."""
    cut = cut_json(cut_now(sessions, dataset_id))
    with sessions() as session:
        found = certificates_of(session, dataset_id)
        return tuple(_row(session, one, is_current=json.loads(one.body).get("cut") == cut) for one in found)


def file_text(row: CertificateRow) -> str:
    """The certificate's file: what `tare verify` reads."""
    return (
        json.dumps(
            {"certificate": json.loads(row.body), "sha256": row.sha256}, ensure_ascii=False, indent=2, sort_keys=True
        )
        + "\n"
    )


def software() -> dict[str, str]:
    """What computed the figures."""
    return {"tare_methods": str(METHODS), "python": platform.python_version()} | {
        name: metadata.version(name) for name in COMPUTED_WITH
    }


def _given_before(sessions: sessionmaker[Session], dataset_id: int, asked: dict[str, Any]) -> CertificateRow | None:
    with sessions() as session:
        for one in certificates_of(session, dataset_id):
            body = json.loads(one.body)
            is_same = body.get("tare_certificate") == VERSION and body.get("software") == software()
            if is_same and all(body.get(key) == value for key, value in asked.items()):
                return _row(session, one, is_current=True)
    return None


def _keep(sessions: sessionmaker[Session], whole: dict[str, Any], *, made_by: str | None) -> CertificateRow:
    by = None if made_by is None else ensure_annotator(sessions, made_by).annotator_id
    body, sha256 = canonical(whole), sha256_of(whole)
    with sessions.begin() as session:
        kept = certificate_by_sha256(session, sha256)
        if kept is None:
            kept = Certificate(
                dataset_id=whole["dataset_id"], run_id=whole["run_id"], sha256=sha256, body=body, made_by=by
            )
            session.add(kept)
            session.flush()
        return _row(session, kept, is_current=True)


def _row(session: Session, kept: Certificate, *, is_current: bool) -> CertificateRow:
    maker = None if kept.made_by is None else session.get(Annotator, kept.made_by)
    return CertificateRow(
        certificate_id=kept.certificate_id,
        dataset_id=kept.dataset_id,
        run_id=kept.run_id,
        sha256=kept.sha256,
        body=kept.body,
        made_by=None if maker is None else maker.name,
        created_at=kept.created_at,
        is_current=is_current,
    )
