"""The Audit page: steps, what the looks prove, accepting unlooked and taking it back, and what is missing."""

from __future__ import annotations

import pytest
from audit_builders import Audited, audited_set, drawn, settle
from sqlalchemy import func, select
from visitor import Visitor

from db.session import Sessions
from db.tables import Decision, Run
from services.annotators import ensure_annotator, set_role
from services.looks.plans import make_plan
from ui import frame

N = 300


@pytest.fixture
def audited(empty_desk: Sessions) -> Audited:
    """Three hundred weighed pairs of two domains, a random plan of 120, all looked at: wrong below margin 60."""
    found = audited_set(empty_desk, [float(place) for place in range(N)], domains=["chat", "*sums*"] * (N // 2))
    plan = make_plan(
        empty_desk, dataset_id=found.dataset_id, run_id=found.run_id, made_by="me", order="random", n=120, seed="page",
        name="first <b>look</b>",
    )  # fmt: skip
    settle(found, drawn(found, plan.plan_id), lambda place: "wrong" if place < 60 else "right", by="me", plan=plan)
    return found


def at_step(number: int, **query: object) -> Visitor:
    return Visitor(frame.AUDIT, step=number, **query)


def n_auto(sessions: Sessions, verdict: str) -> int:
    wanted = select(func.count()).select_from(Decision).where(Decision.kind == "auto", Decision.verdict == verdict)
    with sessions() as session:
        return session.scalar(wanted) or 0


def test_the_second_step_says_what_the_looks_prove_with_n_and_interval(audited: Audited) -> None:
    visitor = at_step(2)
    shown = visitor.html + visitor.words
    assert "Of all 300 suggestions of this run, people would agree with" in shown
    assert "n = 120 random looks, 95 % interval" in shown
    assert "exact, finite population" in shown or "prediction-powered" in shown
    assert visitor.charts == 3  # by domain, reliability, confidence by margin
    assert visitor.has_no_trouble()


def test_more_looks_are_drawn_with_one_click_in_the_same_sample(audited: Audited) -> None:
    visitor = at_step(2).choose("audit_width", 0.02)
    visitor.press("audit_draw")
    assert "the same order goes on" in visitor.html
    assert len(drawn(audited, 1)) > 120


def test_accepting_unlooked_writes_decisions_and_taking_back_undoes_them_all(audited: Audited) -> None:
    visitor = at_step(3).choose("audit_target", 10.0)
    assert "From margin" in visitor.words
    assert "at most" in visitor.html
    visitor.press("audit_apply")
    n = n_auto(audited.sessions, "accept")
    assert n > 50
    assert f"Accepted {n} labels" in visitor.html
    assert "audit_apply" not in visitor.keys
    assert "Nothing more to accept" in visitor.words
    assert f"{n} labels were accepted before" in visitor.html
    visitor.press("audit_revoke_1")
    assert n_auto(audited.sessions, "undo") == n
    assert "taken back by me" in visitor.html
    assert "audit_revoke_1" not in visitor.keys


def test_a_target_that_the_looks_do_not_support_offers_nothing(audited: Audited) -> None:
    visitor = at_step(3).choose("audit_target", 0.5)
    assert "No margin is safe enough yet" in visitor.words
    assert "120 random looks" in visitor.html
    assert "audit_apply" not in visitor.keys


def test_a_threshold_for_each_domain_is_a_table_with_names_from_the_file_shown_as_they_are(audited: Audited) -> None:
    visitor = at_step(3).choose("audit_target", 20.0).choose("audit_per_domain", True)
    assert "*sums*" in visitor.html
    assert "Wrong, at most" in visitor.html


def test_a_plans_name_is_shown_as_text(audited: Audited) -> None:
    visitor = at_step(2)
    assert "\\<b\\>look" in visitor.words


def test_once_there_is_an_admin_others_only_look(audited: Audited) -> None:
    ensure_annotator(audited.sessions, "Grace")
    set_role(audited.sessions, name="Grace", role="admin", by="me")
    visitor = at_step(3).choose("audit_target", 10.0)
    assert visitor.at.button(key="audit_apply").disabled
    assert "Only an admin accepts labels unlooked" in visitor.words


def test_the_step_and_the_sample_stand_in_the_address(audited: Audited) -> None:
    other = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="me", order="random", n=10
    )
    visitor = at_step(2)
    assert "Nothing yet: no place of the sample has been looked at." in visitor.words
    visitor = at_step(2, plan=1)
    assert visitor.at.selectbox(key="audit_sample").value == 1
    visitor.choose("audit_sample", other.plan_id)
    assert visitor.at.query_params["plan"] == str(other.plan_id)


def test_without_a_random_sample_the_page_says_why_one_is_needed(empty_desk: Sessions) -> None:
    found = audited_set(empty_desk, [1.0, 2.0])
    make_plan(empty_desk, dataset_id=found.dataset_id, run_id=found.run_id, made_by="me", order="margin")
    for step in (2, 3):
        assert "No random sample yet" in at_step(step).words


def test_without_data_or_a_finished_run_the_page_leads_to_where_they_are_made(empty_desk: Sessions) -> None:
    assert "Nothing to audit yet" in Visitor(frame.AUDIT).words
    found = audited_set(empty_desk, [1.0, 2.0])
    with empty_desk.begin() as session:
        session.get_one(Run, found.run_id).status = "cancelled"
    assert "No finished run" in Visitor(frame.AUDIT).words
    assert "No such dataset" in Visitor(frame.AUDIT, dataset="gone").words
