"""Every figure of a certificate derived again from the database, as it stood after the certificate's last decision."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from services.certificate.rows import Verification


def verify(sessions: sessionmaker[Session], certificate: dict[str, Any], sha256: str) -> Verification:
    """What the database bears out of a certificate, and whether the certificate is still what was given out.

    Raises Refused for what is no certificate, NotFound when its dataset or run is not here.
    """
    raise NotImplementedError
