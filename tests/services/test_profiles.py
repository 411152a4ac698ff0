"""The criteria profile: lifts by hand, weights by domain, only the strong model at work, a dataset against gold."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from service_builders import WatchedSource, draft, item_ids, make_dataset, plain_items, queue_run, scores_of, words

from db.session import Sessions
from scoring.criteria import CriteriaBody, DomainCriteria, Exemplar
from scoring.room import ModelRoom
from services.criteria.profile_datasets import profile_dataset
from services.criteria.profile_weights import WeightedSets, read_weights
from services.criteria.profiles import ItemProfile, Lift, SetLifts, profile_item, profile_now
from services.criteria.store import CriteriaRow, add_version, find_criteria
from services.errors import NotFound, Refused
from services.live.now import Message
from services.routing.choice import Routing
from services.weighing.encode import Problem
from services.weighing.run import weigh

CASE = Exemplar("price?", "two", "a story")
BODIES = {
    "brief": CriteriaBody("be brief"),
    "warm": CriteriaBody("be warm", {"chat": DomainCriteria("be very warm", (CASE,))}),
}


def made(desk: Sessions, bodies: dict[str, CriteriaBody] = BODIES) -> list[CriteriaRow]:
    return [add_version(desk, name, title="", body=body) for name, body in bodies.items()]


def strong_logprobs(desk: Sessions, room: ModelRoom, dataset_id: int, criteria_id: int | None = None) -> list[float]:
    """Of the first item's candidates, as a run finds them."""
    run_id = queue_run(desk, dataset_id, criteria_id=criteria_id)
    weigh(desk, room, run_id)
    found = scores_of(desk, run_id)
    return [found[0, place][2] for place in range(3)]


def test_a_lift_is_the_strong_log_prob_under_the_set_minus_the_one_under_nothing(
    desk: Sessions, room: ModelRoom
) -> None:
    sets, dataset_id = made(desk), make_dataset(desk, plain_items(2))
    bare = strong_logprobs(desk, room, dataset_id)
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    found = profile_item(desk, room, run_id, item_ids(desk, dataset_id)[0], sets).items[0]
    assert [one.name for one in found.sets] == ["brief", "warm"]
    assert [one.total for one in found.bare if one] == pytest.approx(bare, abs=1e-4)
    for row, column in zip(sets, found.sets, strict=True):
        told = strong_logprobs(desk, room, dataset_id, row.criteria_id)
        lifts = [lift.total for lift in column.lifts if lift is not None]
        assert lifts == pytest.approx([one - other for one, other in zip(told, bare, strict=True)], abs=1e-4)
        n_tokens = [scores_of(desk, run_id)[0, place][4] for place in range(3)]
        per_token = [lift.per_token for lift in column.lifts if lift is not None]
        assert per_token == pytest.approx([lift / n for lift, n in zip(lifts, n_tokens, strict=True)], abs=1e-6)


def test_only_the_strong_model_works_and_the_second_time_none(desk: Sessions, room: ModelRoom) -> None:
    sets, dataset_id = made(desk), make_dataset(desk, plain_items(1))
    run_id, source = queue_run(desk, dataset_id), WatchedSource(room)
    weigh(desk, room, run_id)
    (item_id,) = item_ids(desk, dataset_id)
    first = profile_item(desk, source, run_id, item_id, sets)
    assert source.computed == {"s": 6}  # 2 sets x 3 responses; those under nothing the run has computed
    assert (first.n_computed, first.n_cached) == (6, 3)
    again = profile_item(desk, source, run_id, item_id, sets)
    assert (again.n_computed, again.n_cached, again.items) == (0, 9, first.items)
    assert source.computed == {"s": 6}


def test_the_domain_that_the_run_took_decides_which_text_is_read(desk: Sessions, room: ModelRoom) -> None:
    sets, dataset_id = made(desk), make_dataset(desk, plain_items(1))
    (item_id,) = item_ids(desk, dataset_id)
    found = {}
    for domain in ("chat", "other"):
        run_id = queue_run(desk, dataset_id, routing=Routing("fixed", domain))
        weigh(desk, room, run_id)
        found[domain] = profile_item(desk, room, run_id, item_id, sets).items[0]
        assert found[domain].domain == domain
    assert found["chat"].sets[0] == found["other"].sets[0]
    assert found["chat"].sets[1] != found["other"].sets[1]


def test_live_gives_the_numbers_of_the_run(desk: Sessions, room: ModelRoom) -> None:
    sets = made(desk)
    dataset_id = make_dataset(desk, [draft("price of tea", "cup", "small pot", "", domain="chat")])
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    of_run = profile_item(desk, room, run_id, item_ids(desk, dataset_id)[0], sets).items[0]
    live = profile_now(
        desk, room, pair="tiny", messages=[Message("user", "price of tea")], responses=["cup", "small pot", ""],
        sets=sets, domain="chat",
    )  # fmt: skip
    assert (live.items[0].sets, live.items[0].bare) == (of_run.sets, of_run.bare)
    assert live.n_computed == 0
    assert of_run.bare[2] is None
    assert of_run.sets[0].lifts[2] is None
    assert of_run.weighted({"brief": 1.0})[2] is None  # type: ignore[index]


