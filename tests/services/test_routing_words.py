"""The words by which a command line says where domains come from."""

from __future__ import annotations

import multiprocessing

import pytest
from routing_builders import BODY, small_router

from db.session import Sessions
from services.errors import Refused
from services.routing.choice import Routing, routing_from_words, routing_words
from services.routing.store import ensure_builtin_router

fork = multiprocessing.get_context("fork")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (None, Routing()),
        ("column", Routing()),
        ("fixed:my own: one", Routing("fixed", domain="my own: one")),
        ("router", ("three-domains", 0.5)),
        ("router:0.8", ("three-domains", 0.8)),
        ("router:0", ("three-domains", 0.0)),
        ("router:small", ("small", 0.5)),
        ("router:small:0.25", ("small", 0.25)),
    ],
)
def test_the_words_of_the_command_line_name_a_routing(desk: Sessions, words: str | None, expected: object) -> None:
    ids = {"three-domains": ensure_builtin_router(desk).router_id, "small": small_router(desk)}
    if isinstance(expected, tuple):
        expected = Routing("router", router_id=ids[expected[0]], threshold=expected[1])
    assert routing_from_words(desk, words) == expected


@pytest.mark.parametrize(
    "words", ["fixed", "fixed: ", "fixed:" + 101 * "x", "router:2", "router:a:b", "column:x", "by hand", "router:nan"]
)
def test_words_that_name_no_routing_are_refused_in_one_line(desk: Sessions, words: str) -> None:
    ensure_builtin_router(desk)
    with pytest.raises(Refused) as refused:
        routing_from_words(desk, words)
    assert "\n" not in str(refused.value)


def test_blanks_around_the_one_domains_name_are_not_part_of_it() -> None:
    assert Routing("fixed", domain=" safety\n") == Routing("fixed", domain="safety")


def test_a_routing_says_in_words_what_it_does() -> None:
    assert routing_words(Routing()) == "the file's own column"
    assert routing_words(Routing("fixed", domain="chat")) == "chat for all items"
    assert routing_words(Routing("router", router_id=3), "small v2") == "by the router small v2"
    assert len(BODY.names) == 3
