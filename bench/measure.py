"""One case: settings tried, memory in fresh processes, then interleaved runs: ours, rival, rival, ours, rival, ...

What comes out is plain JSON (report.py turns it into words). Decides nothing about passing or failing.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from bench.cases import Case, Rival
from bench.exactness import compare
from bench.processes import Run, Worker, WorkerFailed
from bench.tools import TOOLS, Setting, ToolInfo

PAUSE_S = 0.4  # OpenMP threads of the process that just ran spin for 0.2 s before they sleep
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How thorough: runs a tool, and whether settings are tried (else the first one is taken)."""

    runs: int = 5
    calibrate: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """A tool with the setting it runs with, and what was tried: seconds (None: failed), under the strong model only."""

    tool: ToolInfo
    setting: Setting
    tried: Sequence[Mapping[str, Any]]
    tried_pairs: int = 0


def measure_case(case: Case, tools: Sequence[str], plan: Plan, exact: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Every tool of the case: its runs, memory, exactness. A tool that fails is in the result with its one line."""
    chosen: dict[str, Chosen] = {}
    found: dict[str, dict[str, Any]] = {}
    for name in tools:
        try:
            chosen[name] = _choose(case, TOOLS[name], plan, say)
        except WorkerFailed as failure:
            found[name] = {"failed": str(failure)}
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for name, one in chosen.items():
            try:
                workers[name] = stack.enter_context(Worker(one.tool, case.name, setting=one.setting))
                found[name] = _first_run(case, workers[name], one, say)
            except WorkerFailed as failure:
                workers.pop(name, None)
                found[name] = {"failed": str(failure)}
        runs = _interleaved(case, workers, plan.runs, found, say)
    for name, done in runs.items():
        found[name] |= _summary(case, name, done, exact)
        if plan.calibrate and chosen[name].setting != TOOLS[name].default:
            found[name]["default_peak_bytes"] = _default_peak(case, TOOLS[name], say)
    in_order = {name: found[name] for name in tools}
    return {"case": case.name, "title": case.title, "parts": case.parts, "tools": in_order}


def _choose(case: Case, tool: ToolInfo, plan: Plan, say: Say) -> Chosen:
    """The fastest setting on a few responses under the strong model; a fixed one is taken as it is."""
    rival = next((rival for rival in case.rivals if rival.tool == tool.name), Rival(tool.name, None))
    fixed = dict(rival.fixed)
    settings = [setting for setting in tool.settings if _fits(case, setting)]
    if not plan.calibrate or len(settings) == 1:
        return Chosen(tool, fixed or settings[0], ())
    tried = _tried(case, tool, settings)
    for one in tried:
        say(f"  {tool.name} {one['setting']}: {one['seconds'] or one['failed']}")
    works = [one for one in tried if one["seconds"] is not None]
    if not works:
        raise WorkerFailed(f"{tool.name}: no setting works; {tried[0]['failed']}")
    best = min(works, key=lambda one: float(one["seconds"]))
    return Chosen(tool, fixed or best["setting"], tried, case.tried_pairs)


def _fits(case: Case, setting: Setting) -> bool:
    """Whether a setting is worth trying: no batch beyond the responses; lm_eval's slow automatic mode once only."""
    n_responses = sum(len(item.responses) for item in case.items)
    batch = setting.get("batch", setting.get("pairs", 1))
    if batch == "auto":
        return case.name == "n8_p512"
    tried = min(n_responses, 2 * case.tried_pairs)
    return int(batch) * (2 if "pairs" in setting else 1) <= tried


def _sample(case: Case) -> tuple[tuple[int, int], int]:
    """The first items, and how many responses of each, that hold the pairs to try with."""
    each = min(len(case.items[0].responses), 2 * case.tried_pairs)
    return (0, min(len(case.items), -(-2 * case.tried_pairs // each))), each


def _tried(case: Case, tool: ToolInfo, settings: Sequence[Setting]) -> list[dict[str, Any]]:
    """Seconds of one run for each setting, in one process where the setting allows it."""
    items, each = _sample(case)
    groups = [[setting] for setting in settings] if tool.loads_setting else [list(settings)]
    tried: list[dict[str, Any]] = []
    for group in groups:
        seconds: dict[int, float] = {}
        failed = None
        try:
            with Worker(tool, case.name, setting=group[0], sides=("strong",)) as worker:
                worker.run(items=(0, 1), responses=2, sides=("strong",))  # warm
                for index, setting in enumerate(group):
                    seconds[index] = worker.run(setting, items=items, responses=each, sides=("strong",)).seconds
                    time.sleep(PAUSE_S)
        except WorkerFailed as failure:  # what comes after it in the group is larger still, and not tried
            failed = str(failure)
        for index, setting in enumerate(group):
            why = None if index in seconds else failed
            tried.append({"setting": dict(setting), "seconds": seconds.get(index), "failed": why})
    return tried


def _first_run(case: Case, worker: Worker, chosen: Chosen, say: Say) -> dict[str, Any]:
    """The first run of a fresh process: warms up, and tells peak memory and tokens computed."""
    items = None if chosen.tool.name == "tare" else _first_items(case)
    run = worker.run(items=items, count=not chosen.tool.one_side)
    setting = dict(chosen.setting)
    say(f"  {chosen.tool.name} {setting}: first run {run.seconds:.2f} s, peak {run.peak_bytes / 1e6:.0f} MB")
    return {
        "title": chosen.tool.title,
        "about": dict(worker.about),
        "setting": setting,
        "tried": list(chosen.tried),
        "tried_pairs": chosen.tried_pairs,
        "peak_bytes": run.peak_bytes,
        "computed_tokens": run.computed_tokens if items is None else None,
    }


def _default_peak(case: Case, tool: ToolInfo, say: Say) -> int | None:
    """Peak of the first run of a fresh process with the setting the package comes with, where it names one."""
    if not tool.default:
        return None
    try:
        with Worker(tool, case.name, setting=tool.default) as worker:
            peak = worker.run(items=_first_items(case)).peak_bytes
    except WorkerFailed as failure:
        say(f"  {tool.name} {dict(tool.default)}: {failure}")
        return None
    say(f"  {tool.name} {dict(tool.default)}, its default: peak {peak / 1e6:.0f} MB")
    return peak


def _first_items(case: Case) -> tuple[int, int] | None:
    """A rival shares nothing between items, so of a long case one part shows its peak; None: all."""
    return None if case.parts == 1 else case.part(0)


def _interleaved(
    case: Case, workers: dict[str, Worker], n_runs: int, found: dict[str, dict[str, Any]], say: Say
) -> dict[str, list[Run]]:
    """Round after round, each tool once. Rivals of a case in parts weigh part after part, ours always everything."""
    runs: dict[str, list[Run]] = {name: [] for name in workers}
    for k in range(n_runs):
        for name, worker in list(workers.items()):
            items = None if case.parts == 1 or name == "tare" else case.part(k)
            try:
                runs[name].append(worker.run(items=items))
            except WorkerFailed as failure:
                del workers[name], runs[name]
                found[name] = {"failed": str(failure)}
            time.sleep(PAUSE_S)
        say(f"  round {k + 1}: " + ", ".join(f"{name} {done[-1].seconds:.2f} s" for name, done in runs.items()))
    return runs


def _summary(case: Case, name: str, runs: Sequence[Run], exact: Mapping[str, Any]) -> dict[str, Any]:
    parts = 1 if name == "tare" else case.parts
    seconds = [run.seconds * parts for run in runs]
    spread = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else [seconds[0]] * 3
    first = runs[0]  # of a case in parts this is part 0, which holds the items that are checked
    sizes = [len(item.responses) for item in case.items[: case.checked_items]]
    is_checked = bool(exact) and bool(sizes)
    return {
        "seconds": seconds,
        "median_s": statistics.median(seconds),
        "quartiles_s": [spread[0], spread[2]],
        "exactness": asdict(compare(first.sums, first.tokens, exact, sizes)) if is_checked else None,
        "is_repeatable": all(run.sums == first.sums for run in runs) if parts == 1 else None,
    }
