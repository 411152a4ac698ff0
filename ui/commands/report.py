"""`tare report`: the audit of a dataset as one HTML page, and its certificate as JSON.

Leaves out the figures (services/certificate) and the page (ui/report/page.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services import datasets as dataset_store
from services import workplace
from services.certificate import build
from services.errors import Refused
from ui.commands.terminal import notice, say
from ui.commands.words import LAST_RUN, DatasetName
from ui.report.page import report_html


def report(
    dataset: DatasetName,
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the page here.", show_default=False)] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the certificate here.", show_default=False)
    ] = None,
    run: Annotated[
        int | None, typer.Option("--run", min=1, max=LAST_RUN, help="Under this run; the latest by default.")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Call people by name, not Person 1, Person 2.")] = False,
) -> None:
    """What the decisions prove, as a page that opens anywhere, and as a certificate that can be verified."""
    if out_file is None and json_file is None:
        raise Refused("nothing to write; give --out report.html, --json report.json or both")
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    notice("Deriving every figure.")
    row = build.certify(sessions, dataset_id=dataset_id, run_id=run, has_names=names)
    if out_file is not None:
        out_file.write_text(report_html(row.body, row.sha256), encoding="utf-8", newline="")
        say(f"The report is in {out_file}.")
    if json_file is not None:
        json_file.write_text(build.file_text(row), encoding="utf-8", newline="")
        say(f"The certificate is in {json_file}.")
    say(f"Certificate {row.sha256}; `tare verify {json_file or out_file}` derives every figure again.")
