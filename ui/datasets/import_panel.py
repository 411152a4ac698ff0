"""The import on the Datasets screen: upload, what was understood, name, import with progress, what comes next.

Leaves out how files are read (services/imports/files.py) and how the findings look (import_words.py).
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from services.dataset_names import NAME_LIMIT
from services.errors import ServiceError
from services.formats.shapes import FORMATS, SHAPES
from services.imports import files as imports
from services.imports.files import ImportReport, Preview, SameFile
from ui import frame, resources
from ui.datasets.import_words import bad_rows_csv, counts_html, sample_html, statement_html
from ui.datasets.uploads import Upload, name_from_file, remove, stored
from ui.panels import note, pressed, problem
from ui.plain_table import table_html
from ui.wording import count

FILE_KINDS = ["json", "jsonl", "ndjson", "csv", "tsv", "parquet", "txt"]
SEEN, AGAIN, DONE = "datasets_seen", "datasets_same_file", "datasets_imported"
SAMPLE_ITEMS, LIST_PX = 3, 200
FORMAT_TITLES = {shape.name: shape.title for shape in SHAPES}


def show_import(*, is_first: bool) -> None:
    """The whole panel; open by itself while there is no dataset yet."""
    done = st.session_state.get(DONE)
    with st.expander("Import a file", expanded=is_first or done is not None, icon=":material/upload_file:"):
        upload = st.file_uploader(
            "Prompts with two or more responses each: JSON, JSONL, CSV or Parquet",
            type=FILE_KINDS,
            key="datasets_upload",
        )
        if upload is None:
            st.session_state.pop(DONE, None)
            st.caption("LLMBar, HH-RLHF, best-of-N, TRL preference files and Tare's own export are recognised.")
        elif done is not None and done[0] == upload.file_id:
            _show_done(done[1], done[2])
        else:
            _show_file(upload)


def _show_file(upload: Upload) -> None:
    chosen = st.session_state.get("datasets_format") or None
    path = stored(upload, upload)  # type: ignore[arg-type]  # Streamlit's upload is a binary stream
    found = _look(upload, path, chosen)
    left, right = st.columns([3, 2], gap="large")
    with right:
        st.selectbox("Format", ("", *FORMATS), key="datasets_format", format_func=_format_word)
        name = _name_field(upload)
    with left:
        if isinstance(found, str):
            problem(found)
            st.caption("Choose another file, or say which format it has.")
            return
        _show_preview(found)
    with right:
        is_asked = pressed(
            f"Import {count(found.counts.n_items, 'item')}", key="datasets_import", is_primary=True,
            icon=":material/download_done:", is_disabled=not found.counts.n_items,
        )  # fmt: skip
        is_again = _offer_again(upload)
        if is_asked or is_again:
            _import(upload, path, name, chosen, allow_again=is_again)


def _format_word(name: str) -> str:
    return FORMAT_TITLES.get(name, "as recognised")


def _name_field(upload: Upload) -> str:
    """Prefilled from the file's name, again for every new file."""
    if st.session_state.get("datasets_name_for") != upload.file_id:
        st.session_state["datasets_name_for"] = upload.file_id
        st.session_state["datasets_name"] = name_from_file(upload.name)
    return str(st.text_input("Name", key="datasets_name", max_chars=NAME_LIMIT))


def _look(upload: Upload, path: Path, chosen: str | None) -> Preview | str:
    """The preview, read once per file and format; a line that says why where there is none."""
    asked = (upload.file_id, chosen)
    seen = st.session_state.get(SEEN)
    if seen is None or seen[0] != asked:
        with st.spinner("Reading the file …"):
            try:
                found: Preview | str = imports.preview(path, file_name=upload.name, format=chosen, limit=SAMPLE_ITEMS)
            except ServiceError as error:
                found = str(error)
        st.session_state[SEEN] = seen = (asked, found)
        st.session_state.pop(AGAIN, None)
    result: Preview | str = seen[1]
    return result


def _show_preview(found: Preview) -> None:
    st.html(statement_html(found.statement) + counts_html(found.counts))
    counts = found.counts
    if counts.n_bad:
        shown = f", the first {len(counts.bad_rows)} listed" if counts.n_bad > len(counts.bad_rows) else ""
        st.caption(f"{count(counts.n_bad, 'row')} cannot be used{shown}:")
        with st.container(
            height=LIST_PX if len(counts.bad_rows) > 5 else "content", border=False, key="datasets_bad_rows"
        ):
            lines = [(f"{row.line:,}", row.reason) for row in counts.bad_rows]
            st.html(table_html(("Line", "Reason"), lines, numbers=(0,)))
        st.download_button(
            "Download the list", key="datasets_bad_rows_file", data=lambda: bad_rows_csv(counts.bad_rows),
            file_name="rows-left-out.csv", mime="text/csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    if found.sample_items:
        st.caption("The first items")
        with st.container(height=320, border=False, key="datasets_sample"):
            st.html(sample_html(found.sample_items))


def _offer_again(upload: Upload) -> bool:
    said = st.session_state.get(AGAIN)
    if said is None or said[0] != upload.file_id:
        return False
    note(said[1])
    return pressed("Import it again all the same", key="datasets_import_again")


def _import(upload: Upload, path: Path, name: str, chosen: str | None, *, allow_again: bool) -> None:
    bar = st.progress(0.0, text="Importing …")

    def show_progress(n_rows: int, share: float) -> None:
        bar.progress(min(1.0, share), text=f"Importing, {count(n_rows, 'row')} read")

    try:
        report = imports.import_file(
            resources.sessions(), path, name=name, file_name=upload.name, format=chosen, allow_again=allow_again,
            on_progress=show_progress,
        )  # fmt: skip
    except SameFile as error:
        st.session_state[AGAIN] = (upload.file_id, str(error))
        st.rerun()
    except ServiceError as error:
        bar.empty()
        problem(str(error))
        return
    remove(path)
    st.session_state[DONE] = (upload.file_id, report, name.strip())
    st.session_state.pop(SEEN, None)
    frame.choose(frame.DATASET, name.strip())
    st.rerun()


def _show_done(report: ImportReport, name: str) -> None:
    bad = f", {count(report.n_bad, 'row')} left out" if report.n_bad else ""
    note(f"Imported {count(report.n_items, 'item')} with {count(report.n_candidates, 'candidate')} as “{name}”{bad}.")
    st.page_link(frame.RUNS, label="Weigh it", query_params={frame.DATASET: name}, icon=":material/balance:")
