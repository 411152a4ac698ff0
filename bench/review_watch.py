"""A served desk and a Chromium before it that notes when a key was pressed and when the next item stood.

The page's own clock is read by a script in the page; the socket's frames come from the browser's network log, whose
clock is the same for what is sent and what arrives. Leaves out what is measured (review_speed.py).
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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.processes import ROOT

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
READY_WITHIN_S = 60.0
QUIET_S = 0.4  # no frame for so long: the press is answered
WATCH = """
(() => {
  const number = where => (where?.textContent.match(/Item (\\d+)/) || [])[1];
  const shown = () => {
    const chat = number(document.querySelector('.t-chat'));
    const cards = [...document.querySelectorAll('.t-card')].map(number);
    return cards.length > 1 && cards.every(card => card === chat) ? chat : null;
  };
  const state = () => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState;
  window.presses = [];
  let open = null;
  addEventListener('keydown', event => {
    open = {key: event.key, from: shown(), at: performance.now(), rendered: null, rest: null};
    window.presses.push(open);
  }, true);
  const look = () => {
    if (!open) return;
    const now = shown();
    if (open.rendered === null && now !== null && now !== open.from) {
      const press = open;
      press.rendered = 0;
      requestAnimationFrame(() => { press.rendered = performance.now() - press.at; look(); });
    }
    if (open.rendered && state() === 'notRunning') { open.rest = performance.now() - open.at; open = null; }
  };
  const begin = () => new MutationObserver(look).observe(document, {childList: true, subtree: true, attributes: true,
    characterData: true});
  begin();
})()
"""


class Page:
    """A page that is watched. `press` returns when the next item stands and the socket is quiet."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self._frames: list[tuple[str, float]] = []  # (sent | received, seconds on the browser's clock)
        self._server: list[float] = []
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.webSocketFrameSent", lambda frame: self._frames.append(("sent", frame["timestamp"])))
        network.on("Network.webSocketFrameReceived", lambda frame: self._frames.append(("got", frame["timestamp"])))

    def press(self, key: str) -> None:
        """One key, then everything that answers it."""
        self._frames.clear()
        self.page.keyboard.press(key)
        self.page.wait_for_function("() => { const last = presses.at(-1); return last.rendered && last.rest; }")
        seen = -1
        while seen != len(self._frames):
            seen = len(self._frames)
            self.page.wait_for_timeout(QUIET_S * 1000)
        sent = [at for kind, at in self._frames if kind == "sent"]
        got = [at for kind, at in self._frames if kind == "got"]
        self._server.append((max(got) - min(sent)) * 1000)

    def times(self) -> dict[str, list[float]]:
        """Milliseconds of each press."""
        presses = self.page.evaluate("() => presses")
        named = {name: [float(press[name]) for press in presses] for name in ("rendered", "rest")}
        return named | {"server": self._server}


@contextmanager
def watched(address: str) -> Iterator[Page]:
    """The page at an address, drawn and at rest."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("TARE_TEST_CHROMIUM") or shutil.which("chromium") or "chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.add_init_script(WATCH)
        page.goto(address)
        page.locator(".t-card").first.wait_for()
        page.wait_for_timeout(3_000)
        yield Page(page)
        browser.close()


@contextmanager
def served(database_url: str, folder: Path) -> Iterator[str]:
    """`tare serve` on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), "serve", "--port", str(port), "--no-demo"],
            env=os.environ | {"TARE_DATABASE_URL": database_url, "TARE_WORKER": "off"},
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(15)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not answer at {address} in {READY_WITHIN_S:.0f} s")
