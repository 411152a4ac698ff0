"""A certificate made, kept and found again.

Leaves out the figures (figures.py) and their second derivation (verify.py).
"""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from services.certificate.rows import CertificateRow


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
    """
    raise NotImplementedError


def list_certificates(sessions: sessionmaker[Session], *, dataset_id: int) -> tuple[CertificateRow, ...]:
    """Every certificate given out for the dataset, newest first."""
    raise NotImplementedError