def test_a_set_that_does_not_fit_says_so_and_counts_only_where_it_has_a_weight(desk: Sessions, room: ModelRoom) -> None:
    sets = made(desk, {"brief": CriteriaBody("be brief"), "long": CriteriaBody(words(1, 300))})
    dataset_id = make_dataset(desk, plain_items(1))
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    found = profile_item(desk, room, run_id, item_ids(desk, dataset_id)[0], sets).items[0]
    problem = found.sets[1].problem
    assert problem is not None
    assert "the criteria alone take" in problem.detail
    assert found.weighted({"brief": 1.0}) == found.weighted({"brief": 1.0, "long": 0.0}) is not None
    assert found.weighted({"brief": 1.0, "long": 1.0}) is None


def profile_of(*columns: Sequence[float | None]) -> ItemProfile:
    """Sets a, b ... with these lifts; per token a tenth."""
    lifts = [tuple(None if v is None else Lift(v, v / 10) for v in column) for column in columns]
    sets = tuple(SetLifts("ab"[n], "", column) for n, column in enumerate(lifts))
    bare = tuple(None if v is None else Lift(-5.0, -1.0) for v in columns[0])
    return ItemProfile(1, None, tuple("ABC"[: len(bare)]), bare, sets)


def test_weights_add_lifts_up_worked_by_hand() -> None:
    found = profile_of([1.0, -2.0, None], [4.0, 0.5, None])
    assert found.weighted({"a": 2.0, "b": 0.5}) == (4.0, -3.75, None)
    assert found.weighted({"a": -1.0, "unknown": 3.0}, by="mean") == (-0.1, 0.2, None)
    assert found.weighted({}) == (0.0, 0.0, None)
    unread = ItemProfile(1, None, ("A",), (None,), (), Problem("too long", "x"))
    assert unread.weighted({"a": 1.0}) is None


def test_weights_are_read_as_typed_and_written_back(desk: Sessions) -> None:
    made(desk)
    texts = ["brief=1", "warm=0.5", "safety:brief=2", "safety:warm=0"]
    found = read_weights(desk, texts)
    assert [row.name for row in found.sets] == ["brief", "warm"]
    assert found.of(None) == found.of("chat") == {"brief": 1.0, "warm": 0.5}
    assert found.of("safety") == {"brief": 2.0, "warm": 0.0}
    assert found.to_texts() == texts
    assert read_weights(desk, ["brief"]).of(None) == {"brief": 1.0}
    assert read_weights(desk, ["chat: brief = -1.5"]).of("chat") == {"brief": -1.5}
    assert read_weights(desk, ["chat:brief=1"]).of(None) == {"brief": 0.0}


def test_a_set_whose_name_holds_a_colon_is_found_before_a_domain(desk: Sessions) -> None:
    add_version(desk, "chat:brief", title="", body=CriteriaBody("be brief"))
    made(desk)
    assert read_weights(desk, ["chat:brief=2"]).of("chat") == {"chat:brief": 2.0}


@pytest.mark.parametrize(
    ("texts", "error", "line"),
    [
        ([], Refused, "0 criteria sets to profile; give 1 to 12"),
        (["brief=much"], Refused, "the weight in 'brief=much' is 'much'; it must be a number"),
        (["brief=inf"], Refused, "it must be a number"),
        (["brief=1", "brief=2"], Refused, "'brief' is given twice"),
        (["nobody=1"], NotFound, "no criteria 'nobody'; there is "),
        (["chat:nobody=1"], NotFound, "no criteria 'nobody'; there is "),
    ],
)
def test_weights_that_will_not_do_are_one_line(
    desk: Sessions, texts: list[str], error: type[Exception], line: str
) -> None:
    made(desk)
    with pytest.raises(error, match=line) as told:
        read_weights(desk, texts)
    assert "\n" not in str(told.value)


