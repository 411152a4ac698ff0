"""Two people part over items at their own desks; an adjudicator settles one by key, sees the names, takes it back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_server import Desk
from person import Visitor


@pytest.fixture
def colleague(browser: Any, demo_desk: Desk) -> Iterator[Visitor]:
    """Another person at another browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield Visitor(page, demo_desk.url)
    context.close()


def choose(visitor: Visitor, key: str) -> None:
    """Decide by key, and go on past the reasons that an override asks for."""
    visitor.decide(key)
    if visitor.page.locator('[class*="st-key-review_tags_bar"]').count():
        visitor.press("Enter")
        visitor.settle(0.2)


def said(visitor: Visitor) -> list[str]:
    return [card.inner_text() for card in visitor.page.locator(".t-said").all()]


def test_two_people_part_and_an_adjudicator_settles_it(demo_desk: Desk, page: Any, colleague: Visitor) -> None:
    adjudicator = Visitor(page, demo_desk.url)
    for visitor, name, key in ((adjudicator, "Ada", "1"), (colleague, "Bob", "2")):
        visitor.open(f"/review?dataset=demo&as={name}")
        choose(visitor, key)
    adjudicator.open("/adjudicate?dataset=demo&as=Cem")
    page.get_by_text("1 open case", exact=True).wait_for()
    before = said(adjudicator)
    assert len(before) == 2
    assert "A is best" in "".join(before)
    assert "B is best" in "".join(before)
    assert "Ada" not in "".join(before)
    assert "Bob" not in "".join(before)
    take_pictures(adjudicator)

    adjudicator.press("2")
    page.get_by_text("Settled by Cem").wait_for()
    adjudicator.settle(0.3)
    named = "".join(said(adjudicator))
    assert "Ada" in named
    assert "Bob" in named
    assert page.locator(".t-card.t-chosen .t-letter").inner_text() == "B"
    adjudicator.refresh()
    page.get_by_text("Settled by Cem").wait_for()

    adjudicator.press("u")
    page.get_by_text("1 open case", exact=True).wait_for()
    adjudicator.settle(0.3)
    assert "Bob" not in "".join(said(adjudicator))
    adjudicator.press("0")
    page.get_by_text("Settled by Cem: no difference").wait_for()
    adjudicator.press("Enter")
    page.get_by_text("Nothing to settle").wait_for()
    assert not adjudicator.errors()
    assert not colleague.errors()


def take_pictures(visitor: Visitor) -> None:
    """The page in light and dark, for the docs where TARE_SHOTS names a folder."""
    folder = os.environ.get("TARE_SHOTS")
    for scheme in ("dark", "light") if folder else ():
        visitor.page.emulate_media(color_scheme=scheme)
        visitor.settle(0.5)
        visitor.shoot(Path(folder or ".") / f"adjudicate-{scheme}.png")
