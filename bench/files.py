"""Where results lie, how they are written, and one line to the terminal."""

import json
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def write(name: str, what: Any) -> None:
    """bench/results/<name>.json, as a person can read it and git can compare it."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(what, indent=1) + "\n")


def say(line: str) -> None:
    """To the terminal, at once."""
    print(line, file=sys.stderr, flush=True)
