"""Open the map, weigh the models, click a cell, start a run with that pair: a real browser and the demo's models."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from desk_server import ROOT, Desk
from person import Visitor

N_ITEMS = 12
SHOTS = os.environ.get("TARE_SHOTS", "")


@pytest.fixture
def small_desk(empty_desk: Desk, tmp_path: Path) -> Desk:
    """A desk with a few items of the demo's held-out set and nothing weighed."""
    lines = (ROOT / "demo" / "holdout.jsonl").read_text(encoding="utf-8").splitlines()[:N_ITEMS]
    for line in lines:
        assert json.loads(line)["responses"]
    (tmp_path / "few.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    empty_desk.tare("import", str(tmp_path / "few.jsonl"), "--name", "few")
    return empty_desk


def runs_of(desk: Desk) -> list[tuple[Any, ...]]:
    """(pair, status, is hidden) of every run, oldest first."""
    with sqlite3.connect(desk.database_url.removeprefix("sqlite:///")) as connection:
        rows = connection.execute(
            "SELECT p.name, r.status, r.is_hidden FROM run r JOIN model_pair p USING (model_pair_id) ORDER BY run_id"
        ).fetchall()
    connection.close()
    return rows


def put_on_the_map(visitor: Visitor, label: str) -> None:
    """Choose a model from the list, as a person types and picks it."""
    box = visitor.keyed("pairs_map_models").locator("input")
    box.click()
    box.fill(label)
    visitor.page.get_by_role("option", name=label, exact=True).click()
    visitor.settle(0.3)
    visitor.page.keyboard.press("Escape")
    visitor.settle(0.3)


def test_a_run_is_started_from_a_cell_of_the_map(small_desk: Desk, page: Any) -> None:
    """Nothing is weighed; two models are chosen and weighed, the cell strong over weak is clicked, its run ends."""
    visitor = Visitor(page, small_desk.url)
    visitor.open("/pairs?dataset=few")
    page.get_by_role("tab", name="Map").click()
    visitor.keyed("pairs_map_models").wait_for()
    visitor.settle(0.5)
    for label in ("Demo, weak", "Demo, tuned", "Demo, strong"):
        put_on_the_map(visitor, label)
    weigh = visitor.keyed("pairs_map_weigh").locator("button")
    weigh.click()
    heat = visitor.keyed("pairs_map_heat")
    heat.locator(".js-plotly-plot").wait_for(timeout=240_000)
    visitor.settle(0.5)
    assert len(runs_of(small_desk)) == 6
    assert {(status, hidden) for _, status, hidden in runs_of(small_desk)} == {("done", 1)}
    assert in_hand(visitor)[0] == "demo:strong", "the best pair is the first in hand"
    assert not visitor.errors()
    if SHOTS:
        visitor.shoot(Path(SHOTS) / "pair-map.png")

    click_cell(visitor, "tuned", "demo:weak")
    visitor.wait_until(lambda: in_hand(visitor) == ("tuned", "demo:weak"), "the cell's pair")
    visitor.keyed("pairs_map_start").locator("button").click()
    page.wait_for_url("**/runs**")
    visitor.wait_until(lambda: len(runs_of(small_desk)) == 7, "the new run")
    visitor.wait_until(lambda: runs_of(small_desk)[-1][1] == "done", "the run to end", timeout_s=60)
    assert runs_of(small_desk)[-1] == ("tuned over demo:weak", "done", 0)
    visitor.wait_until(lambda: "12 of 12 items" in page.inner_text("body"), "the run on the page")
    assert "0 log-probs computed" in page.inner_text("body"), "everything was in the cache"
    assert not visitor.errors()
    assert not visitor.scrolls_sideways()


def in_hand(visitor: Visitor) -> tuple[str, str]:
    """The pair beside the map, as its pickers show it."""
    shown = [visitor.keyed(f"pairs_map_{side}").locator("input").input_value() for side in ("strong", "weak")]
    return shown[0], shown[1]


def click_cell(visitor: Visitor, strong: str, weak: str) -> None:
    """Click the cell of this pair where it is drawn."""
    place = visitor.page.evaluate(
        """([strong, weak]) => {
            const plot = document.querySelector('[class*="st-key-pairs_map_heat"] .js-plotly-plot');
            const at = plot.data[1].customdata.findIndex(pair => pair[0] === strong && pair[1] === weak);
            const cell = plot.querySelectorAll('.scatterlayer .points path')[at];
            cell.scrollIntoView({block: 'center'});
            const box = cell.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }""",
        [strong, weak],
    )
    visitor.page.mouse.move(*place)
    visitor.page.wait_for_timeout(300)
    visitor.page.mouse.click(*place)
    visitor.settle(0.3)