def test_a_dataset_is_ranked_as_its_items_one_by_one_and_measured_against_gold(desk: Sessions, room: ModelRoom) -> None:
    made(desk)
    items = [
        *plain_items(12),
        draft("no gold?", "yes", "no"),
        draft("alone?", "yes", ""),
        draft("tea?", words(1, 300), "a"),
    ]
    dataset_id = make_dataset(desk, items)
    weights = read_weights(desk, ["brief=1", "warm=-0.5", "chat:warm=2"])
    source, told = WatchedSource(room), list[tuple[int, int]]()
    found = profile_dataset(
        desk, source, dataset_id, pair="tiny", weights=weights, on_progress=lambda done, of: told.append((done, of))
    )
    assert set(source.computed) == {"s"}
    assert told == [(8, 15), (15, 15)]
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    n_right = n_strong = 0.0
    for place, item_id in enumerate(item_ids(desk, dataset_id)[:12]):
        alone = profile_item(desk, room, run_id, item_id, weights.sets).items[0]
        values = alone.weighted(weights.of(None))
        assert values is not None
        by_letter = {letter: value or 0.0 for letter, value in zip(alone.letters, values, strict=True)}
        ranked = found.ranked[place]
        assert ranked.letters == tuple(sorted(by_letter, key=lambda letter: -by_letter[letter]))
        assert ranked.values == pytest.approx([by_letter[letter] for letter in ranked.letters], abs=1e-4)
        n_right += ranked.letters[0] == "ABC"[place % 3]
        bare = [one.total for one in alone.bare if one]
        n_strong += bare.index(max(bare)) == place % 3
    assert (found.accuracy.n, found.accuracy.value) == (12, pytest.approx(n_right / 12))
    assert (found.strong.n, found.strong.value) == (12, pytest.approx(n_strong / 12))
    assert (found.over_strong.n, found.over_strong.value) == (12, pytest.approx((n_right - n_strong) / 12))
    assert found.chance.value == pytest.approx(1 / 3)
    assert [(one.position, one.reason) for one in found.unread] == [(13, "too few candidates"), (14, "too long")]
    assert (found.n_items, len(found.ranked), set(found.by_set)) == (15, 13, {"brief", "warm"})
    again = profile_dataset(desk, source, dataset_id, pair="tiny", weights=weights)
    assert (again.n_computed, again.ranked) == (0, found.ranked)


def test_one_set_ranks_a_dataset_by_its_lift_alone_and_weights_follow_the_domain(
    desk: Sessions, room: ModelRoom
) -> None:
    made(desk)
    items = [draft(words(n, 4), *(words(9 * n + k, 6) for k in range(3)), best=0, domain="ab"[n % 2]) for n in range(8)]
    dataset_id = make_dataset(desk, items)
    found = profile_dataset(desk, room, dataset_id, pair="tiny", weights=read_weights(desk, ["a:brief=1", "b:warm=1"]))
    alone = {
        name: profile_dataset(desk, room, dataset_id, pair="tiny", weights=read_weights(desk, [name])).ranked
        for name in BODIES
    }
    for place, ranked in enumerate(found.ranked):
        assert ranked == alone[("brief", "warm")[place % 2]][place]
    assert {name: part.n for name, part in found.by_domain.items()} == {"a": 4, "b": 4}
    by_name = profile_dataset(desk, room, dataset_id, pair="tiny", weights=read_weights(desk, ["brief=2"]))
    assert by_name.by_set["brief"] == by_name.accuracy


def test_what_ranks_nothing_is_refused(desk: Sessions, room: ModelRoom) -> None:
    made(desk)
    dataset_id, empty = make_dataset(desk, plain_items(1)), make_dataset(desk, [], name="empty")
    nothing = WeightedSets((find_criteria(desk, "brief"),), {"brief": 0.0}, {})
    with pytest.raises(Refused, match="every weight is 0"):
        profile_dataset(desk, room, dataset_id, pair="tiny", weights=nothing)
    with pytest.raises(Refused, match="has no item"):
        profile_dataset(desk, room, empty, pair="tiny", weights=read_weights(desk, ["brief"]))
    with pytest.raises(NotFound, match="no model pair"):
        profile_dataset(desk, room, dataset_id, pair="nobody", weights=read_weights(desk, ["brief"]))


def test_items_of_a_domain_in_which_no_set_has_a_weight_are_named_and_not_counted_as_chance(
    desk: Sessions, room: ModelRoom
) -> None:
    made(desk)
    items = [draft(words(n, 4), *(words(9 * n + k, 6) for k in range(3)), best=0, domain="ab"[n % 2]) for n in range(4)]
    dataset_id = make_dataset(desk, [*items, draft(words(9, 4), "yes", "no", best=0)])
    found = profile_dataset(desk, room, dataset_id, pair="tiny", weights=read_weights(desk, ["a:brief=1"]))
    assert [one.position for one in found.ranked] == [0, 2]
    assert (found.accuracy.n, found.strong.n, found.over_strong.n) == (2, 2, 2)
    assert [(one.position, one.reason) for one in found.unread] == [
        (1, "no weight"),
        (3, "no weight"),
        (4, "no weight"),
    ]
    assert "'b'" in found.unread[0].detail


def test_a_domain_whose_name_holds_a_colon_may_have_weights(desk: Sessions) -> None:
    made(desk)
    found = read_weights(desk, ["brief=1", "code:python:brief=2"])
    assert found.of("code:python") == {"brief": 2.0}
    assert read_weights(desk, found.to_texts()) == found
