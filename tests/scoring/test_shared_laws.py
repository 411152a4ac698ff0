"""The design's laws on the shared engine, over random forests of sequences, budgets and things already known."""

import pytest
from architectures import CONTEXT, VOCABULARY, model_of, naive, request
from hypothesis import given
from hypothesis import strategies as st

from scoring.engine.head import OutputHead
from scoring.engine.shared import MIN_SHARED, SharedEngine
from scoring.engine.trie import Edge, build_trie, distinct_tokens, sequences_of
from scoring.protocol import LogprobRequest

NAMES = ["llama", "mistral", "gemma2", "gpt2"]
token = st.integers(0, VOCABULARY - 1)


@st.composite
def forests(draw: st.DrawFn) -> list[LogprobRequest]:
    """Sequences that each begin like a part of an earlier one, or anew; responses anywhere."""
    sequences: list[list[int]] = []
    for _ in range(draw(st.integers(1, 8))):
        begin: list[int] = []
        if sequences and draw(st.booleans()):
            other = draw(st.sampled_from(sequences))
            begin = other[: draw(st.integers(0, len(other)))]
        ids = (begin + draw(st.lists(token, min_size=0, max_size=60)))[: CONTEXT - 1]
        sequences.append(ids if len(ids) > 1 else [*ids, *draw(st.lists(token, min_size=2, max_size=2))])
    requests = []
    for ids in sequences:
        mask = draw(st.lists(st.booleans(), min_size=len(ids) - 1, max_size=len(ids) - 1))
        mask[draw(st.integers(0, len(mask) - 1))] = True
        requests.append(LogprobRequest(tuple(ids), (False, *mask)))
    return requests


def engine_of(name: str, budget: int, **more: int) -> SharedEngine:
    model = model_of(name)
    return SharedEngine(
        model, fingerprint=name, context_limit=CONTEXT, head=OutputHead(model), token_budget=budget, **more
    )


@given(forests(), st.sampled_from(NAMES), st.integers(4, 400))
def test_whatever_is_packed_with_whatever_it_equals_the_plain_loop(
    requests: list[LogprobRequest], name: str, budget: int
) -> None:
    found = engine_of(name, budget).logprobs(requests)
    for got, expected in zip(found, naive(model_of(name), requests), strict=True):
        assert got.values == pytest.approx(expected, abs=1e-4)


@given(forests(), st.integers(4, 200), st.randoms(use_true_random=False))
def test_the_order_of_the_requests_changes_nothing(requests: list[LogprobRequest], budget: int, random: object) -> None:
    order = list(range(len(requests)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = engine_of("llama", budget).logprobs(requests)
    shuffled = engine_of("llama", budget).logprobs([requests[index] for index in order])
    for place, index in enumerate(order):
        assert shuffled[place].values == pytest.approx(straight[index].values, abs=1e-4)


@given(forests(), st.integers(4, 120), st.integers(0, 20))
def test_a_resumed_run_gets_the_same_bits(requests: list[LogprobRequest], budget: int, finished: int) -> None:
    engine = engine_of("llama", budget)
    whole = [dict(pack.results) for pack in engine.weigh(requests)]
    known = {index for pack in whole[:finished] for index in pack}
    rest = {index: result for pack in engine.weigh(requests, known=known) for index, result in pack.results.items()}
    assert rest == {index: result for pack in whole[finished:] for index, result in pack.items()}


@given(forests(), st.integers(4, 200), st.data())
def test_what_is_known_is_left_out_and_everything_else_comes_once(
    requests: list[LogprobRequest], budget: int, data: st.DataObject
) -> None:
    known = data.draw(st.sets(st.integers(0, len(requests) - 1)))
    engine = engine_of("llama", budget)
    packs = list(engine.weigh(requests, known=known))
    came = [index for pack in packs for index in pack.results]
    assert sorted(came) == sorted(set(range(len(requests))) - known)
    left = [each for index, each in enumerate(requests) if index not in known]
    tokens = sum(pack.computed_tokens for pack in packs)
    assert tokens <= sum(len(each.ids) for each in left)
    assert tokens <= sum(pack.computed_tokens for pack in engine.weigh(requests))


@given(forests(), st.integers(4, 400))
def test_tokens_computed_are_those_of_the_trie(requests: list[LogprobRequest], budget: int) -> None:
    computed = sum(pack.computed_tokens for pack in engine_of("llama", budget).weigh(requests))
    # Beginnings of under MIN_SHARED tokens are computed again, at most once for each sequence.
    assert computed <= distinct_tokens(requests) + (MIN_SHARED - 1) * len(requests)


@given(forests())
def test_the_trie_holds_every_sequence_and_no_token_twice(requests: list[LogprobRequest]) -> None:
    root = build_trie(sequences_of(requests))
    spelled = {
        index: tuple(int(token) for edge in last.path() for token in edge.ids)
        for last in root.below()
        for index in last.ends_here
    }
    assert spelled == {index: each.ids for index, each in enumerate(requests)}
    for edge in root.below():
        firsts = [int(child.ids[0]) for child in edge.children]
        assert len(set(firsts)) == len(firsts)  # branches differ in their first token
        assert all(child.start == edge.end and child.parent is edge for child in edge.children)
    assert distinct_tokens(requests) == len(
        {each.ids[:end] for each in requests for end in range(1, len(each.ids) + 1)}
    )


def test_a_trie_by_hand() -> None:
    root = build_trie(sequences_of([request(ids, 1) for ids in ([1, 2, 3, 4], [1, 2, 3, 9], [1, 2], [7, 8], [7, 8])]))
    assert [drawn(child) for child in root.children] == [
        ("1 2", [2], [("3", [], [("4", [0], []), ("9", [1], [])])]),
        ("7 8", [3, 4], []),
    ]


def drawn(edge: Edge) -> tuple[str, list[int], list]:
    return " ".join(map(str, edge.ids)), sorted(edge.ends_here), [drawn(child) for child in edge.children]
