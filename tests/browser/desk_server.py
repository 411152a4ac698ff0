"""A served desk: `tare serve` on a free port with a database of its own, and the `tare` command on that database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 90


@dataclass(frozen=True)
class Desk:
    """A served desk: where it is, which database it uses, and its process."""

    url: str
    database_url: str
    process: subprocess.Popen[bytes]
    log: Path

    def tare(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A `tare` command on the same database."""
        return tare(self.database_url, *words)


def tare(database_url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on a database; raises when it fails."""
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *words],
        env=os.environ | {"TARE_DATABASE_URL": database_url}, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip


def serve(database_url: str, folder: Path) -> Desk:
    """Start `tare serve` and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "server.log"
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "serve", "--port", str(port), "--no-demo"],
        env=os.environ | {"TARE_DATABASE_URL": database_url, "TARE_ANNOTATOR": "Ada"},
        stdout=log.open("wb"), stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    desk = Desk(f"http://127.0.0.1:{port}", database_url, process, log)
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{desk.url}/_stcore/health", timeout=2):
                return desk
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.2)
    stop(desk)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")


def stop(desk: Desk) -> None:
    """End the server and its children."""
    if desk.process.poll() is None:
        os.killpg(desk.process.pid, signal.SIGTERM)
        try:
            desk.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(desk.process.pid, signal.SIGKILL)
            desk.process.wait(5)
