"""The float64 truth of a case, computed once and kept in bench/.cache until the models or the case change."""

import hashlib
import json
from pathlib import Path
from typing import Any

from bench.cases import Case
from bench.processes import SIDES, Worker
from bench.tools import ToolInfo
from bench.workers.pipe import MODELS

CACHE = Path(__file__).resolve().parent / ".cache"
TOOL = ToolInfo("reference", "float64 plain loop", "reference_worker", "tare")


def exact_logprobs(case: Case) -> dict[str, Any]:
    """By side, the token log-probs of every checked response; empty when the case checks none."""
    if case.checked_items == 0:
        return {}
    n = len(case.items) if case.checked_items is None else case.checked_items
    path = CACHE / f"{case.name}-{_key(case, n)}.json"
    if path.exists():
        known: dict[str, Any] = json.loads(path.read_text())
        return known
    with Worker(TOOL, case.name, setting={}) as worker:
        found = dict(worker.run(items=(0, n)).tokens)
    CACHE.mkdir(exist_ok=True)
    path.write_text(json.dumps(found))
    return found


def _key(case: Case, n: int) -> str:
    """Of everything the numbers rest on: the ids and the weights."""
    digest = hashlib.sha256(repr(case.items[:n]).encode())
    for side in SIDES:
        with (MODELS / case.models / side / "model.safetensors").open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
