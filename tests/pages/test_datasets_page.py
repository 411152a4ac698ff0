"""The Datasets screen: import with preview, bad files and rows, the same file twice, guidelines, export, delete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from visitor import GOOD, HOSTILE, Visitor, decide, weighed_desk

from db.session import Sessions
from services import datasets
from services.datasets import DatasetRow
from services.imports.counts import BadRowSeen
from ui import frame
from ui.datasets.export_panel import file_name, whole_file
from ui.datasets.import_words import bad_rows_csv
from ui.datasets.uploads import name_from_file

ROWS = [{"prompt": f"Is tea {n} black?", "responses": ["Yes.", "No."]} for n in range(3)]
FILE = "\n".join(map(json.dumps, ROWS)).encode()
BAD_FILE = FILE + b'\nnot json\n{"prompt": "", "responses": ["a", "b"]}\n'


def only(sessions: Sessions) -> DatasetRow:
    (row,) = datasets.list_datasets(sessions)
    return row


def importing(content: bytes = FILE, name: str = "my teas.jsonl") -> Visitor:
    return Visitor(frame.DATASETS).upload("datasets_upload", name, content)


def test_an_empty_desk_says_how_to_begin(empty_desk: Sessions) -> None:
    visitor = Visitor(frame.DATASETS)
    assert "No dataset yet" in visitor.words
    assert visitor.at.expander[0].proto.expanded, "the import stands open"
    assert visitor.has_no_trouble()


def test_a_file_is_explained_before_it_is_imported(empty_desk: Sessions) -> None:
    visitor = importing()
    assert "Best of N</b>: JSONL of 3 rows" in visitor.html
    assert "Is tea 0 black?" in visitor.html
    assert visitor.at.text_input(key="datasets_name").value == "my teas"
    assert visitor.at.button(key="datasets_import").label == "Import 3 items"
    assert not datasets.list_datasets(empty_desk), "looking writes nothing"


def test_after_the_import_the_next_step_is_to_weigh(empty_desk: Sessions) -> None:
    visitor = importing().type("datasets_name", "teas").press("datasets_import")
    assert (only(empty_desk).name, only(empty_desk).n_items, only(empty_desk).file_name) == ("teas", 3, "my teas.jsonl")
    assert "Imported 3 items with 6 candidates as “teas”" in visitor.html
    assert "Weigh it" in [link.label for link in visitor.at.page_link]
    assert visitor.at.query_params["dataset"] == "teas"
    assert visitor.has_no_trouble()


def test_rows_that_cannot_be_used_are_listed_by_line_and_the_rest_is_kept(empty_desk: Sessions) -> None:
    visitor = importing(BAD_FILE)
    assert "2 rows cannot be used" in visitor.words
    assert "not JSON" in visitor.html
    assert "the prompt is empty" in visitor.html
    assert "datasets_bad_rows_file" in visitor.keys
    visitor.press("datasets_import")
    assert only(empty_desk).n_items == 3
    assert "2 rows left out" in visitor.html


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"PK\x03\x04zip", "zip archive"), (b'{"a": 1}\n{"a": 2}', "needed are prompt and responses")],
)
def test_a_file_of_no_use_gives_one_line_and_nothing_to_press(empty_desk: Sessions, content: bytes, says: str) -> None:
    visitor = importing(content, "odd.jsonl")
    assert says in visitor.html
    assert "t-notice-error" in visitor.html
    assert "datasets_import" not in visitor.keys


def test_another_format_can_be_asked_for(empty_desk: Sessions) -> None:
    visitor = importing().choose("datasets_format", "llmbar")
    assert "datasets_import" not in visitor.keys or visitor.at.button(key="datasets_import").disabled
    visitor.choose("datasets_format", "best-of-n")
    assert not visitor.at.button(key="datasets_import").disabled


def test_the_same_file_again_is_noticed_and_may_be_imported_on_purpose(empty_desk: Sessions) -> None:
    importing().press("datasets_import")
    visitor = importing(name="copy.jsonl").press("datasets_import")
    assert "is in already: dataset &#x27;my teas&#x27;" in visitor.html
    assert len(datasets.list_datasets(empty_desk)) == 1
    visitor.press("datasets_import_again")
    assert [row.name for row in datasets.list_datasets(empty_desk)] == ["copy", "my teas"]


def test_a_name_that_is_taken_is_said_and_nothing_is_written(empty_desk: Sessions) -> None:
    importing().press("datasets_import")
    visitor = importing(BAD_FILE, "other.jsonl").type("datasets_name", "my teas").press("datasets_import")
    assert "already a dataset named" in visitor.html
    assert len(datasets.list_datasets(empty_desk)) == 1


def test_hostile_names_and_texts_are_shown_and_not_interpreted(empty_desk: Sessions) -> None:
    rows = json.dumps({"prompt": HOSTILE, "responses": [HOSTILE, "b"], "domain": HOSTILE[:90]}).encode()
    visitor = importing(rows, f"{HOSTILE}.jsonl")
    assert "&lt;img" in visitor.html
    assert visitor.shows_only_as_text(HOSTILE)
    visitor.type("datasets_name", HOSTILE[:99]).press("datasets_import")
    assert only(empty_desk).name == HOSTILE[:99].strip()
    assert visitor.shows_only_as_text(HOSTILE)
    for panel in ("Export", "Rename or delete"):
        assert visitor.put("datasets_panel", panel).shows_only_as_text(HOSTILE)


def test_guidelines_are_kept_as_the_box_is_left(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    visitor = Visitor(frame.DATASETS).type(f"datasets_guidelines_{desk.dataset_id}", "Prefer the right sum.")
    assert only(empty_desk).guidelines == "Prefer the right sum."
    assert "Saved" in visitor.words
    assert Visitor(frame.DATASETS).at.text_area(key=f"datasets_guidelines_{desk.dataset_id}").value.startswith("Prefer")


def test_the_export_says_what_goes_out_and_what_stays(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    decide(desk, 0, chosen=1)
    decide(desk, 1, verdict="tie")
    visitor = Visitor(frame.DATASETS).put("datasets_panel", "Export")
    assert "<dd dir='auto'>1 row</dd>" in visitor.html
    assert "Left out, undecided" in visitor.html
    assert "Left out, tie" in visitor.html
    assert "They come to 22.50." in visitor.at.code[0].value
    assert visitor.at.download_button(key="datasets_export").label == "Download"
    assert "2 rows" in visitor.choose("datasets_export_format", "jsonl").html, "the tie is in the lossless file"


def test_nothing_decided_leads_to_review_instead_of_an_empty_file(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.DATASETS).put("datasets_panel", "Export")
    assert "datasets_export" not in visitor.keys
    assert "Nothing to write yet" in visitor.words


def test_the_file_is_the_one_that_was_announced(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    decide(desk, 0, chosen=0)
    made = whole_file(desk.dataset_id, format="trl-conversational", only="decided", run_id=None)
    assert isinstance(made, bytes), "what Streamlit takes from a download that is made on demand"
    (row,) = [json.loads(line) for line in made.splitlines()]
    assert row["chosen"][0]["content"] == GOOD.responses[0]
    assert row["rejected"][0]["content"] == GOOD.responses[1]


def test_a_renamed_dataset_stays_in_hand(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    visitor = Visitor(frame.DATASETS, dataset="tea shop", run=desk.run_id).put("datasets_panel", "Rename or delete")
    visitor.type(f"datasets_new_name_{desk.dataset_id}", "green teas").press("datasets_rename")
    assert only(empty_desk).name == "green teas"
    assert visitor.at.query_params["dataset"] == "green teas"
    assert visitor.at.query_params["run"] == str(desk.run_id)
    visitor.type(f"datasets_new_name_{desk.dataset_id}", "  ").press("datasets_rename")
    assert "has no name" in visitor.html


def test_deleting_is_asked_once_and_done(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    visitor = Visitor(frame.DATASETS).put("datasets_panel", "Rename or delete")
    assert "This takes away 3 items and 1 run for good" in visitor.words
    visitor.press(f"datasets_delete_{desk.dataset_id}")
    assert not datasets.list_datasets(empty_desk)
    assert "No dataset yet" in visitor.words


def test_a_second_click_on_delete_spares_the_next_dataset(empty_desk: Sessions) -> None:
    """The next dataset takes the place on the screen: its button is another one, in a panel that is closed."""
    kept = weighed_desk(empty_desk, name="kept")
    gone = weighed_desk(empty_desk, name="gone")
    visitor = Visitor(frame.DATASETS, dataset="gone").put("datasets_panel", "Rename or delete")
    visitor.press(f"datasets_delete_{gone.dataset_id}")
    assert only(empty_desk).dataset_id == kept.dataset_id
    deletes = [key for key in visitor.keys if key.startswith("datasets_delete")]
    assert deletes == [f"datasets_delete_{kept.dataset_id}"]


def test_a_dataset_with_decisions_says_why_it_stays(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    decide(desk, 0, chosen=1)
    visitor = Visitor(frame.DATASETS).put("datasets_panel", "Rename or delete")
    assert f"datasets_delete_{desk.dataset_id}" not in visitor.keys
    assert "Decisions are kept for good" in visitor.words


def test_a_link_to_an_unknown_dataset_says_so(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.DATASETS, dataset="nowhere")
    assert "is not here" in visitor.words
    assert visitor.has_no_trouble()


@pytest.mark.parametrize(
    ("file", "name"),
    [("a.b.JSONL", "a.b"), ("..json", "dataset"), ("x" * 300 + ".csv", "x" * 100), ("a\nb.csv", "a b")],
)
def test_the_name_is_prefilled_from_the_file(file: str, name: str) -> None:
    assert name_from_file(file) == name


def test_a_file_name_is_one_that_every_system_takes() -> None:
    assert file_name("../../etc/passwd :red[x]", "jsonl") == "etc-passwd-red-x.jsonl"
    assert file_name("…", "jsonl") == "dataset.jsonl"
    assert Path(file_name("a" * 200, "trl-standard")).name == "a" * 80 + ".trl-standard.jsonl"


def test_a_spreadsheet_takes_no_formula_from_the_list_of_bad_rows() -> None:
    assert bad_rows_csv([BadRowSeen(2, "=cmd|'/c calc'!A0")]).splitlines()[1] == "2,'=cmd|'/c calc'!A0"
