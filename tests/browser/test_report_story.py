"""The story of a report, in a real browser: made on Audit, verified, taken away, opened where there is no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certified_audit import write_audited
from desk_server import Desk, serve, stop
from person import Visitor

from db.migrate import upgrade
from db.session import make_sessionmaker

PAPER = {"light": "rgb(250, 248, 244)", "dark": "rgb(24, 27, 28)"}


@pytest.fixture
def audited_desk(tmp_path: Path) -> Iterator[Desk]:
    """A server on a database with an audited dataset named `set`."""
    url = f"sqlite:///{tmp_path / 'audited.db'}"
    upgrade(url)
    sessions = make_sessionmaker(url)
    write_audited(sessions)
    sessions.engine.dispose()
    desk = serve(url, tmp_path)
    yield desk
    stop(desk)


def test_a_report_is_made_verified_and_opened_without_a_network(
    audited_desk: Desk, page: Any, browser: Any, tmp_path: Path
) -> None:
    visitor = Visitor(page, audited_desk.url)
    visitor.open("/audit?dataset=set&step=4")
    page.locator(".st-key-audit_certificate_make button").click()
    page.get_by_text("As of").first.wait_for()
    visitor.settle(0.5)
    page.locator(".st-key-audit_certificate_verify button").click()
    page.get_by_text("Verified: the database bears out all").wait_for()
    visitor.settle(0.5)
    with page.expect_download() as download:
        page.locator(".st-key-audit_certificate_page button").first.click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    assert not visitor.errors()
    assert audited_desk.tare("verify", str(report)).stdout.rstrip().endswith("Verified.")
    for scheme, paper in PAPER.items():
        _opens_without_a_network(browser, report, scheme=scheme, paper=paper)


def _opens_without_a_network(browser: Any, report: Path, *, scheme: str, paper: str) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme=scheme, offline=True)
    reader = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    reader.on("request", lambda request: asked.append(request.url))
    reader.on("console", lambda message: said.append(message.text))
    reader.goto(report.as_uri())
    assert reader.locator("h1").inner_text() == "set"
    assert "at least" in reader.locator(".said").inner_text()
    drawn = reader.locator("svg.fig")
    assert drawn.count() >= 5
    assert all(drawn.nth(n).bounding_box()["height"] > 40 for n in range(drawn.count()))
    assert reader.evaluate("getComputedStyle(document.body).backgroundColor") == paper
    assert not reader.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    reader.locator("summary").click()
    assert '"tare_certificate": 1' in reader.locator("#certificate").inner_text()
    assert asked == [report.as_uri()]
    assert said == []
    context.close()
