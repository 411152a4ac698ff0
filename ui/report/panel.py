"""The certificate on the Audit screen: make one, download it as a page or as JSON, verify it; those of before."""

from __future__ import annotations

import json

import streamlit as st

from services.certificate.build import certify, file_text, list_certificates
from services.certificate.rows import CertificateRow, Verification
from services.certificate.verify import verify
from services.datasets import DatasetRow
from services.errors import ServiceError
from services.run_rows import RunRow
from ui import frame, resources
from ui.panels import fact, note, pressed, problem
from ui.plain_table import table_html
from ui.report import words
from ui.report.page import report_html
from ui.report.sections import quoted
from ui.wording import moment

SHOWN = 8  # earlier certificates
HEADS = ("Given out", "By", "Run", "Certificate", "")
FOUND = "audit_certificate_found"  # what verifying found last, by certificate


def certificate_panel(dataset: DatasetRow, run: RunRow | None) -> None:
    """The last step of the audit. Widget keys begin with audit_certificate_."""
    has_names = st.toggle(
        "Call people by name", key="audit_certificate_names", help="Else they are Person 1, Person 2 and so on."
    )
    if pressed("Make the certificate", key="audit_certificate_make", icon=":material/verified:", is_primary=True):
        _make(dataset, run, has_names=has_names)
    kept = list_certificates(resources.sessions(), dataset_id=dataset.dataset_id)
    mine = [row for row in kept if run is None or row.run_id == run.run_id]
    if not mine:
        note("None was given out for this run yet. Making one takes seconds; it changes no decision.")
        return
    _latest(dataset, mine[0])
    if len(mine) > 1:
        with st.expander(f"Given out before ({len(mine) - 1})", key="audit_certificate_earlier"):
            st.html(table_html(HEADS, map(_line, mine[1 : SHOWN + 1]), numbers=(2,)))


def _make(dataset: DatasetRow, run: RunRow | None, *, has_names: bool) -> None:
    try:
        with st.spinner("Deriving every figure…"):
            certify(
                resources.sessions(), dataset_id=dataset.dataset_id, run_id=None if run is None else run.run_id,
                made_by=frame.annotator(), has_names=has_names,
            )  # fmt: skip
    except ServiceError as error:
        problem(str(error))


def _latest(dataset: DatasetRow, row: CertificateRow) -> None:
    body = json.loads(row.body)
    found = quoted(body)
    st.markdown(f"#### As of {moment(row.created_at)}")
    if not row.is_current:
        note("Decisions were made since: it still holds for what was known then. Make a new one for what is known now.")
    with st.container(horizontal=True, gap="large"):
        if found is not None:
            fact("People agree", words.percent(found["bound"]["value"]), words.basis(found["bound"], of="random looks"))
        counts = body["counts"]
        fact("Items", f"{counts['items']:,}", f"{counts['by_state']['settled']:,} settled")
        fact("Decisions hashed", f"{body['evidence']['decisions']['n']:,}", f"certificate {row.sha256[:12]}…")
    with st.container(horizontal=True, gap="small"):
        name = f"{dataset.dataset_id}-{row.sha256[:8]}"
        st.download_button(
            "Report", key="audit_certificate_page", data=lambda: report_html(row.body, row.sha256),
            file_name=f"report-{name}.html", mime="text/html", on_click="ignore", icon=":material/download:",
            help="One HTML file that opens anywhere, without a network.",
        )  # fmt: skip
        st.download_button(
            "Certificate (JSON)", key="audit_certificate_json", data=lambda: file_text(row), mime="application/json",
            file_name=f"certificate-{name}.json", on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        if pressed("Verify", key="audit_certificate_verify", icon=":material/fact_check:"):
            _verify(row)
    _show_found(row)
    st.caption("Every export carries its certificate too. On a terminal: `tare verify FILE`.")


def _verify(row: CertificateRow) -> None:
    try:
        with st.spinner("Deriving every figure again…"):
            st.session_state[FOUND] = verify(resources.sessions(), json.loads(row.body), row.sha256)
    except ServiceError as error:
        problem(str(error))


def _show_found(row: CertificateRow) -> None:
    found: Verification | None = st.session_state.get(FOUND)
    if found is None or found.sha256 != row.sha256:
        return
    if found.is_sound:
        note(f"Verified: the database bears out all {found.n_figures:,} figures.")
        return
    problem(f"{len(found.differences):,} of {found.n_figures:,} figures differ from the database: somebody changed it")
    rows = [(one.path, str(one.stated), str(one.found)) for one in found.differences[:SHOWN]]
    st.html(table_html(("Figure", "The certificate says", "The database says"), rows))


def _line(row: CertificateRow) -> tuple[str, ...]:
    run = "–" if row.run_id is None else f"{row.run_id}"
    return moment(row.created_at), row.made_by or "–", run, f"{row.sha256[:16]}…", "current" if row.is_current else ""
