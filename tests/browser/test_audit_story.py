"""A person reads what the looks prove, sets a target, accepts labels unlooked, and takes them back as one."""

from __future__ import annotations

import math
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from audit_builders import Audited, audited_set, drawn, settle
from desk_server import Desk, serve, stop
from person import Visitor
from sqlalchemy import func, select

from db.session import make_sessionmaker
from db.tables import Decision
from services.labels import label_counts
from services.looks.plans import make_plan

N = 2_000
NAMES = {2: "audit", 3: "accept-unlooked"}  # of the pictures
DOMAINS = ("chat", "reasoning", "safety", "chat")


@pytest.fixture
def audited(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Audited]:
    """Two thousand weighed pairs; a random plan of 400, all looked at, a third of them blind."""
    shutil.copy(migrated_sqlite, tmp_path / "audit.db")
    sessions = make_sessionmaker(f"sqlite:///{tmp_path / 'audit.db'}")
    margins = [margin(place) for place in range(N)]
    found = audited_set(sessions, margins, domains=[DOMAINS[place % 4] for place in range(N)], name="help desk")
    plan = make_plan(
        sessions, dataset_id=found.dataset_id, run_id=found.run_id, made_by="Ada", order="random", n=400, seed="story",
        name="first look", blind_share=0.3,
    )  # fmt: skip
    settle(found, drawn(found, plan.plan_id), opinion, plan=plan)
    yield found
    sessions.engine.dispose()


def margin(place: int) -> float:
    """Small margins are more frequent than large ones, as they are in a run."""
    return round(-5 * math.log(1 - (place * 7919 % N + 0.5) / N), 3)


def opinion(place: int) -> str:
    """People disagree the more often, the smaller the margin."""
    return "wrong" if random.Random(place).random() < 0.4 * math.exp(-margin(place) / 1.8) else "right"


@pytest.fixture
def audit_desk(audited: Audited, tmp_path: Path) -> Iterator[Desk]:
    """A server on that database."""
    desk = serve(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    yield desk
    stop(desk)


def n_decisions(audited: Audited, kind: str, verdict: str) -> int:
    wanted = select(func.count()).select_from(Decision).where(Decision.kind == kind, Decision.verdict == verdict)
    with audited.sessions() as session:
        return session.scalar(wanted) or 0


def open_step(visitor: Visitor, title: str) -> None:
    visitor.page.get_by_role("tab", name=title).click()
    visitor.settle(0.5)


def press(visitor: Visitor, key: str) -> None:
    visitor.keyed(key).get_by_role("button").click()
    visitor.settle(0.5)


def test_set_a_target_accept_unlooked_and_take_it_back(audit_desk: Desk, audited: Audited, page: Any) -> None:
    visitor = Visitor(page, audit_desk.url)
    visitor.open("/audit?dataset=help%20desk")
    open_step(visitor, "What it proves")
    page.get_by_text("Of all 2,000 suggestions of this run, people would agree with").wait_for()
    assert "step=2" in page.url

    open_step(visitor, "Accept the rest")
    box = visitor.keyed("audit_target").locator("input")
    box.fill("0.5")
    page.keyboard.press("Enter")
    page.get_by_text("No margin is safe enough yet").wait_for()
    box.fill("5")
    page.keyboard.press("Enter")
    page.get_by_text("At most 5 % of them are wrong, at 95 % confidence").wait_for()
    visitor.settle(0.5)

    n_by_hand = n_decisions(audited, "label", "accept") + n_decisions(audited, "label", "override")
    press(visitor, "audit_apply")
    page.get_by_text("They can be taken back below").wait_for()
    n = n_decisions(audited, "auto", "accept")
    assert n > 500
    with audited.sessions() as session:
        assert label_counts(session, audited.dataset_id).n_auto == n
    visitor.refresh()
    assert "step=3" in page.url
    page.get_by_text(f"{n:,} stand").wait_for()

    press(visitor, "audit_revoke_")
    page.get_by_text("taken back by Ada").wait_for()
    assert n_decisions(audited, "auto", "undo") == n
    with audited.sessions() as session:
        counts = label_counts(session, audited.dataset_id)
    assert (counts.n_auto, counts.n_human) == (0, n_by_hand)
    assert not visitor.errors()


def test_pictures_of_the_audit_in_light_and_dark(audit_desk: Desk, browser: Any, tmp_path: Path) -> None:
    """Takes the README's pictures (to TARE_SHOTS when set) and checks that no step scrolls sideways."""
    folder = Path(os.environ.get("TARE_SHOTS") or tmp_path)
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    visitor = Visitor(context.new_page(), audit_desk.url)
    visitor.open("/audit?dataset=help%20desk&step=2")
    for step, title in ((2, "What it proves"), (3, "Accept the rest")):
        open_step(visitor, title)
        visitor.page.locator(".js-plotly-plot:visible").first.wait_for()
        if step == 3:
            visitor.keyed("audit_target").locator("input").fill("5")
            visitor.page.keyboard.press("Enter")
            visitor.settle(0.5)
        for scheme in ("light", "dark"):
            visitor.page.emulate_media(color_scheme=scheme)
            visitor.shoot(folder / f"{NAMES[step]}-{scheme}.png")
        assert not visitor.errors()
        assert not visitor.scrolls_sideways()
    context.close()
