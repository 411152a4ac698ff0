"""The Domains screen: definitions, asking the model, accuracy, the list, a correction in one click, hostile words."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from desk_data import Desk, Draft
from visitor import HOSTILE, Visitor, weighed_desk

from db.queries_routing import keep_guesses
from db.session import Sessions
from db.tables import utc_now
from services.routing import dataset as routing
from services.routing import store as routing_store
from services.routing.choice import Routing
from services.routing.threads import RoutingTask
from ui import frame, resources

PAGE = "pages/domains.py"
MODEL = "f" * 64
SUM = Draft("How much are 3 tins?", ("9.00", "8.00"), domain="reasoning")
TALK = Draft("How do I brew it?", ("Two minutes.", "An hour."), domain="chat")
HARM = Draft("Tell me where she lives.", ("No.", "At 5 Elm Lane."), domain="safety")
SURE = {"chat": 0.03, "reasoning": 0.95, "safety": 0.02}
UNSURE = {"chat": 0.4, "reasoning": 0.25, "safety": 0.35}


def routed(sessions: Sessions, drafts: Sequence[Draft], guesses: Sequence[Mapping[str, float] | str]) -> Desk:
    """A dataset about which a model was asked under the built-in router."""
    desk = weighed_desk(sessions, drafts, is_weighed=False)
    router_id = routing_store.ensure_builtin_router(sessions).router_id
    with sessions.begin() as session:
        keep_guesses(session, [
            {
                "router_id": router_id, "fingerprint": MODEL, "item_id": item_id, "created_at": utc_now(),
                "probabilities": {} if isinstance(guess, str) else dict(guess),
                "problem": guess if isinstance(guess, str) else "",
            }
            for item_id, guess in zip(desk.item_ids, guesses, strict=True)
        ])  # fmt: skip
    return desk


@pytest.fixture
def three(empty_desk: Sessions) -> Desk:
    """A sum it is sure of, a talk it is not, and one it could not be asked about."""
    return routed(empty_desk, (SUM, TALK, HARM), (SURE, UNSURE, "the router's question is too long: 9,000 tokens"))


def choice(visitor: Visitor, item_id: int) -> Any:
    return visitor.at.get_by_key(f"domains_is_{item_id}")


def test_without_a_dataset_the_screen_leads_to_the_import(empty_desk: Sessions) -> None:
    visitor = Visitor(PAGE)
    assert "No items to route yet" in visitor.words
    assert "Import a dataset" in [link.label for link in visitor.at.page_link]
    assert visitor.has_no_trouble()


def test_before_anything_was_asked_the_screen_offers_to_ask_and_shows_no_figure(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk, (SUM, TALK), is_weighed=False)
    visitor = Visitor(PAGE)
    assert "questions with numbers, quantities or steps to work out" in visitor.html
    assert [button.label for button in visitor.at.button if button.key == "domains_ask"] == ["Route 2 items"]
    assert "How often it is right" not in visitor.words
    assert visitor.html.count("not asked yet") == 2
    assert visitor.charts == 0
    assert visitor.has_no_trouble()


def test_accuracy_stands_with_its_n_and_interval_and_a_matrix(three: Desk) -> None:
    visitor = Visitor(PAGE)
    assert "n = 3 items, 95 % interval 6 to 79 %" in visitor.html
    words = "Counted as not right: 1 item below 50 % and 1 item that the model could not be asked about."
    assert words in visitor.words
    assert "Right where sure enough" in visitor.html
    assert visitor.charts == 1
    assert "Nobody has said what an item" in visitor.words
    assert visitor.has_no_trouble()


def test_the_least_sure_come_first_each_with_its_source_and_probability(three: Desk) -> None:
    html = Visitor(PAGE).html
    unasked, unsure, sure = (html.index(words) for words in (
        "default: the router could not be asked", "default: below 50 %", "reasoning, 95 % by the router"
    ))  # fmt: skip
    assert unasked < unsure < sure
    assert "router: chat, 40 %" in html
    assert "9,000 tokens" in html


def test_a_click_corrects_a_domain_and_another_takes_it_back(three: Desk, empty_desk: Sessions) -> None:
    unsure = three.item_ids[1]
    visitor = Visitor(PAGE, **{"as": "Ada"})
    assert choice(visitor, unsure).value is None
    visitor.choose(f"domains_is_{unsure}", "chat")
    assert "chat, by hand" in visitor.html
    assert "Ada, 20" in visitor.html
    assert visitor.charts == 2, "corrections have a matrix of their own now"
    (item,) = [one for one in _listed(empty_desk, three) if one.corrected]
    assert (item.item_id, item.corrected, item.corrected_by) == (unsure, "chat", "Ada")
    visitor = Visitor(PAGE, **{"as": "Ada"})
    assert choice(visitor, unsure).value == "chat"
    visitor.choose(f"domains_is_{unsure}", None)
    assert "by hand" not in visitor.html
    assert not [one for one in _listed(empty_desk, three) if one.corrected]
    assert visitor.has_no_trouble()


def _listed(sessions: Sessions, desk: Desk) -> Sequence[Any]:
    router_id = routing.find_router(sessions).router_id
    return routing.list_domain_items(sessions, desk.dataset_id, router_id=router_id).items


def test_the_threshold_moves_what_counts_and_stands_in_the_address(three: Desk) -> None:
    visitor = Visitor(PAGE).choose("domains_threshold", 30)
    assert "chat, 40 % by the router" in visitor.html
    assert visitor.at.query_params["below"] in ("30", ["30"])
    assert "default: below 50 %" in Visitor(PAGE, below="x").html
    assert "reasoning, 95 % by the router" in Visitor(PAGE, below="95").html, "95 % is sure enough at 95 %"


def test_the_list_keeps_to_what_is_asked_for(three: Desk) -> None:
    visitor = Visitor(PAGE).choose("domains_only", "below threshold")
    assert "How do I brew it?" in visitor.html
    assert "How much are 3 tins?" not in visitor.html
    visitor.choose("domains_only", "corrected")
    assert "No item is like that." in visitor.words
    visitor.choose("domains_only", "all").choose("domains_sort", "file order")
    assert visitor.html.index("How much are 3 tins?") < visitor.html.index("How do I brew it?")


def test_a_long_list_is_turned_page_by_page(empty_desk: Sessions) -> None:
    drafts = [Draft(f"Question number {n:02d}?", ("a", "b")) for n in range(20)]
    routed(empty_desk, drafts, [SURE] * 20)
    visitor = Visitor(PAGE)
    assert "1 to 15 of 20" in visitor.html
    assert "Question number 19?" not in visitor.html
    visitor.press("domains_after")
    assert "16 to 20 of 20" in visitor.html
    assert "Question number 19?" in visitor.html
    visitor.press("domains_before")
    assert "Question number 00?" in visitor.html


def test_a_list_that_is_shorter_than_the_page_looked_at_shows_its_last_page(empty_desk: Sessions) -> None:
    drafts = [Draft(f"Question number {n:02d}?", ("a", "b")) for n in range(20)]
    desk = routed(empty_desk, drafts, [UNSURE] * 16 + [SURE] * 4)
    for item_id in desk.item_ids[:16]:
        routing.correct_domain(empty_desk, item_id, annotator="me", domain="chat")
    visitor = Visitor(PAGE).choose("domains_only", "corrected").press("domains_after")
    assert "16 to 16 of 16" in visitor.html
    choice(visitor, desk.item_ids[15]).set_value(None)
    visitor.run()
    assert "1 to 15 of 15" in visitor.html
    assert "Question number 00?" in visitor.html


def test_an_item_is_one_click_away_in_review(three: Desk) -> None:
    links = [link for link in Visitor(PAGE).at.page_link if link.label == "Open"]
    assert len(links) == 3
    assert {f"item={item_id}" for item_id in three.item_ids} == {
        part for link in links for part in link.proto.query_string.split("&") if part.startswith("item=")
    }


def test_an_edit_becomes_a_new_version_and_is_in_hand_at_once(three: Desk, empty_desk: Sessions) -> None:
    built_in = routing.find_router(empty_desk).router_id
    visitor = Visitor(PAGE)
    visitor.type(f"domains_name_{built_in}", "mine")
    visitor.type(f"domains_text_{built_in}", "chat: small talk\nsums: what is worked out").press("domains_save")
    assert visitor.at.selectbox(key="domains_router").value == "mine"
    assert "what is worked out" in visitor.html
    assert "How often it is right" not in visitor.words, "nobody was asked under these words yet"
    mine = routing.find_router(empty_desk, "mine")
    visitor.type(f"domains_text_{mine.router_id}", "chat: talk\nsums: what is worked out").press("domains_save")
    assert routing.find_router(empty_desk, "mine").version == 2
    assert "mine v2" in visitor.at.selectbox(key="domains_router").options
    assert visitor.has_no_trouble()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("mine", "chat", "has no colon"),
        ("three-domains", "a: b\nc: d", "is built in"),
        ("", "a: b\nc: d", "0 characters"),
    ],
)
def test_definitions_that_will_not_do_are_refused_in_one_line(
    empty_desk: Sessions, three: Desk, name: str, text: str, says: str
) -> None:
    built_in = routing.find_router(empty_desk).router_id
    visitor = Visitor(PAGE).type(f"domains_name_{built_in}", name).type(f"domains_text_{built_in}", text)
    visitor.press("domains_save")
    assert says in visitor.html
    assert "t-notice-error" in visitor.html
    assert [row.name for row in routing.list_routers(empty_desk)] == ["three-domains"]


def test_a_router_or_dataset_that_is_not_there_is_said_calmly(three: Desk) -> None:
    assert "No such router" in Visitor(PAGE, router="nobody").words
    assert "No such dataset" in Visitor(PAGE, dataset="nowhere").words


def test_words_from_files_routers_and_people_are_only_shown(empty_desk: Sessions) -> None:
    odd = Draft(HOSTILE, ("a", "b"), domain=HOSTILE[:90])
    desk = routed(empty_desk, (odd, SUM), ("too long: " + HOSTILE, SURE))
    body = routing_store.RouterBody({HOSTILE[:60]: HOSTILE, "b": "plain"})
    routing_store.add_router_version(empty_desk, HOSTILE[:60], body=body)
    routing.correct_domain(empty_desk, desk.item_ids[0], annotator="<img src=x>", domain=HOSTILE[:50])
    for query in ({}, {"router": HOSTILE[:60]}):
        visitor = Visitor(PAGE, **query)
        assert visitor.shows_only_as_text(HOSTILE)
        assert visitor.has_no_trouble()


@pytest.mark.slow
def test_the_demos_model_is_asked_in_a_thread_and_the_screen_shows_what_it_said(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, (SUM, TALK), is_weighed=False)
    visitor = Visitor(PAGE, below="0").press("domains_ask")
    assert "domains_stop" in visitor.keys or "2 of 2 items routed" in visitor.words
    router_id = routing.find_router(empty_desk).router_id
    task = RoutingTask(desk.dataset_id, router_id, "demo")
    deadline = time.monotonic() + 60
    while (progress := resources.routing_threads().progress(task)) is None or progress.is_at_work:
        assert time.monotonic() < deadline, "routing two items takes no minute"
        time.sleep(0.05)
    visitor.run()
    assert "2 of 2 items routed by the model" in visitor.words
    assert visitor.html.count("by the router") == 2
    assert visitor.charts == 1
    assert visitor.has_no_trouble()


def test_a_runs_domain_shows_on_review_with_its_source(empty_desk: Sessions) -> None:
    from db.queries_routing import keep_item_domains
    from db.tables import Run

    desk = weighed_desk(empty_desk, (SUM, TALK))
    routing_ = Routing("router", router_id=routing_store.ensure_builtin_router(empty_desk).router_id, threshold=0.6)
    with empty_desk.begin() as session:
        run = session.get_one(Run, desk.run_id)
        run.configuration = run.configuration | {"routing": routing_.to_json()}
        keep_item_domains(session, [
            {"run_id": desk.run_id, "item_id": desk.item_ids[0], "domain": "safety", "source": "router",
             "probability": 0.97},
            {"run_id": desk.run_id, "item_id": desk.item_ids[1], "domain": None, "source": "below threshold",
             "probability": 0.4},
        ])  # fmt: skip
    first = Visitor(frame.REVIEW, item=desk.item_ids[0]).html
    assert "safety, 97 % by the router" in first
    assert "The file says reasoning." in first
    assert "default: below 60 %" in Visitor(frame.REVIEW, item=desk.item_ids[1]).html
