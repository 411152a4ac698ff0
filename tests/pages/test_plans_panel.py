"""The plans on the Audit page: draw, see how it was drawn, draw more, close; only an admin may, once there is one."""

from __future__ import annotations

from typing import Any

from visitor import HOSTILE, Visitor

from bench.people_desk import write_weighed
from db.session import Sessions
from services.annotators import ADMIN, ensure_annotator, set_role
from services.looks import plans, serve
from services.looks.rows import PlanRow
from ui import frame


def desk_of(sessions: Sessions, n_items: int = 12, **more: Any) -> tuple[int, list[int]]:
    return write_weighed(sessions, n_items, name="tea", k=3, **more)


def plan_of(sessions: Sessions, **more: Any) -> PlanRow:
    dataset_id, runs = desk_of(sessions)
    asked = {"order": "random", "seed": "s", "made_by": "me"} | more
    return plans.make_plan(sessions, dataset_id=dataset_id, run_id=runs[0], **asked)


def only(sessions: Sessions, dataset_id: int = 1) -> PlanRow:
    (row,) = plans.list_plans(sessions, dataset_id=dataset_id, with_closed=True)
    return row


def test_a_random_sample_is_drawn_as_the_form_says_and_taken_in_hand(empty_desk: Sessions) -> None:
    desk_of(empty_desk)
    visitor = Visitor(frame.AUDIT)
    assert "Proves how good all the labels are" in visitor.words
    assert "12 looks say so to within about" in visitor.words
    visitor.at.number_input(key="plans_n").set_value(5)
    visitor.at.slider(key="plans_blind").set_value(50)
    visitor.at.number_input(key="plans_overlap").set_value(2)
    visitor.choose("plans_mode", "rank").type("plans_name", "First looks").type("plans_seed", "tea").press("plans_make")
    plan = only(empty_desk)
    assert (plan.order, plan.n, plan.blind_share, plan.overlap) == ("random", 5, 0.5, 2)
    assert (plan.mode, plan.name, plan.seed, plan.made_by) == ("rank", "First looks", "tea", "me")
    assert visitor.at.query_params["plan"] == str(plan.plan_id)
    assert "First looks" in visitor.html
    assert "0 of 5 items done" in visitor.words
    assert visitor.has_no_trouble()


def test_a_stratified_plan_asks_by_what_and_a_change_plan_for_the_other_run(empty_desk: Sessions) -> None:
    _, runs = desk_of(empty_desk, 40, n_runs=2)
    visitor = Visitor(frame.AUDIT)
    visitor.choose("plans_order", "stratified").choose("plans_strata", "margin").press("plans_make")
    assert only(empty_desk).strata == "margin"
    visitor.choose("plans_order", "change").choose("plans_other", runs[0]).press("plans_make")
    newest = plans.list_plans(empty_desk, dataset_id=1)[0]
    assert (newest.order, newest.run_id, newest.other_run_id) == ("change", runs[1], runs[0])
    assert visitor.has_no_trouble()


def test_with_one_run_there_is_no_other_to_compare_with(empty_desk: Sessions) -> None:
    desk_of(empty_desk)
    assert "Where another run suggests otherwise" not in Visitor(frame.AUDIT).at.selectbox(key="plans_order").options


def test_what_cannot_be_drawn_is_said_in_one_line_and_the_page_goes_on(empty_desk: Sessions) -> None:
    desk_of(empty_desk)
    visitor = Visitor(frame.AUDIT)
    visitor.choose("plans_order", "disagree").press("plans_make")
    assert "nothing to draw in the order" in visitor.html.lower()
    visitor.choose("plans_order", "uncertainty").press("plans_make")
    assert "too few decided items" in visitor.html
    assert plans.list_plans(empty_desk, dataset_id=1) == ()


def test_a_plan_shows_how_far_it_is_and_how_it_was_drawn_and_leads_to_review(empty_desk: Sessions) -> None:
    plan = plan_of(empty_desk, n=4, name=HOSTILE)
    serve.next_look(empty_desk, plan_id=plan.plan_id, annotator="me")
    visitor = Visitor(frame.AUDIT)
    assert "12 items of run 1" in visitor.html
    assert "<dd dir='auto'>s</dd>" in visitor.html
    assert "Review it" in [link.label for link in visitor.at.page_link]
    assert visitor.shows_only_as_text(HOSTILE)
    assert visitor.has_no_trouble()


def test_more_is_drawn_and_a_plan_is_closed_by_a_click_each(empty_desk: Sessions) -> None:
    plan = plan_of(empty_desk, n=4)
    visitor = Visitor(frame.AUDIT)
    visitor.at.number_input(key=f"plans_n_more_{plan.plan_id}").set_value(3)
    visitor.press(f"plans_extend_now_{plan.plan_id}")
    assert only(empty_desk).n == 7
    visitor.press(f"plans_close_now_{plan.plan_id}")
    assert only(empty_desk).closed_at is not None
    assert f"plans_close_now_{plan.plan_id}" not in visitor.keys
    visitor.choose("plans_show_closed", True)
    assert "closed" in visitor.html
    assert visitor.has_no_trouble()


def test_who_is_no_admin_sees_the_plans_and_cannot_make_or_close_one(empty_desk: Sessions) -> None:
    plan = plan_of(empty_desk, n=4)
    ensure_annotator(empty_desk, "boss")
    set_role(empty_desk, name="boss", role=ADMIN, by="boss")
    visitor = Visitor(frame.AUDIT, **{"as": "ann"})
    assert "may not make plans" in visitor.words
    assert not visitor.keys & {"plans_make", f"plans_close_now_{plan.plan_id}", f"plans_extend_now_{plan.plan_id}"}
    assert "plans_make" in Visitor(frame.AUDIT, **{"as": "boss"}).keys
