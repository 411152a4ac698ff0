"""Trials on the real demo pair: another domain's instruction does harm, a useful one helps, and the ledger says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from service_builders import queue_run

from db.session import Sessions
from scoring.criteria_body import CriteriaBody
from scoring.pairs import load_catalogue
from scoring.room import ModelRoom
from services.criteria.store import find_criteria
from services.imports.files import import_file
from services.trials.trial import advance, start_trial
from services.weighing.run import weigh

DEMO = Path(__file__).resolve().parents[2] / "demo"
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def demo_run(desk: Sessions, room: ModelRoom, *, criteria: str) -> int:
    """The demo dataset weighed by the pair that ships with Tare."""
    dataset_id = import_file(desk, DEMO / "dataset.jsonl", name="shop").dataset_id
    run_id = queue_run(
        desk, dataset_id, pair=load_catalogue(None)["demo"], criteria_id=find_criteria(desk, criteria).criteria_id
    )
    assert weigh(desk, room, run_id).status == "done"
    return run_id


def test_one_instruction_for_all_domains_loses_what_each_domain_s_own_had_won(desk: Sessions, room: ModelRoom) -> None:
    run_id = demo_run(desk, room, criteria="demo")
    worse = advance(desk, room, start_trial(desk, run_id=run_id, body=find_criteria(desk, "demo-thorough").body))
    assert worse.n_items == 60
    assert worse.n_regressions > worse.n_fixes
    assert worse.change.high is not None
    assert worse.change.high < 0
    assert not worse.change.is_noise
    assert worse.notice == ""


def test_a_draft_for_one_domain_flips_nothing_in_the_others(desk: Sessions, room: ModelRoom) -> None:
    run_id = demo_run(desk, room, criteria="demo-brief")
    draft = CriteriaBody("Be brief.", {"reasoning": "Show the working."})
    better = advance(desk, room, start_trial(desk, run_id=run_id, body=draft))
    assert {flip.domain for flip in better.flips} == {"reasoning"}
    assert better.n_fixes > better.n_regressions
    n_reasoning = sum('"domain": "reasoning"' in line for line in (DEMO / "dataset.jsonl").read_text().splitlines())
    assert better.n_computed_strong < 60 * 6
    assert better.n_computed_strong <= n_reasoning * 6
