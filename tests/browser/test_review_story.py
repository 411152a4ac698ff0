"""Review under a plan, by keyboard: a blind item and its reveal, a ranking with a tie, two people at once."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_server import Desk, serve, stop
from person import Visitor

from bench.review_desk import write_dataset
from services import workplace
from services.looks import plans

N_ITEMS = 12  # the second, fourth, ... has four responses


@pytest.fixture
def planned_desk(tmp_path: Path) -> Iterator[Desk]:
    """A server on a small weighed dataset with three plans: 1 blind, 2 rankings, 3 one person an item."""
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    sessions = workplace.open_sessions(url)
    dataset_id, run_id = write_dataset(sessions, N_ITEMS)
    asked = {"dataset_id": dataset_id, "run_id": run_id, "made_by": "Ada", "order": "file", "seed": "story"}
    plans.make_plan(sessions, **asked, blind_share=1.0)
    plans.make_plan(sessions, **asked, mode="rank")
    plans.make_plan(sessions, **asked, overlap=1)
    sessions.kw["bind"].dispose()
    desk = serve(url, tmp_path)
    yield desk
    stop(desk)


def ask(desk: Desk, query: str) -> list[tuple[Any, ...]]:
    """Rows straight from the database file."""
    with sqlite3.connect(desk.database_url.removeprefix("sqlite:///")) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def item(visitor: Visitor) -> int:
    """The number that the prompt and every response on the screen name."""
    chat = visitor.page.locator(".t-chat").inner_text()
    (number,) = re.findall(r"Item (\d+):", chat)
    cards = visitor.page.locator(".t-card").all_inner_texts()
    assert all(f"Item {number}," in card for card in cards)
    return int(number)


def press(visitor: Visitor, key: str, *, shows: str) -> None:
    """A key, and something that a person sees then."""
    visitor.page.keyboard.press(key)
    visitor.page.get_by_text(shows).first.wait_for()
    visitor.settle()


def next_item(visitor: Visitor, key: str) -> int:
    """A key that leads to another item; its number."""
    before = item(visitor)
    visitor.page.keyboard.press(key)
    visitor.wait_until(lambda: f"Item {before}:" not in visitor.page.locator(".t-chat").inner_text(), f"after {key}")
    visitor.settle()
    return item(visitor)


def test_a_blind_item_hides_the_suggestion_until_it_is_decided_and_then_reveals_it(
    planned_desk: Desk, page: Any
) -> None:
    visitor = Visitor(page, planned_desk.url)
    visitor.open("/review?dataset=items+12&plan=1")
    body = page.inner_text("body")
    assert "blind: the suggestion shows once you decide" in body
    assert not [word for word in ("suggested", "nats", "rank ", "margin") if word in body]
    first = item(visitor)
    press(visitor, "2", shows="was blind, now revealed")
    assert item(visitor) == first
    assert "suggested" in page.inner_text("body")
    assert page.locator(".t-chosen").get_attribute("data-letter") == "B"
    press(visitor, "b", shows="Show suggestion")
    assert "suggested" not in page.inner_text("body")
    press(visitor, "b", shows="Hide suggestion")
    visitor.refresh()
    assert "was blind, now revealed" in page.inner_text("body"), "what was revealed stays so"
    assert next_item(visitor, "Enter") != first
    assert "suggested" not in page.inner_text("body")
    ((verdict, is_blind, order, chosen),) = ask(
        planned_desk, "SELECT verdict, is_blind, display_order, chosen_candidate_id FROM decision"
    )
    assert is_blind == 1
    assert json.loads(order)[1] == chosen, "B was the second on the screen"
    assert verdict in ("accept", "override")
    assert ask(planned_desk, "SELECT count(*) FROM look WHERE revealed_at IS NOT NULL") == [(1,)]


def test_four_responses_are_ranked_with_a_tie_by_keyboard(planned_desk: Desk, page: Any) -> None:
    visitor = Visitor(page, planned_desk.url)
    visitor.open("/review?dataset=items+12&plan=2")
    assert item(visitor) == 1
    assert next_item(visitor, "s") == 2
    press(visitor, "4", shows="D · 1st")
    press(visitor, "1", shows="A · 2nd")
    press(visitor, "u", shows="D · 1st")
    page.get_by_text("A · 2nd").wait_for(state="detached")
    press(visitor, "2", shows="B · 2nd")
    visitor.press("0")
    press(visitor, "3", shows="C · 2nd, tied")
    press(visitor, "1", shows="A · 4th")
    page.keyboard.press("Enter")
    visitor.wait_until(lambda: bool(ask(planned_desk, "SELECT 1 FROM decision WHERE request = 'rank'")), "the ranking")
    visitor.settle()
    ((ranking, item_id),) = ask(planned_desk, "SELECT ranking, item_id FROM decision WHERE request = 'rank'")
    ids = [one for (one,) in ask(planned_desk, f"SELECT candidate_id FROM candidate WHERE item_id = {item_id}")]
    a, b, c, d = sorted(ids)
    assert json.loads(ranking) == [[d], [b, c], [a]]
    assert "2 · D > B=C > A" in page.inner_text(".st-key-review_recent")


def test_two_browsers_never_hold_one_item(planned_desk: Desk, page: Any, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    ada, zoe = Visitor(page, planned_desk.url), Visitor(context.new_page(), planned_desk.url)
    ada.open("/review?dataset=items+12&plan=3&as=Ada")
    zoe.open("/review?dataset=items+12&plan=3&as=Zoe")
    seen: dict[str, list[int]] = {"Ada": [item(ada)], "Zoe": [item(zoe)]}
    for _ in range(3):
        assert seen["Ada"][-1] != seen["Zoe"][-1]
        seen["Ada"].append(next_item(ada, "0"))
        seen["Zoe"].append(next_item(zoe, "0"))
    assert not set(seen["Ada"]) & set(seen["Zoe"])
    assert page.locator(".t-lease").is_visible()
    (taken,) = re.findall(r"item=(\d+)", ada.page.url)
    zoe.open(f"/review?dataset=items+12&plan=3&as=Zoe&item={taken}")
    assert "This item is not yours to decide now" in zoe.page.inner_text("body")
    zoe.press("Enter")
    zoe.page.locator(".t-chat").wait_for()
    assert item(zoe) != seen["Ada"][-1]
    held = ask(planned_desk, "SELECT item_id, count(*) FROM look WHERE slot IS NOT NULL GROUP BY item_id")
    assert all(n == 1 for _, n in held)
    context.close()
