"""A visitor at the desk: what a person does with keys, and what a person reads off the screen."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError

REST = "notRunning"
SCRIPT_STATE = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
TAB_LIMIT = 200


class Visitor:
    """Drives one page. Every wait is for something a person could see."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, path: str) -> None:
        """Go to a path of the desk and wait until it is drawn."""
        self.page.goto(f"{self.url}{path}")
        self.page.get_by_test_id("stAppViewContainer").wait_for()
        self.settle(1.0)

    def settle(self, rest_s: float = 0.1) -> None:
        """Until the script behind the page has been at rest for a while; it may stop and start again in between."""
        rest_began: float | None = None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            now = time.monotonic()
            if (
                self.page.evaluate("() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState")
                == REST
            ):
                rest_began = rest_began or now
                if now - rest_began >= rest_s:
                    return
            else:
                rest_began = None
            time.sleep(0.02)
        raise AssertionError("the page did not come to rest in 60 s")

    def refresh(self) -> None:
        """The browser's own reload."""
        self.page.reload()
        self.page.get_by_test_id("stAppViewContainer").wait_for()
        self.settle(1.0)

    def press(self, key: str) -> None:
        """A key, then the page at rest."""
        self.page.keyboard.press(key)
        self.settle()

    def keyed(self, key: str) -> Any:
        """The element of a widget's key; keys of one screen begin with it."""
        return self.page.locator(f'[class*="st-key-{key}"]').first

    def tab_to(self, key: str) -> None:
        """Press Tab until the focus is inside the widget of that key."""
        self.keyed(key).wait_for()
        self.settle(0.5)
        for _ in range(TAB_LIMIT):
            self.page.keyboard.press("Tab")
            is_inside = 'k => !!document.activeElement?.closest(`[class*="st-key-${k}"]`)'
            if self.page.evaluate(is_inside, key):
                return
        raise AssertionError(f"{key} cannot be reached with Tab")

    def choose_file(self, key: str, file: Path) -> None:
        """A key on an upload button, and the file in the dialog; pressed again when none came, as a person would."""
        for _ in range(3):
            try:
                with self.page.expect_file_chooser(timeout=5_000) as chooser:
                    self.page.keyboard.press(key)
            except TimeoutError:
                continue
            chooser.value.set_files(str(file))
            return
        raise AssertionError(f"{key} opened no file dialog")

    def follow(self, link: str, path: str) -> None:
        """Click a link by its words and wait for its page; a click on a page that was being drawn again is repeated."""
        for _ in range(3):
            self.page.get_by_text(link).first.click()
            try:
                self.page.wait_for_url(f"**{path}**", timeout=10_000)
            except TimeoutError:
                continue
            self.settle()
            return
        raise AssertionError(f"{link} did not lead to {path}")

    def decide(self, key: str) -> None:
        """A key that decides, and the next screen."""
        self.page.locator('[class*="st-key-review_tie_"] button').first.wait_for()
        self.settle()
        before, at = self.progress(), self.position()
        self.page.keyboard.press(key)
        self.wait_until(lambda: self.progress() != before, f"the counts to move after {key} on item {at}")
        self.settle()

    def walk(self, key: str) -> None:
        """An arrow key, and the other item on the screen."""
        before = self.position()
        self.page.keyboard.press(key)
        self.wait_until(lambda: self.position() != before, f"another item after {key}")
        self.settle()

    def suggested(self) -> str:
        """The letter on the Accept button; "" where the run suggests nothing."""
        button = self.page.locator('[class*="st-key-review_accept"] button').first
        found: list[str] = []

        def is_named() -> bool:
            found[:] = re.findall(r"Accept\s+([A-Z])|No suggestion", button.inner_text())
            return bool(found)

        self.wait_until(is_named, "the Accept button")
        return found[0]

    def progress(self) -> str:
        """The line of counts, `3 of 60 decided ...`; at the end `All 60 decided`."""
        return re.sub(r"Saved.*", "", self.page.locator(".t-counts, .t-panel h2").first.inner_text()).strip()

    def position(self) -> int:
        """Which item of the dataset is shown, from 1."""
        return int(self.page.locator(".t-position").inner_text().split()[0])

    def wait_until(self, is_so: Any, what: str, timeout_s: float = 30) -> None:
        """Until something a person could see is so."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if is_so():
                return
            time.sleep(0.05)
        raise AssertionError(f"waited {timeout_s} s for {what}")

    def errors(self) -> list[str]:
        """Error boxes and tracebacks on the screen."""
        boxes = self.page.locator('[data-testid="stException"], [data-testid="stAlertContentError"]')
        return [box.inner_text() for box in boxes.all()]

    def scrolls_sideways(self) -> bool:
        """Whether anything is wider than the window."""
        return bool(self.page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth"))

    def shoot(self, path: Path) -> None:
        """A picture of the window."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.settle()
        self.page.wait_for_timeout(400)  # charts and fonts come to rest
        self.page.screenshot(path=str(path))
