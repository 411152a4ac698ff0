"""Asking a model which domain an item belongs to: its numbers by the model's own count, the cache, what is too long."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from routing_builders import BODY, small_router, some_items
from service_builders import WatchedSource, draft, item_ids, make_dataset
from sqlalchemy import func, select

from db.session import Sessions
from db.tables import Item
from db.tables_criteria import DomainGuess, Router
from scoring.pairs import ModelSpec
from scoring.room import ModelRoom
from scoring.router import THREE_DOMAINS, RouterBody, question
from services.errors import NotFound, Refused
from services.routing.dataset import (
    add_router_version,
    ensure_builtin_router,
    find_router,
    list_routers,
    route_dataset,
    route_items,
)
from services.routing.guesses import Guess
from services.routing.store import get_router
from services.weighing.encode import ItemText
from services.weighing.write import item_text


def texts_of(sessions: Sessions, dataset_id: int) -> list[ItemText]:
    with sessions() as session:
        wanted = select(Item).where(Item.dataset_id == dataset_id).order_by(Item.position)
        return [item_text(item, ()) for item in session.scalars(wanted)]


def test_the_built_in_router_is_written_once_and_its_words_are_those_the_demo_was_trained_on(desk: Sessions) -> None:
    first, second = ensure_builtin_router(desk), ensure_builtin_router(desk)
    assert first == second
    assert (first.name, first.version, first.is_builtin, first.sha256) == (
        "three-domains", 1, True, THREE_DOMAINS.sha256
    )  # fmt: skip
    assert [row.router_id for row in list_routers(desk)] == [first.router_id]
    assert find_router(desk).body.names == ("chat", "reasoning", "safety")


def test_an_edit_is_a_new_version_the_same_words_are_not_and_old_versions_stay(desk: Sessions) -> None:
    ensure_builtin_router(desk)
    one = add_router_version(desk, "mine", body=BODY)
    assert add_router_version(desk, " mine ", body=BODY) == one
    other = add_router_version(desk, "mine", body=RouterBody({"chat": "tea", "safety": "hot water"}))
    assert (one.version, other.version, other.label) == (1, 2, "mine v2")
    assert [row.name for row in list_routers(desk)] == ["three-domains", "mine"]
    assert find_router(desk, "mine").router_id == other.router_id
    assert find_router(desk, "mine", version=1) == one == get_router(desk, one.router_id)


def test_two_orders_of_the_same_domains_are_two_routers_because_they_ask_differently(desk: Sessions) -> None:
    turned = RouterBody(reversed(BODY.domains))
    assert add_router_version(desk, "mine", body=BODY).sha256 != add_router_version(desk, "mine", body=turned).sha256


@pytest.mark.parametrize(
    ("name", "says"),
    [("three-domains", "is built in"), ("  ", "0 characters"), ("x" * 101, "101 characters")],
)
def test_a_router_that_cannot_be_kept_is_refused_in_one_line(desk: Sessions, name: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        add_router_version(desk, name, body=BODY)


def test_a_domain_whose_name_a_run_could_not_keep_is_refused(desk: Sessions) -> None:
    with pytest.raises(Refused, match="120 characters"):
        add_router_version(desk, "mine", body=RouterBody({"x" * 120: "long", "b": "short"}))


def test_a_router_that_is_not_there_is_told_by_name(desk: Sessions) -> None:
    ensure_builtin_router(desk)
    with pytest.raises(NotFound, match="'mine'; there is three-domains"):
        find_router(desk, "mine")
    with pytest.raises(NotFound, match="version 9"):
        find_router(desk, version=9)


def test_the_probabilities_are_the_softmax_of_each_names_log_prob_by_the_models_own_count(
    desk: Sessions, room: ModelRoom, tiny_models: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    dataset_id = make_dataset(desk, some_items(3))
    items = texts_of(desk, dataset_id)
    with room.open(ModelSpec(str(tiny_models / "s"))) as model:
        found = route_items(desk, model, small_router(desk), items)
    tokenizer = AutoTokenizer.from_pretrained(tiny_models / "s")
    plain = AutoModelForCausalLM.from_pretrained(tiny_models / "s", dtype=torch.float32)

    def by_hand(asked: str, name: str) -> float:
        head = f"<|bos|><|user|>{asked}<|end|><|assistant|>"
        n_prompt = len(tokenizer(head, add_special_tokens=False).input_ids)
        ids = tokenizer(head + name + "<|end|>", add_special_tokens=False).input_ids
        with torch.inference_mode():
            logprobs = plain(torch.tensor([ids])).logits.float().log_softmax(-1)[0]
        return sum(float(logprobs[t - 1, ids[t]]) for t in range(n_prompt, len(ids)))

    for item in items:
        weights = [math.exp(by_hand(question(BODY, item.messages), name)) for name in BODY.names]
        expected = [weight / sum(weights) for weight in weights]
        assert list(found[item.item_id].probabilities.values()) == pytest.approx(expected, abs=1e-5)
        assert sum(found[item.item_id].probabilities.values()) == pytest.approx(1)


def test_a_chunk_is_one_call_of_the_engine_and_asking_again_computes_nothing(
    desk: Sessions, room: ModelRoom, tiny_models: Path
) -> None:
    dataset_id, router_id = make_dataset(desk, some_items(7)), small_router(desk)
    calls = []
    source = WatchedSource(room, on_batch=lambda _ref, requests: calls.append(len(requests)))
    with source.open(ModelSpec(str(tiny_models / "s"))) as model:
        first = route_items(desk, model, router_id, texts_of(desk, dataset_id))
        assert set(calls) == {21}  # three names of seven items at once
        second = route_items(desk, model, router_id, texts_of(desk, dataset_id))
    assert source.computed == {"s": 21}
    assert first == second
    with desk() as session:
        kept = {row.item_id: row.probabilities for row in session.scalars(select(DomainGuess))}
    assert kept == {item_id: dict(guess.probabilities) for item_id, guess in first.items()}


def test_a_question_that_does_not_fit_is_a_problem_of_its_item_alone(desk: Sessions, room: ModelRoom) -> None:
    items = some_items(3)
    items[1] = replace(items[1], messages=({"role": "user", "content": "tea " * 400},))
    dataset_id, router_id = make_dataset(desk, items), small_router(desk)
    told: list[tuple[int, int]] = []
    done = route_dataset(
        desk, room, dataset_id, pair="tiny", router_id=router_id, on_progress=lambda *at: told.append(at)
    )
    assert (done.report.n_routed, done.report.n_problems, done.n_computed, told) == (3, 1, 6, [(3, 3)])
    with desk() as session:
        row = session.get_one(DomainGuess, (router_id, done.report.fingerprint, item_ids(desk, dataset_id)[1]))
    assert row.probabilities == {}
    assert "too long" in row.problem
    assert "exceed the context limit of 256" in row.problem
    assert "\n" not in row.problem


def test_two_models_keep_their_guesses_apart_and_one_dataset_costs_nothing_twice(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id, router_id = make_dataset(desk, some_items(9)), small_router(desk)
    one = route_dataset(desk, room, dataset_id, pair="tiny", router_id=router_id)
    other = route_dataset(desk, room, dataset_id, pair="swapped", router_id=router_id)
    again = route_dataset(desk, room, dataset_id, pair="tiny", router_id=router_id)
    assert (one.n_computed, other.n_computed, again.n_computed, again.n_cached) == (27, 27, 0, 27)
    assert one.report == again.report
    with desk() as session:
        assert session.scalar(select(func.count()).select_from(DomainGuess)) == 18
        assert session.scalar(select(func.count()).select_from(Router)) == 1


def test_the_earlier_of_two_equally_likely_domains_comes_first() -> None:
    assert Guess({"b": 0.5, "a": 0.5}).first == ("b", 0.5)
    assert Guess({}, "too long").first is None


def test_an_unknown_router_or_pair_is_refused_before_a_model_is_opened(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, [draft("tea", "a", "b")])
    with pytest.raises(NotFound, match="no router with number 99"):
        route_dataset(desk, room, dataset_id, pair="missing", router_id=99)
    with pytest.raises(NotFound, match="no model pair 'none'"):
        route_dataset(desk, room, dataset_id, pair="none", router_id=small_router(desk))
