"""A certificate read from a file: its own JSON, a report's page, or the first row of an export.

Leaves out what a page looks like (ui/report/page.py finds the certificate in it) and verifying (verify.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from services.certificate.canonical import Json
from services.errors import Refused

SIZE_LIMIT = 200_000_000  # characters; a certificate has some ten thousand


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A certificate as a file has it, with the hash the file names."""

    kind: str  # certificate | page | export
    certificate: dict[str, Any]
    sha256: str
    n_rows: int = 0  # of an export
    n_other_rows: int = 0  # of these, rows that name another certificate or none


def read_certificate(path: Path, *, find_in_page: Callable[[str], str | None]) -> CertificateFile:
    """The certificate in a file.

    Args:
        find_in_page: gives the certificate's JSON that stands in an HTML page, None where there is none.

    Raises Refused for a file without a certificate, OSError for one that cannot be read.
    """
    with path.open(encoding="utf-8") as file:
        try:
            first = file.readline(SIZE_LIMIT)
            if "certificate_json" in first:
                return _of_export(path, first, [first, *file])
            text = first + file.read(SIZE_LIMIT)
        except UnicodeDecodeError:
            raise Refused(f"{str(path)!r} is no text; give a report.json, a report.html or an export") from None
    if text.lstrip()[:1] == "<":
        found = find_in_page(text)
        if found is None:
            raise Refused(f"{str(path)!r} is a page without a certificate; give one that `tare report` wrote")
        return _of_json(path, found, kind="page")
    return _of_json(path, text, kind="certificate")


def _of_json(path: Path, text: str, *, kind: str) -> CertificateFile:
    try:
        whole = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        whole = None
    if not isinstance(whole, dict) or not isinstance(whole.get("certificate"), dict):
        raise Refused(f"{str(path)!r} holds no certificate; give a report.json, a report.html or an export with one")
    return CertificateFile(kind, whole["certificate"], str(whole.get("sha256", "")))


def _of_export(path: Path, first: str, lines: list[str]) -> CertificateFile:
    """Every row names the certificate; the first one holds it."""
    row = parsed(first, what=f"the first row of {path}")
    body, sha256 = row.get("certificate_json"), row.get("certificate_sha256")
    if not isinstance(body, str) or not isinstance(sha256, str):
        raise Refused(f"the first row of {str(path)!r} holds no certificate; it was exported without one")
    certificate = parsed(body, what=f"the certificate in {path}")
    named = [parsed(line, what=f"row {n} of {path}").get("certificate_sha256") for n, line in enumerate(lines, 1)]
    return CertificateFile("export", certificate, sha256, len(named), sum(one != sha256 for one in named))


def parsed(text: str, *, what: str) -> Json:
    """JSON with finite numbers only. Raises Refused."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refused(f"{what} is not JSON, or not all of it; give the file as it was written") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of a certificate")
