"""A worker's side of the pipe: load once, then weigh when told, one JSON line each way.

    in    {"do": "run", "setting": {...}, "sides": ["strong", "weak"], "items": [0, 1], "count": false}
                (items: first and end; responses: only the first so many of each)
    out   {"seconds": ..., "peak_bytes": ..., "computed_tokens": ..., "sums": {side: [...]}, "tokens": {side: [[...]]}}

The clock runs from token ids to one float a response. peak_bytes is the highest resident memory of the run minus what
was resident after loading (and after one tiny run, which touches the weights and makes the lazy things). Standard
library only: six tools' interpreters import this.
"""

import argparse
import contextlib
import ctypes
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.cases import Item, make_case

MODELS = Path(__file__).resolve().parent.parent / ".models"
Setting = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a tool found under one model: a sum for every response, and per token where the tool tells them."""

    sums: list[float]
    tokens: list[list[float]] | None = None


class Tool(Protocol):
    """A loaded pair (or one model of it) that can weigh items."""

    def weigh(self, items: Sequence[Item], sides: Sequence[str], setting: Setting) -> dict[str, Weighed]:
        """All responses of the items in their order, under each of the models."""
        ...

    def describe(self) -> dict[str, Any]:
        """Versions, and whatever else must stand beside the figures."""
        ...


def serve(make: Callable[[dict[str, Path], Setting], Tool]) -> None:
    """Load the models named on the command line with `make`, say so, and obey until the pipe closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", required=True)
    parser.add_argument("--sides", default="strong,weak")
    parser.add_argument("--setting", default="{}")
    given = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print; the answers must stay alone
    case = make_case(given.case)
    sides = given.sides.split(",")
    tool = make({side: MODELS / case.models / side for side in sides}, json.loads(given.setting))
    tool.weigh([_tiny(case.items[0])], sides, json.loads(given.setting))
    resident = settled_bytes()
    _say(answers, {"resident_bytes": resident, "about": tool.describe()})
    for line in sys.stdin:
        _say(answers, _answer(tool, case.items, json.loads(line), resident))


def _tiny(item: Item) -> Item:
    return Item(item.prompt[:16], tuple(response[:8] for response in item.responses[:2]))


def _answer(tool: Tool, items: Sequence[Item], order: dict[str, Any], resident: int) -> dict[str, Any]:
    first, end = order.get("items") or (0, len(items))
    chosen = [Item(item.prompt, item.responses[: order.get("responses")]) for item in items[first:end]]
    gc.collect()
    try:
        # The system takes pages of the weights back from a process that waits for the others; not what is measured.
        tool.weigh([_tiny(items[0])], order["sides"], order["setting"])
        reset_peak()
        with counting(order.get("count", False)) as count:
            start = time.perf_counter()
            found = tool.weigh(chosen, order["sides"], order["setting"])
            seconds = time.perf_counter() - start
    except (RuntimeError, ValueError, MemoryError) as error:
        return {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:300]}"}
    return {
        "seconds": seconds,
        "peak_bytes": peak_bytes() - resident,
        "computed_tokens": count.tokens or None,
        "sums": {side: one.sums for side, one in found.items()},
        "tokens": {side: one.tokens for side, one in found.items()},
    }


def _say(answers: Any, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


@dataclass(slots=True)
class Count:
    """Forwards, and the token positions in them, padding included."""

    forwards: int = 0
    tokens: int = 0


@contextlib.contextmanager
def counting(wanted: bool = True) -> Iterator[Count]:
    """Counts what enters the first decoder layer of any model in this process, whoever calls it."""
    count = Count()
    if not wanted:
        yield count
        return
    from torch.nn.modules.module import register_module_forward_pre_hook

    def seen(module: Any, inputs: tuple[Any, ...]) -> None:
        if type(module).__name__.endswith("DecoderLayer") and module.self_attn.layer_idx == 0:
            count.forwards += 1
            count.tokens += inputs[0].numel() // inputs[0].shape[-1]

    handle = register_module_forward_pre_hook(seen)
    try:
        yield count
    finally:
        handle.remove()


def settled_bytes() -> int:
    """Resident bytes once what is free was given back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return _status("VmRSS")


def reset_peak() -> None:
    """Begin a new high-water mark of resident memory (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """The high-water mark since `reset_peak`."""
    return _status("VmHWM")


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1]) * 1024
