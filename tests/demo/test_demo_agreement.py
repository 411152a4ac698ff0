"""The product's own path and the demo's plain forward choose the same candidates, by every way of ranking."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.session import Sessions
from demo.figures import share
from demo.items import FOLDER, holdout_rows
from demo.scorer import load, weigh
from scoring.room import ModelRoom
from services.demo import load_demo
from services.evaluation import evaluate

FILES = ("dataset", "holdout", "holdout_wording", "world_check")
N = 60


def test_tare_evaluate_agrees_with_the_demo_s_own_figures(
    fresh_db: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARE_CACHE_DIR", str(tmp_path / "cache"))
    for name in FILES:
        lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = lines[: N if name == "holdout" else 4]
        (tmp_path / f"{name}.jsonl").write_text("".join(kept), encoding="utf-8")
    room = ModelRoom(2**30, device="cpu", dtype="float32")
    found = evaluate(fresh_db, load_demo(fresh_db, room, holdout=True, folder=tmp_path).dataset_ids["demo-holdout"])
    strong, tokenizer = load(FOLDER / "strong")
    rows = holdout_rows()[:N]
    plain = weigh((strong, load(FOLDER / "weak")[0]), tokenizer, rows, criteria="demo")
    assert found.criteria == "demo"
    theirs = {"ratio": found.accuracy_sum, "ratio_mean": found.accuracy_mean} | {
        name: found.baselines[name] for name in ("strong", "weak")
    }
    for name, share_found in theirs.items():
        ours = share(rows, plain, name)
        assert (share_found.n, round((share_found.value or 0.0) * N)) == (ours.n, ours.right), name
