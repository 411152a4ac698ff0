"""The ablation of criteria: its exemplars are none of the held-out items, and its table says what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.conditioning import BEGIN, END, PAGE, measure, table, write_page
from bench.conditioning_sets import exemplars, ways
from bench.files import RESULTS
from scoring.pairs import PROJECT_ROOT

HELD_OUT = PROJECT_ROOT / "demo" / "holdout.jsonl"


def held_out() -> list[dict[str, Any]]:
    return [json.loads(line) for line in HELD_OUT.read_text(encoding="utf-8").splitlines()]


def test_no_exemplar_is_a_held_out_item_and_none_names_a_held_out_name() -> None:
    rows = held_out()
    prompts = {row["prompt"][-1]["content"] for row in rows}
    names = {row["metadata"]["names"]["name"] for row in rows if "name" in row["metadata"]["names"]}
    for case in (one for some in exemplars().values() for one in some):
        assert case.prompt not in prompts
        assert not any(name in text for name in names for text in (case.prompt, case.good, case.bad))


def test_the_same_seed_gives_the_same_exemplars_two_of_each_domain() -> None:
    assert exemplars() == exemplars()
    assert exemplars() != exemplars(seed=1)
    assert {domain: len(some) for domain, some in exemplars().items()} == {"reasoning": 2, "safety": 2, "chat": 2}


def test_every_way_is_another_and_no_criteria_come_first() -> None:
    found = ways()
    assert found[0].title == "none"
    assert len({(way.body.sha256, way.conditioning) for way in found}) == len(found)
    assert {way.conditioning for way in found if way.body.n_exemplars} >= {
        way.conditioning for way in found if not way.body.n_exemplars
    }


def test_a_few_items_are_measured_and_the_table_holds_what_came_out(tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(HELD_OUT.read_text(encoding="utf-8").splitlines()[:6]) + "\n", encoding="utf-8")
    result = measure(few)
    none, lines, strong_only = result["rows"][:3]
    assert none["over_none"]["value"] == 0
    assert lines["accuracy"]["n"] == strong_only["accuracy"]["n"] == 6
    assert lines["over_none"]["value"] == pytest.approx(lines["accuracy"]["value"] - none["accuracy"]["value"])
    n_texts = none["n_computed"]
    assert strong_only["n_computed"] == 0, "both models have read these texts: the strong one told, the weak one bare"
    assert lines["n_computed"] == n_texts
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_page(result, page)
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n`demo/few.jsonl`, n = 6 items")
    assert "old" not in text
    assert text.count("\n| ") == len(result["rows"]) + 1
    assert text.endswith("after\n")
    page.write_text("nothing")
    with pytest.raises(ValueError, match=r"page\.md has no <!-- conditioning"):
        write_page(result, page)


def test_the_page_holds_the_table_of_the_kept_results() -> None:
    kept = json.loads((RESULTS / "conditioning.json").read_text())
    assert table(kept) in PAGE.read_text(encoding="utf-8")
