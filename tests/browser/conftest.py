"""A real server on a free port with a database of its own, and a real Chromium in front of it.

`TARE_TEST_CHROMIUM` names the browser (default: `chromium` on the PATH); without one these tests skip and say so.
`TARE_SHOTS` names a folder for the README's pictures.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("TARE_TEST_CHROMIUM") or shutil.which("chromium") or ""
NO_BROWSER = "needs Chromium: install Debian's `chromium`, or set TARE_TEST_CHROMIUM=/path/to/chromium, or run .ci/run"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
READY_WITHIN_S = 90


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


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


@pytest.fixture(scope="session")
def demo_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo imported and weighed by the real pair; copied by who needs it."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    tare(f"sqlite:///{path}", "demo")
    return path


@pytest.fixture
def empty_desk(tmp_path: Path) -> Iterator[Desk]:
    """A fresh server on a new database without the demo."""
    desk = serve(f"sqlite:///{tmp_path / 'tare.db'}", tmp_path)
    yield desk
    stop(desk)


@pytest.fixture
def demo_desk(tmp_path: Path, demo_database: Path) -> Iterator[Desk]:
    """A fresh server on a copy of the demo's database."""
    for part in demo_database.parent.glob("demo.db*"):
        shutil.copy(part, tmp_path / part.name)
    desk = serve(f"sqlite:///{tmp_path / 'demo.db'}", tmp_path)
    yield desk
    stop(desk)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all stories."""
    if not CHROMIUM:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh visitor's page, 1280x800, light; console errors fail the story at its end."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()
