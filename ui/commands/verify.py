"""`tare verify`: every figure of a certificate derived again from the database; exit code 2 when one differs.

Reads a certificate's JSON, a report's page (which is made again and compared) and an export that carries one.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services import workplace
from services.certificate.canonical import canonical
from services.certificate.files import CertificateFile, read_certificate
from services.certificate.rows import Verification
from services.certificate.verify import verify as verify_certificate
from ui.commands.terminal import give_up, notice, print_json, say
from ui.commands.words import JsonFlag
from ui.report.page import PAGE_VERSION, certificate_of_page, page_version, report_html

SHOWN = 20  # differences in the terminal; --json has them all


def verify(
    file: Annotated[Path, typer.Argument(help="report.json, report.html or an export.", show_default=False)],
    as_json: JsonFlag = False,
) -> None:
    """Derive every figure of a certificate again from the database, and say which differ."""
    found = read_certificate(file, find_in_page=certificate_of_page)
    sessions = workplace.open_sessions()
    notice("Deriving every figure again.")
    result = verify_certificate(sessions, found.certificate, found.sha256)
    trouble = list(_trouble(file, found, result))
    if as_json:
        print_json({**asdict(result), "is_sound": not trouble, "trouble": trouble})
    else:
        _print(found, result)
    if trouble:
        give_up("; ".join(trouble))
    if not as_json:
        say("Verified.")


def _trouble(file: Path, found: CertificateFile, result: Verification) -> list[str]:
    """Everything that keeps the file from being what it says, one clause each."""
    trouble = []
    if not result.is_whole:
        trouble.append("the certificate was changed after it was given out (its hash is another)")
    if not result.is_known:
        trouble.append("this database did not give out this certificate")
    if result.differences:
        trouble.append(f"figures that differ from the database: {len(result.differences)}")
    if found.n_other_rows:
        trouble.append(f"{found.n_other_rows} of {found.n_rows} rows name another certificate or none")
    if found.kind == "page" and result.is_known and not _is_page_as_made(file, found):
        trouble.append("the page is not the one that its certificate gives")
    return trouble


def _is_page_as_made(file: Path, found: CertificateFile) -> bool:
    with file.open(encoding="utf-8", newline="") as page:  # a name may hold a lone carriage return
        html = page.read()
    if page_version(html) != PAGE_VERSION:
        notice("Another version of Tare wrote this page: its certificate is verified, its words are not.")
        return True
    return html == report_html(canonical(found.certificate), found.sha256)


def _print(found: CertificateFile, result: Verification) -> None:
    dataset = found.certificate.get("dataset")
    name = dataset.get("name") if isinstance(dataset, dict) else None
    say(f"Certificate {result.sha256} of dataset {json.dumps(name, ensure_ascii=False)}")
    say(f"  unchanged since it was given out: {_yes(result.is_whole)}")
    say(f"  given out by this database: {_yes(result.is_known)}")
    n_same = max(0, result.n_figures - len(result.differences))
    say(f"  figures that the database bears out: {n_same} of {result.n_figures}")
    for difference in result.differences[:SHOWN]:
        say(f"    {difference.words()}")
    if len(result.differences) > SHOWN:
        say(f"    and {len(result.differences) - SHOWN} more (--json has them all)")
    for line in result.notes:
        say(f"  note: {line}")


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "NO"
