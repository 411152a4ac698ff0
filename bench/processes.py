"""The orchestrator's side of the pipe: a tool's processes are started, told to run, and ended.

A tool that holds one model a process is two processes; their times add up and the larger peak counts.
"""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.environments import python_of
from bench.tools import Setting, ToolInfo, environment_of

ROOT = Path(__file__).resolve().parent.parent
SIDES = ("strong", "weak")


class WorkerFailed(Exception):
    """A tool could not load or weigh; the one line says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One weighing of a part of a case. sums and tokens by side, in the order of the responses."""

    seconds: float
    peak_bytes: int
    computed_tokens: int | None
    sums: Mapping[str, list[float]]
    tokens: Mapping[str, list[list[float]] | None]


class Worker:
    """A tool that is loaded for a case. Use as a context manager; raises WorkerFailed."""

    def __init__(self, tool: ToolInfo, case: str, *, setting: Setting, sides: Sequence[str] = SIDES) -> None:
        self.tool = tool
        self.setting = setting
        held = [group for group in tool.sides() if set(group.split(",")) & set(sides)]
        self._parts = [_Process(tool, case, group, setting) for group in held]
        self.about: Mapping[str, Any] = {}

    def __enter__(self) -> "Worker":
        try:
            for part in self._parts:  # one after the other: loading must not disturb loading
                part.start()
        except WorkerFailed:
            self.__exit__()
            raise
        self.about = self._parts[0].hello["about"]
        return self

    def __exit__(self, *_error: object) -> None:
        for part in self._parts:
            part.stop()

    def run(
        self,
        setting: Setting | None = None,
        *,
        items: tuple[int, int] | None = None,
        responses: int | None = None,
        sides: Sequence[str] = SIDES,
        count: bool = False,
    ) -> Run:
        """Weigh items under the sides. responses: only so many of each; count: also the tokens that are computed."""
        chosen = dict(setting if setting is not None else self.setting)
        order = {"do": "run", "setting": chosen, "count": count, "items": items, "responses": responses}
        answers = []
        for part in self._parts:
            wanted = [side for side in sides if side in part.sides]
            if wanted:
                answers.append(part.ask({**order, "sides": wanted}))
        counts = [answer["computed_tokens"] for answer in answers]
        return Run(
            sum(answer["seconds"] for answer in answers),
            max(answer["peak_bytes"] for answer in answers),
            None if None in counts else sum(counts),
            {side: found for answer in answers for side, found in answer["sums"].items()},
            {side: found for answer in answers for side, found in answer["tokens"].items()},
        )


class _Process:
    """One program, one pipe."""

    def __init__(self, tool: ToolInfo, case: str, sides: str, setting: Setting) -> None:
        self.sides = sides.split(",")
        self._name = tool.name
        self._tool = tool
        self._command = [
            *(str(python_of(tool.environment)), "-m", f"bench.workers.{tool.module}"),
            *("--case", case, "--sides", sides, "--setting", json.dumps(dict(setting))),
        ]
        self.hello: dict[str, Any] = {}

    def start(self) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process
        self._child = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=environment_of(self._tool),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.hello = self._read()

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        if self._child.stdin is None:
            raise WorkerFailed(f"{self._name}: its pipe is closed")
        try:
            self._child.stdin.write(json.dumps(order) + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise WorkerFailed(f"{self._name}: its process ended: {self._last_words()}") from None
        return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            raise WorkerFailed(f"{self._name}: its process ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerFailed(f"{self._name}: {answer['error']}")
        return answer

    def _last_words(self) -> str:
        self._child.wait(timeout=60)
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        return f"exit code {self._child.returncode}; {(lines or ['nothing on stderr'])[-1][:300]}"

    def stop(self) -> None:
        """Close its pipe; a process that does not leave by itself is killed."""
        if not hasattr(self, "_child"):
            return
        try:
            self._child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._log.close()
