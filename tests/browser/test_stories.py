"""What people do at the desk, in a real browser on a real server with the real demo pair."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from desk_server import Desk
from person import Visitor

ROWS = 100  # items of llmbar_natural.json


def effective_decisions(desk: Desk) -> list[tuple[Any, ...]]:
    """(position, verdict, chosen position) of each item's latest decision, straight from the database file."""
    path = desk.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT i.position, d.verdict, c.position FROM decision d JOIN item i USING (item_id)"
            " LEFT JOIN candidate c ON c.candidate_id = d.chosen_candidate_id"
            " WHERE d.decision_id IN (SELECT max(decision_id) FROM decision GROUP BY item_id, annotator_id)"
            " AND d.verdict != 'undo' ORDER BY i.position"
        ).fetchall()
    connection.close()
    return rows


def test_the_first_visit_to_a_deep_link_on_a_fresh_server_shows_that_item(demo_desk: Desk, page: Any) -> None:
    """Straight to an item's link before anybody opened the desk: the frame is there, and the item."""
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/review?dataset=demo&item=7")
    visitor.wait_until(lambda: page.locator(".t-position").count(), "the item")
    assert visitor.position() == 7
    assert "dataset=demo" in page.url
    assert "item=7" in page.url
    assert page.get_by_test_id("stTopNavLinkContainer").count() or page.get_by_text("Insights", exact=True).count()
    assert not visitor.errors()
    assert not visitor.scrolls_sideways()


@pytest.mark.parametrize("path", ["insights", "runs", "datasets", "live", "criteria"])
def test_every_page_can_be_the_first_one_opened(demo_desk: Desk, page: Any, path: str) -> None:
    """A fresh server, a bookmark of any page: the page in its frame, nothing wrong, nothing wider than the window."""
    visitor = Visitor(page, demo_desk.url)
    visitor.open(f"/{path}?dataset=demo")
    visitor.wait_until(lambda: page.get_by_text("Review", exact=True).count(), "the navigation")
    visitor.settle()
    assert path in page.url
    assert not visitor.errors()
    assert not visitor.scrolls_sideways()


def test_an_empty_desk_leads_to_the_import(empty_desk: Desk, page: Any) -> None:
    """Nothing there yet: the first screen says what to do, and its link goes there."""
    visitor = Visitor(page, empty_desk.url)
    visitor.open("/")
    visitor.follow("Import a dataset", "/datasets")
    visitor.keyed("datasets_upload").wait_for()
    assert not visitor.errors()


def test_the_exact_input_of_the_models_can_be_read_and_decides_nothing(demo_desk: Desk, page: Any) -> None:
    """X shows the rendered text and the token ids of a response; the item stays undecided."""
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/review?dataset=demo&item=4")
    visitor.suggested()
    visitor.press("x")
    panel = visitor.keyed("review_exact_panel")
    panel.get_by_text("response tokens, marked").wait_for(timeout=90_000)
    assert "<|user|>" in panel.inner_text()
    assert effective_decisions(demo_desk) == []
    assert not visitor.errors()


def test_undo_takes_back_the_latest_decision_and_shows_its_item(demo_desk: Desk, page: Any) -> None:
    """Accept, override, undo twice: the items come back one by one and the counts return to nothing."""
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/review?dataset=demo")
    untouched = visitor.progress()
    visitor.decide("Enter")
    assert visitor.position() == 2
    visitor.decide("0")
    assert visitor.position() == 3
    visitor.decide("u")
    assert visitor.position() == 2
    visitor.decide("u")
    assert visitor.position() == 1
    assert visitor.progress() == untouched
    assert effective_decisions(demo_desk) == []


def test_a_refresh_in_mid_review_loses_nothing(demo_desk: Desk, page: Any) -> None:
    """Three decisions, a reload: the same item, the same counts; going back shows what was decided."""
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/review?dataset=demo")
    for key in ("Enter", "0", "s"):
        visitor.decide(key)
    before, at = visitor.progress(), visitor.position()
    visitor.refresh()
    assert (visitor.progress(), visitor.position()) == (before, at) == (before, 4)
    visitor.walk("ArrowLeft")
    visitor.walk("ArrowLeft")
    assert visitor.position() == 2
    assert "tie" in page.locator('[class*="st-key-review_foot"]').inner_text().lower()
    assert [verdict for _, verdict, _ in effective_decisions(demo_desk)] == ["accept", "tie", "skip"]


def test_an_override_is_saved_at_once_and_takes_its_reasons_and_note(demo_desk: Desk, page: Any) -> None:
    """Another best by number, a reason and a note; letters typed into the note decide nothing."""
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/review?dataset=demo")
    visitor.decide("2" if visitor.suggested() != "B" else "1")
    assert visitor.position() == 1
    assert [verdict for _, verdict, _ in effective_decisions(demo_desk)] == ["override"]
    page.get_by_text("wrong fact", exact=True).click()
    note = page.locator('[class*="st-key-review_note"]').locator("textarea, input").first
    note.click()
    note.press_sequentially("sfu 0 1 means nothing here")
    page.get_by_text("Save reasons and next").click()
    visitor.wait_until(lambda: visitor.position() == 2, "the next item")
    path = demo_desk.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT verdict, reason_tags, note FROM decision ORDER BY decision_id").fetchall()
    connection.close()
    assert [(verdict, json.loads(tags), text) for verdict, tags, text in rows] == [
        ("override", [], ""),
        ("override", ["wrong fact"], "sfu 0 1 means nothing here"),
    ]


