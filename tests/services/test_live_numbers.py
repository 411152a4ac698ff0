"""Live: the numbers of a run, at once; sampling; and the result kept as an item."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from service_builders import WatchedSource, draft, item_ids, make_dataset, queue_run, scores_of

from db.session import Sessions
from scoring.criteria import CriteriaBody, builtin_criteria
from scoring.room import ModelRoom
from services.errors import NotFound, Refused
from services.live.now import Message, SampledCandidate, sample_candidates, send_to_dataset, weigh_now
from services.reviews.review import load_item
from services.weighing.run import weigh

NONE = CriteriaBody("")
ASK = [Message("user", "price of tea")]


def test_live_gives_the_very_numbers_of_a_run_from_the_same_cache(desk: Sessions, room: ModelRoom) -> None:
    responses = ["cup of tea", "small pot", "hot"]
    run_id = queue_run(desk, make_dataset(desk, [draft("price of tea", *responses)]))
    weigh(desk, room, run_id)
    source = WatchedSource(room)
    found = weigh_now(desk, source, pair="tiny", criteria=NONE, messages=ASK, responses=responses)
    assert (source.n_batches, found.n_computed, found.n_cached) == (0, 0, 6)
    stored = scores_of(desk, run_id)
    assert [one.reward for one in found.candidates] == [stored[0, place][0] for place in range(3)]
    assert [one.rank for one in found.candidates] == [stored[0, place][6] for place in range(3)]
    assert [one.letter for one in found.candidates] == ["A", "B", "C"]
    best = min(found.candidates, key=lambda one: one.rank or 9)
    assert (found.best_letter, found.margin) == (best.letter, stored[0, 0][9])
    for one in found.candidates:
        assert one.view is not None
        assert sum(span.delta for span in one.view.spans) == pytest.approx(one.reward)
        assert "".join(span.text for span in one.view.spans) == one.text


def test_other_criteria_give_other_rewards_and_the_first_are_remembered(desk: Sessions, room: ModelRoom) -> None:
    def ask(text: str) -> list[float | None]:
        body = CriteriaBody(text)
        found = weigh_now(desk, room, pair="tiny", criteria=body, messages=ASK, responses=["cup", "pot"])
        return [one.reward for one in found.candidates]

    plain, brief = ask(""), ask("be brief")
    assert plain != brief
    assert ask("") == plain


def test_criteria_of_the_items_domain_are_used(desk: Sessions, room: ModelRoom) -> None:
    body = CriteriaBody("be brief", {"chat": "be warm"})
    by_domain = [
        weigh_now(desk, room, pair="tiny", criteria=body, messages=ASK, responses=["cup"], domain=domain)
        for domain in (None, "chat", "other")
    ]
    rewards = [found.candidates[0].reward for found in by_domain]
    assert rewards[0] == rewards[2] != rewards[1]


def test_one_response_is_weighed_and_an_empty_one_is_noted(desk: Sessions, room: ModelRoom) -> None:
    found = weigh_now(desk, room, pair="tiny", criteria=NONE, messages=ASK, responses=["cup", "", "cup"])
    assert [one.reward is None for one in found.candidates] == [False, True, False]
    assert (found.candidates[1].note or "").startswith("empty response")
    assert found.candidates[2].note == "identical candidates: same text as A"
    alone = weigh_now(desk, room, pair="tiny", criteria=NONE, messages=ASK, responses=["cup"])
    assert (alone.best_letter, alone.margin, alone.not_weighed) == ("A", None, None)


def test_too_long_is_told_and_the_mark_is_set(desk: Sessions, room: ModelRoom) -> None:
    found = weigh_now(desk, room, pair="tiny", criteria=NONE, messages=ASK, responses=["cup " * 300, "pot"])
    assert found.not_weighed is not None
    assert found.not_weighed[0] == "too long"
    marked = weigh_now(desk, room, pair="worldly", criteria=NONE, messages=ASK, responses=["ŸŽ þ ð"])
    assert marked.is_out_of_world


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"messages": []}, "must end with something the user says"),
        ({"messages": [Message("user", " ")]}, "must end with something the user says"),
        ({"messages": [*ASK, Message("assistant", "x")]}, "must end with something the user says"),
        ({"responses": []}, "0 responses"),
        ({"responses": ["x"] * 65}, "65 responses"),
        ({"rank_by": "luck"}, "sum or mean"),
    ],
)
def test_what_cannot_be_weighed_is_refused_in_one_line(
    desk: Sessions, room: ModelRoom, wrong: dict[str, object], line: str
) -> None:
    asked = {"pair": "tiny", "criteria": NONE, "messages": ASK, "responses": ["a", "b"], **wrong}
    with pytest.raises(Refused, match=line):
        weigh_now(desk, room, **asked)  # type: ignore[arg-type]


def test_a_closed_pair_takes_its_own_criteria_and_others_too(desk: Sessions, room: ModelRoom) -> None:
    for body in (builtin_criteria()["demo-brief"].body, CriteriaBody("Be kind.")):
        assert weigh_now(desk, room, pair="demo", criteria=body, messages=ASK, responses=["a"]).n_computed
    with pytest.raises(NotFound, match="no model pair"):
        weigh_now(desk, room, pair="nobody", criteria=NONE, messages=ASK, responses=["a"])


def test_samples_come_from_the_models_asked_and_repeat_with_the_seed(room: ModelRoom) -> None:
    def sample(**more: object) -> tuple[SampledCandidate, ...]:
        settings = {"n": 3, "max_new_tokens": 6, "seed": 4, **more}
        return sample_candidates(room, pair="tiny", criteria=NONE, messages=ASK, **settings)  # type: ignore[arg-type]

    both = sample()
    assert [one.source_model.rsplit(" ", 1)[1] for one in both] == ["(strong)", "(strong)", "(weak)"]
    assert sample() == both
    assert sample(seed=5) != both
    assert {one.source_model.rsplit(" ", 1)[1] for one in sample(source="weak")} == {"(weak)"}
    assert len({one.text for one in sample(temperature=0.0, source="strong")}) == 1


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"n": 17}, {"temperature": -1.0}, {"max_new_tokens": 0}, {"source": "oracle"}]
)
def test_settings_out_of_range_are_refused_with_the_range(room: ModelRoom, wrong: dict[str, object]) -> None:
    with pytest.raises(Refused, match="give"):
        sample_candidates(room, pair="tiny", criteria=NONE, messages=ASK, **wrong)  # type: ignore[arg-type]


def test_a_result_becomes_an_item_of_a_dataset_that_grows(desk: Sessions) -> None:
    chat = [Message("user", "hi\x00"), Message("assistant", "hello"), Message("user", "tea?")]
    first = send_to_dataset(desk, "mine", messages=chat, candidates=["yes", "no 🍵"], domain="chat\ud800")
    written = [SampledCandidate("a", "model x"), "b", "c"]
    second = send_to_dataset(desk, "mine", messages=ASK, candidates=written)
    with desk() as session:
        from db.tables import Dataset, Item

        item = session.get_one(Item, second)
        dataset = session.get_one(Dataset, item.dataset_id)
        assert (item.position, dataset.n_items, dataset.n_candidates) == (1, 2, 5)
        assert session.get_one(Item, first).messages[0]["content"] == "hi\N{REPLACEMENT CHARACTER}"
        assert session.get_one(Item, first).domain == "chat\N{REPLACEMENT CHARACTER}"
    shown = load_item(desk, dataset_id=dataset.dataset_id, annotator="ann", item_id=second)
    assert shown is not None
    assert [(one.text, one.source_model) for one in shown.candidates] == [("a", "model x"), ("b", None), ("c", None)]
    with pytest.raises(Refused, match="1 candidate"):
        send_to_dataset(desk, "mine", messages=ASK, candidates=["only one"])


def test_several_people_sending_at_once_get_a_place_each(desk: Sessions) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: send_to_dataset(desk, "mine", messages=ASK, candidates=[f"{n}", "x"]), range(8)))
    with desk() as session:
        from db.tables import Dataset

        dataset_id = session.query(Dataset).one().dataset_id
        assert session.query(Dataset).one().n_items == 8
    assert sorted(item_ids(desk, dataset_id)) == sorted(made)
