"""The demo is imported and weighed once, and goes on where it stopped. Small files, tiny models under its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from service_builders import WatchedSource

from db.session import Sessions
from scoring.pairs import PROJECT_ROOT
from scoring.protocol import ModelSource
from scoring.room import ModelRoom
from services.demo import load_demo
from services.demo_world import import_world_texts
from services.errors import Refused
from services.evaluation import evaluate
from services.runs import latest_run


@pytest.fixture
def small_demo(tmp_path: Path) -> Path:
    """The first lines of the demo's own files; of the world check, from both ends."""
    for name in ("dataset", "holdout", "holdout_wording", "world_check"):
        lines = (PROJECT_ROOT / "demo" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [*lines[:3], *lines[-3:]] if name == "world_check" else lines[:6]
        (tmp_path / f"{name}.jsonl").write_text("".join(kept), encoding="utf-8")
    return tmp_path


def test_the_demo_is_loaded_once_and_models_are_asked_for_once(
    fresh_db: Sessions, room: ModelRoom, small_demo: Path
) -> None:
    asked: list[int] = []

    def models() -> ModelSource:
        asked.append(1)
        return room

    first = load_demo(fresh_db, models, folder=small_demo)
    again = load_demo(fresh_db, models, folder=small_demo)
    assert len(asked) == 1
    assert [run.run_id for run in first.runs] == [run.run_id for run in again.runs]
    assert (first.runs[0].criteria, first.runs[0].n_items) == ("demo", 6)
    assert first.runs[0].status == "done"


def test_the_holdout_is_weighed_under_three_criteria_and_evaluates_with_its_world(
    fresh_db: Sessions, room: ModelRoom, small_demo: Path
) -> None:
    told: list[str] = []
    report = load_demo(fresh_db, room, holdout=True, folder=small_demo, on_progress=lambda title, _: told.append(title))
    assert {run.status for run in report.runs} == {"done"}
    assert set(report.dataset_ids) == {"demo", "demo-holdout", "demo-holdout-wording", "demo-holdout-world"}
    assert "demo-holdout under demo-brief" in told
    holdout = report.dataset_ids["demo-holdout"]
    latest = latest_run(fresh_db, holdout)
    assert latest is not None
    assert latest.criteria == "demo"
    found = evaluate(fresh_db, holdout)
    assert (found.n_items, found.n + found.n_not_weighed) == (6, 6)  # some are too long for the tiny models
    assert found.n
    assert found.world is not None
    assert (found.world.dataset, found.world.n_in + found.world.n_out) == ("demo-holdout-world", 6)


def test_a_demo_that_stopped_halfway_goes_on(fresh_db: Sessions, room: ModelRoom, small_demo: Path) -> None:
    def no_power(_ref: str, _requests: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_demo(fresh_db, WatchedSource(room, on_batch=no_power), folder=small_demo)
    report = load_demo(fresh_db, room, folder=small_demo)
    assert [(run.run_id, run.status) for run in report.runs] == [(1, "done")]


def test_a_bad_world_text_is_refused_with_its_line(fresh_db: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "world_check.jsonl"
    path.write_text('{"text": "a", "prompt": "b", "world": "in"}\n{"text": "a", "prompt": "b"}\n', encoding="utf-8")
    with pytest.raises(Refused, match="line 2"):
        import_world_texts(fresh_db, path, name="w")
