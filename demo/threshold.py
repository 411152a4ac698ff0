"""Chooses the thresholds under which an item counts as out of the pair's world, and writes them to world.toml.

    python -m demo.threshold [--pair demo]

Uses in-world text alone, from a draw of its own; evaluate.py measures the errors on other draws and texts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from demo.items import FOLDER, holdout_rows
from demo.scorer import item_means, load

CALIBRATION_SEED = 451  # another draw than the held-out file's
SAFETY = 0.3  # nats below the least likely in-world item


def choose(means: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A little below the least likely in-world item, for prompts and for responses."""
    return round(min(p for p, _ in means) - SAFETY, 1), round(min(r for _, r in means) - SAFETY, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", type=Path, default=FOLDER)
    pair = parser.parse_args().pair
    weak, tokenizer = load(pair / "weak")
    means = item_means(weak, tokenizer, holdout_rows(CALIBRATION_SEED))
    prompt_min, response_min = choose(means)
    lines = [
        "# An item is out of the pair's world when the mean token log-prob (nats) under the weak model of its last",
        "# user message is below prompt_min, or that of all its candidates' tokens pooled (end of turn included) is",
        f"# below response_min. Each is {SAFETY} nats below the least likely of {len(means)} in-world items with",
        "# held-out names and amounts (python -m demo.threshold); errors on other draws and texts: README.md.",
        'model = "weak"',
        f"prompt_min = {prompt_min}",
        f"response_min = {response_min}",
    ]
    (pair / "world.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
