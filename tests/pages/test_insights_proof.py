"""Insights: what decisions prove, where to look again; and the certificate made, verified and kept on Audit."""

from __future__ import annotations

import json
import re

import pytest
from audit_builders import Audited, audited_set, drawn, say, settle
from sqlalchemy import select, text
from visitor import HOSTILE, Visitor

from db.session import Sessions
from db.tables import Candidate, Item, Run
from db.tables_audit import Certificate
from services.looks.plans import make_plan
from services.pairs.catalogue import get_pair, spec_of
from ui import frame

N = 60


@pytest.fixture
def audited(empty_desk: Sessions) -> Audited:
    """Sixty pairs of two domains, a random sample of forty looked at; a few more by somebody else."""
    found = audited_set(empty_desk, [float(place) for place in range(N)], domains=["chat", "sums"] * (N // 2))
    with empty_desk.begin() as session:
        session.get_one(Run, found.run_id).configuration = {"rank_by": "sum", "pair": spec_of(get_pair("demo"))}
        for item in session.scalars(select(Item)):
            item.messages = [{"role": "user", "content": f"{HOSTILE} tea {item.position}"}]
    plan = make_plan(
        empty_desk, dataset_id=found.dataset_id, run_id=found.run_id, made_by="me", order="random", n=40, seed="page"
    )
    settle(found, drawn(found, plan.plan_id), lambda place: "wrong" if place < 12 else "right", by="me", plan=plan)
    for place in drawn(found, plan.plan_id)[:5]:
        say(found, place, "right", by="Ben")
    return found


def test_what_the_decisions_prove_stands_with_n_and_interval(audited: Audited) -> None:
    visitor = Visitor(frame.INSIGHTS)
    shown = visitor.html + visitor.words
    assert "What the decisions prove" in shown
    assert "random looks, 95 % interval" in shown or "random looks and" in shown
    assert "Krippendorff&#x27;s alpha" in shown
    assert {"How this is counted", "The items on which people differ"} <= {link.label for link in visitor.at.page_link}
    assert visitor.has_no_trouble()


def test_look_here_again_lists_items_with_their_links_and_shows_prompts_as_text(audited: Audited) -> None:
    visitor = Visitor(frame.INSIGHTS)
    before = visitor.html
    assert "t-again" not in before, "nothing is compared before somebody asks"
    visitor.put("insights_again", True)
    assert visitor.html.count('class="t-again"') >= 5
    assert "overridden item" in visitor.words
    linked = {int(number) for number in re.findall(r'href="review\?[^"]*item=(\d+)', visitor.html)}
    assert len(linked) >= 5
    assert linked <= set(audited.item_ids)
    assert visitor.shows_only_as_text(HOSTILE)
    assert visitor.has_no_trouble()


def test_without_a_sample_the_way_to_one_is_shown(empty_desk: Sessions) -> None:
    found = audited_set(empty_desk, [1.0, 2.0, 3.0])
    with empty_desk.begin() as session:
        session.get_one(Run, found.run_id).configuration = {"rank_by": "sum", "pair": spec_of(get_pair("demo"))}
    say(found, 0, "right", by="me")
    visitor = Visitor(frame.INSIGHTS)
    assert "Draw a sample" in [link.label for link in visitor.at.page_link]
    assert visitor.has_no_trouble()


def test_a_certificate_is_made_verified_and_known_to_be_behind_once_somebody_decides(audited: Audited) -> None:
    visitor = Visitor(frame.AUDIT, step=4)
    assert "None was given out for this run yet" in visitor.html
    visitor.press("audit_certificate_make")
    assert "95 % interval" in visitor.html
    assert {"audit_certificate_page", "audit_certificate_json"} <= visitor.keys
    visitor.press("audit_certificate_verify")
    assert "Verified: the database bears out all" in visitor.html
    with audited.sessions() as session:
        (kept,) = session.scalars(select(Certificate))
    assert json.loads(kept.body)["people_are"] == "numbered"
    say(audited, 59, "wrong", by="Cleo")
    visitor.run()
    assert "Decisions were made since" in visitor.html
    assert visitor.has_no_trouble()


def test_a_changed_database_is_said_on_the_screen(audited: Audited) -> None:
    visitor = Visitor(frame.AUDIT, step=4)
    visitor.press("audit_certificate_make")
    with audited.sessions.begin() as session:
        session.execute(text("UPDATE suggestion SET margin = margin + 1"))
        session.get_one(Candidate, audited.candidate_ids[0][0]).text = HOSTILE
    visitor.press("audit_certificate_verify")
    assert "figures differ from the database" in visitor.html
    assert "run.suggestions.sha256" in visitor.html
    assert visitor.shows_only_as_text(HOSTILE)
