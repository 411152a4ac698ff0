"""Measures the demo pair on the held-out files: a plain forward in float32, summed over the response, nothing else.

    python -m demo.evaluate [--pair demo] [--json FILE]

The end-of-turn token counts. The product's own `tare evaluate demo-holdout` must agree with the figures printed here.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from demo.comparisons import checkpoints_report, criteria_report, router_report
from demo.figures import Choices, flips, paired, rights, share, shares_by, wilson, world_report
from demo.items import FOLDER, Row, holdout_rows, unseen_wording_rows, world_rows
from demo.scorer import item_means, load, weigh


def report(pair: Path) -> dict[str, Any]:
    """All figures of the model card."""
    strong, tokenizer = load(pair / "strong")
    weak, _ = load(pair / "weak")
    models, rows = (strong, weak), holdout_rows()
    found = weigh(models, tokenizer, rows, criteria="demo")
    styled = [row for row in rows if "gold_by_criteria" in row["metadata"]]
    by_criteria = {name: weigh(models, tokenizer, styled, criteria=name) for name in ("demo-brief", "demo-thorough")}
    unseen = unseen_wording_rows()
    unseen_found = weigh(models, tokenizer, unseen, criteria="demo")
    world, rule = world_rows(), _thresholds(pair)
    as_items = [
        {"prompt": [{"role": "user", "content": row["prompt"]}], "responses": [row], "domain": ""} for row in world
    ]
    flagged = {
        name: asdict(wilson(sum(p < rule[0] or r < rule[1] for p, r in item_means(weak, tokenizer, part)), len(part)))
        for name, part in (("holdout", rows), ("unseen wording", unseen))
    }
    ways = ("ratio", "ratio_mean", "strong", "weak", "shortest", "longest")
    chance = sum(1 / len(row["responses"]) for row in rows) / len(rows)
    hashes = {name: sha256((pair / name / "model.safetensors").read_bytes()).hexdigest() for name in ("strong", "weak")}
    return {
        "weights": hashes,
        "holdout": {name: asdict(share(rows, found, name)) for name in ways} | {"chance": round(100 * chance, 1)},
        "ratio over strong": asdict(paired(rights(rows, found), rights(rows, found, "strong"))),
        "by_domain": shares_by(rows, found, "domain"),
        "by_subset": shares_by(rows, found, "subset"),
        "lost_to": lost_to(rows, found),
        "flips": flips(styled, by_criteria["demo-brief"], by_criteria["demo-thorough"]),
        "unseen_wording": shares_by(unseen, unseen_found, "subset"),
        "world": world_report(world, item_means(weak, tokenizer, as_items), rule),
        "items_flagged": flagged,
        "criteria": criteria_report(models, tokenizer, rows),
        "router": router_report(strong, tokenizer, rows),
        "router, unseen wording": router_report(strong, tokenizer, unseen),
        "checkpoints": checkpoints_report(pair, rows),
    }  # fmt: skip


def lost_to(rows: Sequence[Row], found: Sequence[Choices]) -> dict[str, int]:
    """How often each kind of candidate beat the right one."""
    counts: dict[str, int] = {}
    for row, chosen in zip(rows, found, strict=True):
        kind = row["responses"][chosen.ratio]["model"]
        counts[kind] = counts.get(kind, 0) + (kind != "right")
    return {kind: n for kind, n in sorted(counts.items(), key=lambda pair: -pair[1]) if n}


def _thresholds(pair: Path) -> tuple[float, float]:
    file = pair / "world.toml"
    rule = tomllib.loads((file if file.exists() else FOLDER / "world.toml").read_text())
    return float(rule["prompt_min"]), float(rule["response_min"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", type=Path, default=FOLDER)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    text = json.dumps(report(arguments.pair), indent=1)
    if arguments.json:
        arguments.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
