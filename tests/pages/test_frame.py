"""The frame: the way in on a fresh server, the choices that screens share, a broken database, no torch at the start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from desk_data import Desk, write_desk
from desk_people import APP, PAIR, Reviewer, Screen

from ui import frame


def test_a_deep_link_on_a_fresh_server_goes_through_the_app_and_keeps_its_query(desk: Desk) -> None:
    visitor = Screen()
    visitor.open(frame.REVIEW, dataset="tea shop", item=desk.item_ids[2], note="kept too")
    assert visitor.query("item") == str(desk.item_ids[2])
    assert visitor.query("note") == "kept too"
    assert "A very long story?" in visitor.html()


def test_the_bare_address_opens_review(desk: Desk) -> None:
    visitor = Screen()
    visitor.settled(visitor.at.run())
    assert "1 of 4" in visitor.html()


def test_the_chosen_dataset_and_person_follow_to_another_page_and_stand_in_its_url(desk: Desk) -> None:
    visitor = Screen()
    visitor.open(frame.REVIEW, dataset="tea shop", as_="Ada")
    visitor.at.query_params.clear()
    visitor.open(frame.RUNS)
    assert (visitor.query("dataset"), visitor.query("as")) == ("tea shop", "Ada")


def test_the_url_wins_over_what_was_chosen_before(desk: Desk) -> None:
    visitor = Screen()
    visitor.open(frame.REVIEW, as_="Ada")
    visitor.open(frame.REVIEW, as_="Grace")
    assert (
        "as Grace" in [block.proto.popover.label for block in visitor.at.get("popover")]
        or visitor.query("as") == "Grace"
    )


def test_who_reviews_comes_from_the_environment_unless_the_url_says(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARE_ANNOTATOR", "Hedy")
    visitor = Reviewer()
    visitor.open()
    assert visitor.at.text_input(key="review_as").value == "Hedy"
    visitor.settled(visitor.at.text_input(key="review_as").set_value("Ada").run())
    assert visitor.query("as") == "Ada"


def test_changing_the_dataset_forgets_run_and_item(desk: Desk) -> None:
    other = write_desk(desk.sessions, [PAIR], name="other")
    visitor = Reviewer()
    visitor.open(dataset="tea shop", run=desk.run_id, item=desk.item_ids[1])
    assert visitor.query("run") == str(desk.run_id)
    visitor.settled(visitor.at.selectbox(key="review_dataset").set_value(other.dataset_id).run())
    assert (visitor.query("dataset"), visitor.query("run")) == ("other", None)
    assert visitor.item_id == other.item_ids[0]


def test_changing_the_run_keeps_the_item(desk: Desk) -> None:
    visitor = Reviewer()
    visitor.open(dataset="tea shop", item=desk.item_ids[1])
    visitor.settled(visitor.at.selectbox(key="review_run").set_value(desk.run_id).run())
    assert visitor.item_id == desk.item_ids[1]


def test_a_link_to_an_item_alone_is_of_the_latest_dataset(desk: Desk) -> None:
    visitor = Reviewer()
    visitor.open(item=desk.item_ids[1])
    assert visitor.query("dataset") == "tea shop"
    assert visitor.item_id == desk.item_ids[1]


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("sqlite:////nowhere/at/all/tare.db", "there is no folder"),
        ("mysql://localhost/x", "not supported"),
        ("postgresql://someone:s3cret@127.0.0.1:1/none", "cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_clear_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, url: str, line: str
) -> None:
    monkeypatch.setenv("TARE_DATABASE_URL", url)
    visitor = Screen()
    visitor.at.switch_page(frame.REVIEW)
    visitor.at.run()
    assert not visitor.at.exception
    (error,) = visitor.at.error
    assert line in error.value
    assert "s3cret" not in error.value


@pytest.mark.parametrize("entry", frame.PAGES, ids=lambda entry: entry.title)
def test_every_page_comes_up_empty_without_exception_or_error(entry: frame.PageEntry, empty_desk: object) -> None:
    visitor = Screen()
    visitor.open(entry.path)
    assert not visitor.at.error
    assert not visitor.at.warning


def test_no_page_imports_torch(desk: Desk, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from ui import frame\n"
        f"at = AppTest.from_file({str(APP)!r}, default_timeout=60)\n"
        "for entry in frame.PAGES:\n"
        "    at.switch_page(entry.path).run()\n"
        "    assert not at.exception, (entry.path, at.exception)\n"
        "assert 'torch' not in sys.modules, 'a page imported torch'\n"
        "assert 'transformers' not in sys.modules, 'a page imported transformers'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=APP.parent,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("name", ["%00", "\x00\n", " ", "x" * 300])
def test_an_odd_name_of_an_annotator_becomes_one_that_can_be_kept(desk: Desk, name: str) -> None:
    visitor = Reviewer()
    visitor.open(as_=name)
    visitor.accept()
    assert "1 of 4 decided" in visitor.html()


def test_a_label_that_reads_markdown_shows_untrusted_text_as_it_is() -> None:
    assert frame.plain("**b** $x$ <i> [a](b)") == r"\*\*b\*\* \$x\$ \<i\> \[a\]\(b\)"
    assert ":" not in frame.plain(":red[x] :material/home:")
