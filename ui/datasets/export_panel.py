"""The export on the Datasets screen: format and choice, what the file will hold and leave out, the file on demand."""

from __future__ import annotations

import io
import json
import re
from functools import partial
from typing import Any

import streamlit as st

from services.datasets import DatasetRow
from services.errors import ServiceError
from services.exports import export as exports
from services.exports.export import ExportPreview, ExportReport
from ui import frame, resources
from ui.panels import problem
from ui.wording import count, facts_html

FORMAT_WORDS = {
    "trl-conversational": "TRL, conversational",
    "trl-standard": "TRL, standard",
    "jsonl": "JSONL, everything",
}
FORMAT_NOTES = {
    "trl-conversational": "prompt, chosen and rejected as chat messages, with the margin; for DPO training.",
    "trl-standard": "prompt, chosen and rejected as text, with the margin.",
    "jsonl": "All candidates, rewards, ranking, verdict, reasons, annotator and run configuration; loses nothing.",
}
ONLY_WORDS = {"decided": "only decided items", "all": "all items"}
ROWS_SHOWN, TEXT_SHOWN = 2, 240  # rows of the preview, and characters of a text in it


def show_export(dataset: DatasetRow) -> None:
    """Choose, see what would be written, download."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        format = str(
            st.selectbox("Format", tuple(FORMAT_WORDS), key="datasets_export_format", format_func=_format_word)
        )
        st.caption(FORMAT_NOTES[format])
        only = str(st.radio("Which items", tuple(ONLY_WORDS), key="datasets_export_only", format_func=_only_word))
        if only == "all" and format != "jsonl":
            st.caption("Undecided items are written as the run ranks them.")
        has_certificate = st.toggle(
            "With its certificate", True, key="datasets_export_certificate",
            help="Every row names the certificate of its labels, the first one holds it; `tare verify FILE` checks it.",
        )  # fmt: skip
    try:
        found = exports.preview_export(
            resources.sessions(), dataset.dataset_id, format=format, only=only, run_id=_run_id(), limit=ROWS_SHOWN
        )
    except ServiceError as error:
        problem(str(error))
        return
    report = found.report
    with left:
        st.html(facts_html(_facts(report)))
        if report.n_rows:
            st.download_button(
                "Download", key="datasets_export", type="primary",
                data=partial(
                    whole_file, dataset.dataset_id, format=format, only=only, run_id=_run_id(),
                    has_certificate=has_certificate,
                ),
                file_name=file_name(dataset.name, format), mime="application/x-ndjson", on_click="ignore",
                icon=":material/download:",
            )  # fmt: skip
    with right:
        _preview(dataset, found)


def _format_word(format: str) -> str:
    return FORMAT_WORDS[format]


def _only_word(only: str) -> str:
    return ONLY_WORDS[only]


def _preview(dataset: DatasetRow, found: ExportPreview) -> None:
    if found.rows:
        st.caption("The first rows; long texts are cut here, not in the file")
        with st.container(height=360, border=False, key="datasets_export_preview"):
            for row in found.rows:
                st.code(json.dumps(cut_texts(row), ensure_ascii=False, indent=1), language=None, wrap_lines=True)
        return
    st.caption("Nothing to write yet. Decide on some items first, or choose all items.")
    st.page_link(
        frame.REVIEW, label="Review", query_params=frame.link_query(dataset=dataset.name), icon=":material/rate_review:"
    )


def cut_texts(value: Any) -> Any:
    """The same value with long texts cut, for the eye.

    >>> cut_texts({"prompt": ["x" * 300]})["prompt"][0][-8:]
    'xxxxxxx…'
    """
    if isinstance(value, str):
        return value if len(value) <= TEXT_SHOWN else value[: TEXT_SHOWN - 1] + "…"
    if isinstance(value, dict):
        return {key: cut_texts(part) for key, part in value.items()}
    return [cut_texts(part) for part in value] if isinstance(value, list) else value


def _facts(report: ExportReport) -> dict[str, str]:
    facts = {"In the file": count(report.n_rows, "row")}
    if report.n_adjudication:
        facts["Settled by an adjudicator"] = f"{report.n_adjudication:,}"
    if report.n_auto:
        facts["Accepted unlooked"] = f"{report.n_auto:,}"
    if report.n_suggestion:
        outside = f", {report.n_out_of_world:,} of them out of the pair's world" if report.n_out_of_world else ""
        facts["Decided by people"] = f"{report.n_human:,}"
        noisy = f", {report.n_within_noise:,} within numeric noise" if report.n_within_noise else ""
        facts["As the run ranks"] = f"{report.n_suggestion:,}{outside}{noisy}"
    if report.n_disagreeing:
        facts["Annotators differ on"] = count(report.n_disagreeing, "item")
    if report.run_id is not None:
        facts["Rewards of"] = f"run {report.run_id}"
    return facts | {f"Left out, {why}": f"{n:,}" for why, n in report.left_out.items() if n}


def _run_id() -> int | None:
    chosen = frame.chosen(frame.RUN) or ""
    return int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None


def whole_file(dataset_id: int, *, format: str, only: str, run_id: int | None, has_certificate: bool = True) -> bytes:
    """The file, made when somebody asks for it. Streamlit holds a download in memory anyway."""
    out = io.BytesIO()
    exports.export(
        resources.sessions(), dataset_id, format=format, out=out, only=only, run_id=run_id,
        has_certificate=has_certificate,
    )  # fmt: skip
    return out.getvalue()


def file_name(dataset: str, format: str) -> str:
    """A file name that every system takes.

    >>> file_name("tea: shop/2", "trl-standard")
    'tea-shop-2.trl-standard.jsonl'
    """
    plain = re.sub(r"[^\w.-]+", "-", dataset).strip("-.") or "dataset"
    return f"{plain[:80]}.jsonl" if format == "jsonl" else f"{plain[:80]}.{format}.jsonl"
