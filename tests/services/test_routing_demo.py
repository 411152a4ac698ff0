"""The demo's strong model names the domains of held-out items as their file does."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.session import Sessions
from scoring.room import ModelRoom
from services.imports.files import import_file
from services.routing.dataset import ensure_builtin_router, route_dataset

HOLDOUT = Path(__file__).parents[2] / "demo" / "holdout.jsonl"
EVERY = 4  # of 576 items


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_demos_router_is_right_on_at_least_95_percent_of_held_out_items(
    fresh_db: Sessions, room: ModelRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TARE_PAIRS")  # the tests' own catalogue has another pair of the name
    lines = HOLDOUT.read_text(encoding="utf-8").splitlines()
    (tmp_path / "sample.jsonl").write_text("\n".join(lines[::EVERY]), encoding="utf-8")
    dataset_id = import_file(fresh_db, tmp_path / "sample.jsonl", name="sample").dataset_id
    router_id = ensure_builtin_router(fresh_db).router_id
    report = route_dataset(fresh_db, room, dataset_id, pair="demo", router_id=router_id, threshold=0.5).report
    right = report.against_column.right
    assert (report.n_routed, report.n_problems, right.n) == (144, 0, 144)
    assert (right.value or 0) >= 0.95
    assert set(report.against_column.matrix.rows) == {"chat", "reasoning", "safety"}