def test_import_weigh_review_export_of_a_real_file_by_keyboard(
    empty_desk: Desk, page: Any, shared_data: Path, tmp_path: Path
) -> None:
    """The whole job on 100 LLMBar items without touching the mouse."""
    visitor = Visitor(page, empty_desk.url)
    visitor.open("/datasets")
    import_by_keyboard(visitor, shared_data / "llmbar_natural.json")
    weigh_by_keyboard(visitor)
    expected = review_by_keyboard(visitor)
    assert [verdict for _, verdict, _ in effective_decisions(empty_desk)] == expected
    rows = export_by_keyboard(visitor, tmp_path / "train.jsonl")
    assert len(rows) == expected.count("accept") + expected.count("override")
    source = json.loads((shared_data / "llmbar_natural.json").read_text(encoding="utf-8"))
    by_prompt = {row["input"]: {row["output_1"], row["output_2"]} for row in source}
    for row in rows:
        assert {"prompt", "chosen", "rejected", "margin", "label_source"} <= set(row)
        pair = {row["chosen"][0]["content"], row["rejected"][0]["content"]}
        assert by_prompt[row["prompt"][-1]["content"]] == pair
    assert not visitor.errors()


def import_by_keyboard(visitor: Visitor, file: Path) -> None:
    visitor.tab_to("datasets_upload")
    visitor.choose_file("Enter", file)
    visitor.page.get_by_text("LLMBar: JSON array of 100 rows").wait_for()
    visitor.settle()
    visitor.tab_to("datasets_import")
    visitor.press("Enter")
    visitor.page.get_by_text("Imported 100 items").wait_for()
    visitor.settle()


def weigh_by_keyboard(visitor: Visitor) -> None:
    visitor.open("/runs?dataset=llmbar_natural")
    visitor.tab_to("runs_start")
    visitor.page.keyboard.press("Enter")
    done = visitor.page.get_by_text("100 of 100 items")
    done.first.wait_for(timeout=240_000)
    visitor.wait_until(lambda: visitor.page.get_by_text("done", exact=True).count(), "the run to be done", 60)
    assert "out of the pair" in visitor.page.inner_text("body")  # a tea shop's pair must not pretend here


def review_by_keyboard(visitor: Visitor) -> list[str]:
    """Decide all items; every tenth a tie, every seventh the other response, one undone and decided again."""
    visitor.open("/review?dataset=llmbar_natural")
    page = visitor.page
    verdicts = []
    for number in range(1, ROWS + 1):
        visitor.wait_until(lambda at=number: visitor.position() == at, f"item {number}")
        suggested = visitor.suggested()
        if number % 10 == 0:
            visitor.decide("0")
            verdicts.append("tie")
        elif number % 7 == 0 or not suggested:
            visitor.decide("2" if suggested == "A" else "1")
            visitor.press("Enter")
            verdicts.append("override")
        else:
            visitor.decide("Enter")
            verdicts.append("accept")
        if number == 5:
            visitor.decide("u")
            visitor.wait_until(lambda: visitor.position() == 5, "the undone item")
            visitor.decide("Enter")
    page.get_by_text("All 100 decided").wait_for()
    return verdicts


def export_by_keyboard(visitor: Visitor, target: Path) -> list[dict[str, Any]]:
    visitor.open("/datasets?dataset=llmbar_natural")
    visitor.tab_to("datasets_panel")
    visitor.press("ArrowRight")
    visitor.press("Enter")
    visitor.keyed("datasets_export_format").wait_for()
    visitor.tab_to("datasets_export_format")
    visitor.tab_to("datasets_export_only")
    for _ in range(20):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("() => !!document.activeElement?.closest('.st-key-datasets_export')"):
            break
    with visitor.page.expect_download() as download:
        visitor.page.keyboard.press("Enter")
    download.value.save_as(target)
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


SHOTS = {
    "review": "/review?dataset=demo&item=1",
    "datasets": "/datasets?dataset=demo",
    "runs": "/runs?dataset=demo",
    "insights": "/insights?dataset=demo",
    "live": "/live",
}


def test_pictures_of_every_screen_in_light_and_dark(demo_desk: Desk, browser: Any, tmp_path: Path) -> None:
    """Takes the README's pictures (to TARE_SHOTS when set) and checks that no screen errs or scrolls sideways."""
    folder = Path(os.environ.get("TARE_SHOTS") or tmp_path)
    decide_some(demo_desk, browser)
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
        visitor = Visitor(context.new_page(), demo_desk.url)
        for name, path in SHOTS.items():
            visitor.open(path)
            if name == "live":
                weigh_an_example(visitor)
            visitor.shoot(folder / f"{name}-{scheme}.png")
            assert not visitor.errors()
            assert not visitor.scrolls_sideways()
            if name == "review":
                visitor.press("t")
                visitor.shoot(folder / f"tokens-{scheme}.png")
        context.close()


def decide_some(desk: Desk, browser: Any) -> None:
    """Enough decisions that Insights has something to say."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    visitor = Visitor(context.new_page(), desk.url)
    visitor.open("/review?dataset=demo&item=2")
    for key in ("Enter", "Enter", "0", "Enter", "Enter", "s", "Enter", "Enter", "f", "Enter", "Enter", "Enter"):
        visitor.decide(key)
    for reasons in ("w", "wy", ""):  # wrong fact; wrong fact and style; none
        visitor.decide("2" if visitor.suggested() != "B" else "1")
        for key in reasons:
            visitor.press(key)
        visitor.press("Enter")
    context.close()


def weigh_an_example(visitor: Visitor) -> None:
    visitor.page.locator(".st-key-live_example_1 button").click()
    visitor.settle()
    visitor.page.locator(".st-key-live_weigh button").click()
    visitor.page.get_by_text("margin").first.wait_for(timeout=90_000)
    visitor.page.locator(".t-card").last.scroll_into_view_if_needed()
    visitor.settle()
