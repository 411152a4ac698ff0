"""A real server on a free port with a database of its own, and a real Chromium in front of it.

`TARE_TEST_CHROMIUM` names the browser (default: `chromium` on the PATH); without one these tests skip and say so.
`TARE_SHOTS` names a folder for the README's pictures.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_server import Desk, serve, stop, tare

CHROMIUM = os.environ.get("TARE_TEST_CHROMIUM") or shutil.which("chromium") or ""
NO_BROWSER = "needs Chromium: install Debian's `chromium`, or set TARE_TEST_CHROMIUM=/path/to/chromium, or run .ci/run"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A fresh visitor's page, 1280x800, light. What it showed last is kept beside the story's database."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(30_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.screenshot(path=str(tmp_path / "last.png"))
    context.close()
    outside = [url for url in asked if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))]
    assert outside == [], "the desk asks no other server for anything"
