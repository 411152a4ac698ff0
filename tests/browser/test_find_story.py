"""Finding an item by its words and comparing two of its responses, in a real browser."""

from __future__ import annotations

from typing import Any

from desk_server import Desk
from person import Visitor


def test_an_item_is_found_by_a_word_opened_from_the_list_and_its_responses_compared(demo_desk: Desk, page: Any) -> None:
    visitor = Visitor(page, demo_desk.url)
    visitor.open("/review?dataset=demo")
    visitor.keyed("review_filter").locator("button").first.click()
    visitor.settle(0.3)
    field = visitor.keyed("review_find").locator("input")
    field.fill("herbal")
    field.press("Enter")
    page.wait_for_url("**find=herbal**")
    visitor.wait_until(lambda: visitor.position() == 2, "the first item that says so")
    page.keyboard.press("Escape")
    visitor.keyed("review_list_here").locator("button").click()
    table = page.get_by_test_id("stDataFrame")
    table.wait_for()
    visitor.settle(0.3)
    box = table.bounding_box()
    page.mouse.click(box["x"] + 200, box["y"] + 38 + 32 + 16)  # the second row
    visitor.wait_until(lambda: visitor.position() == 32, "the item of the second row")
    visitor.settle()
    page.keyboard.press("d")
    page.locator(".t-compare").wait_for()
    assert page.locator(".t-compare .t-del").count()
    assert page.locator(".t-compare .t-ins").count()
    assert "What put E ahead of" in page.locator(".t-moved").inner_text()
    visitor.refresh()
    assert "find=herbal" in page.url
    assert visitor.position() == 32
    assert not visitor.errors()
    assert not visitor.scrolls_sideways()
