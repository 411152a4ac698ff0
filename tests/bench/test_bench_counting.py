"""What a case costs, counted by hand and by the product's own trie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cases import CASES, LENGTHS, Item, growth, make_case
from bench.flops import count_work, floor_seconds, flops_of
from bench.workers.tare_worker import requests_of
from scoring.engine.trie import distinct_tokens

TOKENS = st.lists(st.integers(3, 5), min_size=1, max_size=6).map(tuple)
ITEMS = st.lists(st.builds(Item, TOKENS, st.lists(TOKENS, min_size=1, max_size=4).map(tuple)), min_size=1, max_size=5)
TINY = {
    "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 2, "vocab_size": 10,
}  # fmt: skip


def test_two_candidates_share_the_prompt_and_their_first_token() -> None:
    work = count_work([Item((1, 7), ((8, 9), (8, 6)))])
    # The trie: 1 7 8, then 9 and 6. The leaves predict nothing; 7 predicts 8 and 8 predicts both leaves.
    assert (work.logical_tokens, work.distinct_tokens, work.body_tokens, work.head_rows) == (8, 5, 3, 2)
    assert work.attended == 1 + 2 + 3


def test_a_candidate_that_another_one_goes_on_from_is_computed_to_its_end() -> None:
    work = count_work([Item((1,), ((7,), (7, 8)))])
    assert (work.distinct_tokens, work.body_tokens, work.head_rows) == (3, 2, 2)


@given(ITEMS)
def test_distinct_tokens_are_those_of_the_products_trie(items: list[Item]) -> None:
    assert count_work(items).distinct_tokens == distinct_tokens(requests_of(items))


@given(ITEMS)
def test_the_order_of_items_costs_nothing(items: list[Item]) -> None:
    assert count_work(items) == count_work(items[::-1])


def test_flops_of_one_token_are_twice_the_weights_it_meets() -> None:
    flops = flops_of(count_work([Item((1,), ((7,),))]), TINY)
    a_layer = 4 * 4 + 2 * (4 * 2) + 4 * 4 + 3 * 4 * 6  # q, k and v, o, the three of the MLP
    assert flops == {"body": 2 * 2 * a_layer, "attention": 2 * 4 * 4 * 1, "head": 2 * 4 * 10}


def test_at_one_rate_for_all_both_floors_agree() -> None:
    flops = flops_of(count_work([Item((1, 7), ((8, 9),))]), TINY)
    rates = {"square": 100.0, "own": dict.fromkeys(("q, o", "k, v", "gate, up", "down", "head"), 100.0)}
    floors = floor_seconds(flops, TINY, rates)
    assert floors["square"] == pytest.approx(sum(flops.values()) / 100)
    assert floors["own"] == pytest.approx(floors["square"])


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_the_same_each_time_and_its_responses_have_the_lengths_it_says(name: str) -> None:
    case = make_case(name)
    assert case == make_case(name)
    lengths = [len(response) for item in case.items for response in item.responses]
    assert LENGTHS[0] <= min(lengths) <= max(lengths) == LENGTHS[1]
    assert all(len(item.responses) % 2 == 0 for item in case.items), "rewardbench weighs pairs"


def test_parts_of_a_case_are_all_of_it_once() -> None:
    case = make_case("criteria50")
    taken = [index for k in range(case.parts) for index in range(*case.part(k))]
    assert taken == list(range(50))
    assert case.checked_items is not None
    assert case.checked_items <= case.part(0)[1], "what is checked is in the part that is compared"


def test_a_larger_growth_case_begins_with_the_smaller_ones_criteria() -> None:
    starts = {item.prompt[:60] for item in growth(300).items}
    assert len(starts) == 5
    assert {item.prompt[:60] for item in growth(30).items} <= starts


def test_an_unknown_case_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="n8_p512"):
        make_case("n9")
