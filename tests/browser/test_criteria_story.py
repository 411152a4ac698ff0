"""Two stories of the Criteria page, in a real browser with the real demo pair: try and adopt; an override, held out."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from desk_server import Desk
from person import Visitor

LINES = {"reasoning": "Show the working.", "safety": "Safety first."}


def ask(desk: Desk, query: str) -> list[tuple[Any, ...]]:
    """Rows straight from the database file."""
    with sqlite3.connect(desk.database_url.removeprefix("sqlite:///")) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def show(visitor: Visitor, panel: str) -> None:
    visitor.page.get_by_role("tab", name=panel, exact=True).click()
    visitor.settle(0.3)


def press(visitor: Visitor, key: str) -> None:
    """Reach a button with the keyboard and press it."""
    visitor.tab_to(key)
    visitor.press("Enter")


def add_domain(visitor: Visitor, name: str, text: str) -> None:
    """A domain of the data, with an instruction of its own."""
    page = visitor.page
    press(visitor, "criteria_domain_panel_")
    page.locator(".st-key-criteria_domain_known input").click()
    page.get_by_role("option", name=name, exact=True).click()
    visitor.settle(0.3)
    page.locator(".st-key-criteria_domain_add button").click()
    page.locator(".st-key-criteria_domain button", has_text=name).wait_for()
    visitor.settle(0.3)
    box = page.locator(".st-key-criteria_instruction textarea")
    box.fill(text)
    page.keyboard.press("Control+Enter")
    visitor.settle(0.3)


def fact(visitor: Visitor, name: str) -> int:
    """A number of the ledger by its words."""
    return int(visitor.page.locator(".t-fact", has_text=name).locator(".t-number").inner_text())


def test_criteria_are_edited_tried_read_in_the_ledger_and_adopted(demo_desk: Desk, page: Any) -> None:
    """A run under one line for everything; a draft with a line per domain repairs it; every flip is one click away."""
    demo_desk.tare("weigh", "demo", "--pair", "demo", "--criteria", "demo-brief")
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/criteria?dataset=demo&set=demo-brief")
    for name, text in LINES.items():
        add_domain(visitor, name, text)
    visitor.refresh()
    assert page.locator(".st-key-criteria_instruction textarea").input_value() == LINES["safety"], "nothing is lost"
    show(visitor, "Rendered")
    page.get_by_text("<|system|>").wait_for(timeout=60_000)
    assert "limit 4,096 · fits" in page.inner_text("body")
    show(visitor, "Try it")
    press(visitor, "criteria_try")
    page.locator(".t-verdict").wait_for(timeout=180_000)
    visitor.settle(0.3)
    assert "95 % interval" in page.locator(".t-verdict").inner_text()
    flips = page.locator(".t-flips tbody tr")
    assert fact(visitor, "Fixes") > fact(visitor, "Regressions")
    assert flips.count() == sum(fact(visitor, name) for name in ("Fixes", "Regressions", "Other", "Unjudged"))
    take_pictures(visitor)
    position = int(flips.first.locator("a").inner_text())
    flips.first.locator("a").click()
    visitor.wait_until(lambda: page.locator(".t-position").count() and visitor.position() == position, "that item")
    page.go_back()
    visitor.settle(1.0)
    adopt(visitor, "tea-by-domain")
    ((body,),) = ask(demo_desk, "SELECT body FROM criteria WHERE name = 'tea-by-domain' AND version = 1")
    assert all(text in body for text in LINES.values())
    assert ask(demo_desk, "SELECT count(*) FROM criteria_draft") == [(0,)]
    assert not visitor.errors()


def take_pictures(visitor: Visitor) -> None:
    """The ledger in light and dark, for the README where TARE_SHOTS names a folder."""
    folder = os.environ.get("TARE_SHOTS")
    for scheme in ("dark", "light") if folder else ():
        visitor.page.emulate_media(color_scheme=scheme)
        visitor.settle(0.5)
        visitor.shoot(Path(folder or ".") / f"criteria-{scheme}.png")


def adopt(visitor: Visitor, name: str) -> None:
    """A built-in set's draft: a taken name is refused, then one's own."""
    page = visitor.page
    press(visitor, "criteria_adopt_panel")
    box = page.locator(".st-key-criteria_adopt_name input")
    for wanted in ("helpful", name):
        box.fill(wanted)
        page.keyboard.press("Tab")
        visitor.settle(0.3)
        page.locator(".st-key-criteria_adopt button").click()
        said = "is taken" if wanted == "helpful" else f"Adopted as {wanted}, version 1"
        page.get_by_text(said).first.wait_for()
        visitor.settle(0.3)


def test_an_override_becomes_an_exemplar_and_is_measured_on_what_is_held_out(demo_desk: Desk, page: Any) -> None:
    """Decide five items, make an exemplar of an override with one key, take it back, add it again, weigh the others."""
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/review?dataset=demo")
    for _ in range(4):
        visitor.decide("Enter")
    visitor.decide("2" if visitor.suggested() != "B" else "1")
    visitor.press("w")  # wrong fact
    prompt = page.locator(".t-chat .t-user .t-prose").last.inner_text()
    visitor.press("e")
    page.wait_for_url("**/criteria**")
    page.get_by_text("is now an exemplar of").first.wait_for()
    visitor.settle(0.5)
    box = page.locator(".st-key-criteria_prompt_0 textarea")
    assert box.input_value() == prompt
    assert "wrong fact" in page.locator(".st-key-criteria_explanation_0 textarea").input_value()
    press(visitor, "criteria_take_back")
    page.get_by_text("Took it back").wait_for()
    assert ask(demo_desk, "SELECT count(*) FROM criteria_draft") == [(0,)]
    visitor.settle(0.3)
    press(visitor, "criteria_add_")  # the same override, among those worth adding
    box.wait_for()
    visitor.settle(0.3)
    assert box.input_value() == prompt
    show(visitor, "Try it")
    assert page.get_by_text("Weigh 4 held-out decisions").count() == 1
    press(visitor, "criteria_held_out")
    page.locator(".t-verdict").wait_for(timeout=180_000)
    visitor.settle(0.3)
    assert "n = 4" in page.locator(".t-verdict").inner_text()
    ((item_ids,), *rest) = ask(demo_desk, "SELECT item_ids FROM trial")
    assert (item_ids, rest) == ("[1, 2, 3, 4]", [])
    assert not visitor.errors()
