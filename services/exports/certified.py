"""An export that carries its certificate: the rows are those of the certificate's last decision, and each names it.

    certificate_sha256     on every row: the hash of the certificate's text
    certificate_json       on the first row that text, null on the others

So a training file says what its labels are worth, and `tare verify FILE` derives it again. People are numbered in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from services.certificate.as_of import AsOf, as_of, cut_of
from services.certificate.build import certify
from services.certificate.rows import CertificateRow


def certified_view(sessions: sessionmaker[Session], dataset_id: int, run_id: int | None) -> tuple[AsOf, CertificateRow]:
    """A certificate of the dataset, and sessions that see just what it is of: decisions made meanwhile stay out."""
    row = certify(sessions, dataset_id=dataset_id, run_id=run_id)
    return as_of(sessions, cut_of(json.loads(row.body)["cut"])), row


def with_certificate(rows: Iterator[dict[str, Any]], certificate: CertificateRow) -> Iterator[dict[str, Any]]:
    """The same rows, each naming the certificate, the first one holding it."""
    for place, row in enumerate(rows):
        yield row | {
            "certificate_sha256": certificate.sha256,
            "certificate_json": certificate.body if place == 0 else None,
        }
