"""A visitor at the desk: what a person does with keys, and what a person reads off the screen."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

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
        self.settle()

    def settle(self) -> None:
        """Until the script behind the page has come to rest."""
        self.page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        )

    def refresh(self) -> None:
        """The browser's own reload."""
        self.page.reload()
        self.page.get_by_test_id("stAppViewContainer").wait_for()
        self.settle()

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
        for _ in range(TAB_LIMIT):
            self.page.keyboard.press("Tab")
            is_inside = "k => !!document.activeElement?.closest(`[class*=\"st-key-${k}\"]`)"
            if self.page.evaluate(is_inside, key):
                return
        raise AssertionError(f"{key} cannot be reached with Tab")

    def decide(self, key: str) -> None:
        """A key that decides, and the next screen."""
        before = self.progress()
        self.page.keyboard.press(key)
        self.wait_until(lambda: self.progress() != before, f"the counts to move after {key}")
        self.settle()

    def progress(self) -> str:
        """The line of counts: `3 of 60 decided ...`."""
        return re.sub(r"Saved.*", "", self.page.locator(".t-counts, .t-done").first.inner_text()).strip()

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
