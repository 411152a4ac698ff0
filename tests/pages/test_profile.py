"""The criteria profile on Review and Live, with the demo pair: asked for, weighted in the address, one item only."""

from __future__ import annotations

import pytest
from desk_people import Reviewer
from visitor import HOSTILE, Visitor, weighed_desk

from db.session import Sessions
from db.tables import Item
from db.tables_criteria import ItemDomain
from services.criteria import store as criteria_store
from services.criteria.store import CriteriaBody, ensure_builtin
from ui import frame
from ui.wording import escaped

pytestmark = pytest.mark.slow
OWN = ["demo-brief", "demo-safety", "demo-thorough", "demo-working"]


def opened(empty_desk: Sessions, **query: object) -> Reviewer:
    """Somebody who has asked for the first item's profile."""
    weighed_desk(empty_desk)
    reviewer = Reviewer()
    reviewer.open(dataset="tea shop", **query)
    assert not reviewer.at.get("plotly_chart"), "nothing is computed before it is asked for"
    reviewer.press("profile")
    return reviewer


def test_the_profile_shows_the_own_lines_of_the_demo_and_says_what_it_is(empty_desk: Sessions) -> None:
    reviewer = opened(empty_desk)
    assert reviewer.at.multiselect(key="review_profile_sets").value == OWN
    assert len(reviewer.at.get("plotly_chart")) == 1
    assert "By weighted lifts in reasoning, nats" in reviewer.html()
    assert "the run suggests B" in reviewer.html()
    assert "a ranking without a pair, not the reward of a run" in reviewer.words()
    assert "15 log-probs computed" in reviewer.words()
    reviewer.settled(reviewer.at.run())
    assert "0 log-probs computed, 15 from the cache" in reviewer.words()
    reviewer.press("profile_on")
    assert not reviewer.at.get("plotly_chart")


def test_weights_stand_in_the_address_and_may_differ_in_the_items_domain(empty_desk: Sessions) -> None:
    reviewer = opened(empty_desk, weights="demo-brief=1")
    at = reviewer.at
    assert at.multiselect(key="review_profile_sets").value == ["demo-brief"]
    at.multiselect(key="review_profile_sets").set_value(["demo-brief", "helpful"])
    reviewer.settled(at.run())
    assert at.query_params["weights"] == ["demo-brief=1", "helpful=1"]
    at.number_input(key="review_profile_weight_helpful").set_value(-0.5)
    reviewer.settled(at.run())
    assert at.query_params["weights"] == ["demo-brief=1", "helpful=-0.5"]
    at.get_by_key("review_profile_scope").set_value("reasoning")
    reviewer.settled(at.run())
    at.number_input(key="review_profile_weight_demo-brief").set_value(3.0)
    reviewer.settled(at.run())
    assert at.query_params["weights"] == ["demo-brief=1", "helpful=-0.5", "reasoning:demo-brief=3"]


def test_another_item_is_not_computed_until_it_is_asked_for(empty_desk: Sessions) -> None:
    reviewer = opened(empty_desk)
    reviewer.press("tie")
    assert not reviewer.at.get("plotly_chart")
    assert reviewer.has_button("profile_")


def test_sets_that_are_not_there_and_hostile_names_do_no_harm(empty_desk: Sessions) -> None:
    ensure_builtin(empty_desk)
    criteria_store.add_version(empty_desk, HOSTILE[:90], title=HOSTILE[:90], body=CriteriaBody(HOSTILE))
    reviewer = opened(empty_desk, weights="nobody=1")
    assert "No criteria &#x27;nobody&#x27;" in reviewer.html()
    assert len(reviewer.at.get("plotly_chart")) == 1
    reviewer.at.multiselect(key="review_profile_sets").set_value([HOSTILE[:90]])
    reviewer.settled(reviewer.at.run())
    assert "<img" not in reviewer.html()
    reviewer.at.multiselect(key="review_profile_sets").set_value([])
    reviewer.settled(reviewer.at.run())
    assert "Choose a criteria set to see what it lifts." in reviewer.words()
    reviewer.settled(reviewer.at.run())
    assert reviewer.at.multiselect(key="review_profile_sets").value == []


def test_live_shows_the_lifts_of_what_it_weighed(empty_desk: Sessions) -> None:
    ensure_builtin(empty_desk)
    visitor = Visitor(frame.LIVE).press("live_example_1").press("live_weigh")
    assert visitor.charts == 0
    visitor.choose("live_profile", True)
    assert visitor.charts == 1
    assert "By weighted lifts" in visitor.html
    assert "the pair ranks" in visitor.html
    assert visitor.has_no_trouble()


def test_a_domain_of_the_run_or_with_marks_is_the_one_that_weights_are_for(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    with empty_desk.begin() as session:
        item = session.get_one(Item, desk.item_ids[0])
        item.domain = "reasoning"
        session.add(ItemDomain(run_id=desk.run_id, item_id=item.item_id, domain=HOSTILE[:90], source="hand"))
    reviewer = Reviewer()
    reviewer.open(dataset="tea shop", weights="demo-brief=1")
    reviewer.press("profile")
    (scope,) = [one for one in reviewer.at.get("button_group") if one.key == "review_profile_scope"]
    assert scope.options[-1] == f"{escaped(HOSTILE[:90])} only"
