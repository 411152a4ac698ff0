"""A person routes the demo's items, sees how often that is right, and says by a click what an item's domain is."""

from __future__ import annotations

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
    page.locator("[class*=st-key-domains_column_matrix] .heatmaplayer").wait_for()

    row = page.locator('[class*="st-key-domains_row_"]').first
    prompt = row.locator(".t-drow").inner_text()
    row.get_by_text("safety", exact=True).last.click()
    row.get_by_text("safety, by hand").wait_for()
    visitor.refresh()
    row = page.locator('[class*="st-key-domains_row_"]').filter(has_text=prompt)
    row.get_by_text("safety, by hand").wait_for()
    assert "Ada, 20" in row.inner_text()
    page.locator("[class*=st-key-domains_hand_matrix] .heatmaplayer").wait_for()
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
