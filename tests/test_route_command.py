"""`tare route` and `tare weigh --domains` as a person uses them: real processes, the real demo pair."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_cli import Shell

EIGHT = 8  # items of the demo dataset that these tests weigh
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]


@pytest.fixture
def shell(fresh_url: str, tmp_path: Path) -> Shell:
    """A folder with a database that holds eight items of the demo, as dataset mine."""
    made = Shell(tmp_path, fresh_url)
    lines = (Path(__file__).parents[1] / "demo" / "dataset.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "few.jsonl").write_text("\n".join(lines[:EIGHT]), encoding="utf-8")
    made.tare("import", "few.jsonl", "--name", "mine")
    return made


def test_routing_says_what_it_rests_on_and_costs_nothing_twice(shell: Shell) -> None:
    first = shell.tare("route", "mine", "--pair", "demo", "--threshold", "0").stdout
    assert (
        "8 of 8 items routed by demo/strong under three-domains v1: 24 log-probs computed, 0 from the cache." in first
    )
    assert "n=8) right" in first
    assert "Against corrections by hand: nothing to compare with." in first
    again = shell.json("route", "mine", "--pair", "demo", "--threshold", "1")
    assert (again["n_computed"], again["n_cached"]) == (0, 24)
    assert (again["report"]["n_routed"], again["report"]["n_below"]) == (8, 8)
    assert again["report"]["against_column"]["right"]["value"] == 0


def test_a_run_says_where_its_domains_come_from_and_each_routing_is_a_run_of_its_own(shell: Shell) -> None:
    words = ("weigh", "mine", "--pair", "demo", "--criteria", "demo", "--domains")
    by_router = shell.json(*words, "router:0.9")
    fixed = shell.json(*words, "fixed:chat")
    assert by_router["configuration"]["routing"]["threshold"] == 0.9
    assert fixed["configuration"]["routing"] | {} == {
        "by": "fixed", "domain": "chat", "router_id": None, "threshold": 0.0
    }  # fmt: skip
    counted = dict(shell.rows("select run_id, count(*) from item_domain group by run_id"))
    assert counted == {by_router["run_id"]: EIGHT, fixed["run_id"]: EIGHT}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("route", "mine", "--pair", "none"), "no model pair 'none'"),
        (("route", "mine", "--pair", "demo", "--router", "mine"), "no router 'mine'; there is three-domains"),
        (("route", "mine", "--pair", "demo", "--threshold", "2"), "--threshold"),
        (("weigh", "mine", "--pair", "demo", "--domains", "sideways"), "give column, fixed:NAME, router"),
        (("weigh", "mine", "--pair", "demo", "--domains", "fixed:"), "it has no name"),
    ],
)
def test_words_that_will_not_do_are_told_in_one_line(shell: Shell, words: tuple[str, ...], line: str) -> None:
    assert line in shell.refusal(*words)
