"""The answers of a real vLLM: recorded once, given again to exactly the recorded requests; and the real one started.

TARE_TEST_VLLM=PATH/TO/vllm pytest -m vllm                             the same tests against the real one
TARE_TEST_VLLM=PATH/TO/vllm TARE_TEST_RECORD=1 pytest -m vllm          and what it answers is written down anew
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from loopback import Call, Loopback, Reply
from server_builders import CONTEXT, SERVED_AS

RECORDED = Path(__file__).parent / "scoring" / "recorded"
# For a fixture's params; pyproject.toml deselects what is marked vllm.
SOURCES = ("recorded", pytest.param("vllm", marks=pytest.mark.vllm))


@contextmanager
def answering(source: str, name: str, folder: Path, log: Path) -> Iterator[str]:
    """The address of a server of the model in `folder`: recorded answers (of that name), or a real vLLM."""
    if source == "recorded":
        with Loopback(Replay(RECORDED / f"{name}.json")) as server:
            yield server.url
        return
    executable = os.environ.get("TARE_TEST_VLLM")
    if not executable:
        pytest.skip("needs vLLM: set TARE_TEST_VLLM to its executable (docs/servers.md)")
    with real_vllm(executable, folder, log) as url, Loopback(Recording(url)) as server:
        yield server.url
        if os.environ.get("TARE_TEST_RECORD"):
            server.respond.write(RECORDED / f"{name}.json")  # type: ignore[attr-defined]


class Replay:
    """Gives the recorded answers to exactly the recorded requests, and 500 to any other."""

    def __init__(self, file: Path) -> None:
        self.answers = {_key(one["method"], one["path"], one["body"]): one for one in json.loads(file.read_text())}

    def __call__(self, call: Call) -> Reply:
        found = self.answers.get(_key(call.method, call.path, call.body))
        if found is None:
            return Reply({"error": {"message": "this request was not recorded"}}, 500)
        return Reply(found["answer"], found["status"])


class Recording:
    """Hands requests on to a real server and keeps what came back."""

    def __init__(self, url: str) -> None:
        self.base = url.removesuffix("/v1")
        self.kept: dict[str, dict[str, Any]] = {}

    def __call__(self, call: Call) -> Reply:
        data = None if call.body is None else json.dumps(call.body).encode()
        request = urllib.request.Request(
            self.base + call.path, data=data, headers={"Content-Type": "application/json"}, method=call.method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                status, raw = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, raw = error.code, error.read()
        kept = {
            "method": call.method,
            "path": call.path,
            "body": call.body,
            "status": status,
            "answer": json.loads(raw),
        }
        self.kept[_key(call.method, call.path, call.body)] = kept
        return Reply(raw, status)

    def write(self, file: Path) -> None:
        """One answer a line."""
        lines = ",\n".join(json.dumps(kept, separators=(",", ":")) for _, kept in sorted(self.kept.items()))
        file.write_text(f"[\n{lines}\n]\n")


def _key(method: str, path: str, body: Any) -> str:
    return f"{method} {path} {json.dumps(body, sort_keys=True)}"


@contextmanager
def real_vllm(executable: str, folder: Path, log: Path, *, seconds: float = 300) -> Iterator[str]:
    """A vLLM that serves the folder on loopback as `tiny`, in float32; its base address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        executable, "serve", str(folder), "--served-model-name", SERVED_AS, "--host", "127.0.0.1", "--port", str(port),
        "--dtype", "float32", "--max-model-len", str(CONTEXT), "--enforce-eager", "--max-num-seqs", "16",
    ]  # fmt: skip
    settings = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"}
    offline = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=os.environ | settings | offline, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/v1", process, log, seconds)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/models", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"vLLM did not come up; the end of its log:\n{log.read_text(errors='replace')[-3000:]}")
