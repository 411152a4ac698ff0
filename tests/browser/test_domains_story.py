"""A person routes the demo's items, sees how often that is right, and says by a click what an item's domain is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from desk_server import Desk
from person import Visitor


def test_route_a_dataset_correct_a_domain_and_take_it_back(page: Any, demo_desk: Desk) -> None:
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/domains?dataset=demo")
    page.get_by_text("not asked yet").first.wait_for()
    visitor.keyed("domains_ask").get_by_role("button").click()
    page.get_by_text("60 of 60 items routed by demo/strong").wait_for(timeout=180_000)  # torch is imported first
    visitor.settle(0.5)
    assert "n = 60 items" in page.content()
    page.locator("[class*=st-key-domains_column_matrix] .heatmaplayer").first.wait_for()

    row = page.locator('[class*="st-key-domains_row_"]').first
    prompt = row.locator(".t-drow").inner_text()
    row.get_by_text("safety", exact=True).last.click()
    row.get_by_text("safety, by hand").wait_for()
    visitor.refresh()
    row = page.locator('[class*="st-key-domains_row_"]').filter(has_text=prompt)
    row.get_by_text("safety, by hand").wait_for()
    assert "Ada, 20" in row.inner_text()
    page.locator("[class*=st-key-domains_hand_matrix] .heatmaplayer").first.wait_for()
    row.get_by_text("safety", exact=True).last.click()
    row.get_by_text("by hand").wait_for(state="detached")
    row.get_by_text("Ada, 20").wait_for(state="detached")

    row.get_by_text("Open").click()
    page.wait_for_url("**/review?**item=**")
    page.get_by_text(prompt.split("?")[0]).first.wait_for()


def test_a_run_under_the_routers_domains_says_so_on_review(page: Any, demo_desk: Desk) -> None:
    demo_desk.tare("weigh", "demo", "--pair", "demo", "--criteria", "demo", "--domains", "router:1")
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/review?dataset=demo")
    page.get_by_text("default: below 100 %").wait_for()


def test_pictures_of_domains_in_light_and_dark(demo_desk: Desk, browser: Any, tmp_path: Path) -> None:
    """Takes the README's pictures (to TARE_SHOTS when set) and checks that the screen does not scroll sideways."""
    folder = Path(os.environ.get("TARE_SHOTS") or tmp_path)
    demo_desk.tare("route", "demo", "--pair", "demo")
    visitor = Visitor(browser.new_context(viewport={"width": 1280, "height": 1000}).new_page(), demo_desk.url)
    visitor.open("/domains?dataset=demo&below=60")
    for place in range(6):  # the least sure: say what the file says
        row = visitor.page.locator('[class*="st-key-domains_row_"]').nth(place)
        told = row.get_by_text("file: ").inner_text().removeprefix("file: ")
        row.get_by_text(told, exact=True).last.click()
        row.get_by_text(f"{told}, by hand").wait_for()
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme=scheme)
        visitor = Visitor(context.new_page(), demo_desk.url)
        visitor.open("/domains?dataset=demo&below=60")
        visitor.page.locator("[class*=st-key-domains_hand_matrix] .heatmaplayer").first.wait_for()
        visitor.shoot(folder / f"domains-{scheme}.png")
        assert not visitor.errors()
        assert not visitor.scrolls_sideways()
        context.close()
