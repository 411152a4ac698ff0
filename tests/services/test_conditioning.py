"""Who reads the criteria and where exemplars stand: what each model gets, what is computed again, what is too long."""

from __future__ import annotations

import pytest
from service_builders import WatchedSource, draft, item_ids, make_dataset, plain_items, queue_run, scores_of, words

from db.session import Sessions
from scoring.conditioning import Conditioning
from scoring.criteria import CriteriaBody, DomainCriteria, Exemplar
from scoring.pairs import ModelPair
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.criteria.conditioning_choice import conditioning_of
from services.criteria.store import add_version
from services.live.now import Message, weigh_now
from services.pairs.catalogue import get_pair
from services.reviews.review import load_item
from services.runs import configuration_of, get_run, list_not_weighed
from services.token_views import exact_text
from services.weighing.chunk import PairView, encode_both
from services.weighing.encode import EncodedFor, ItemText, WeighSetup, facts_of, side_view
from services.weighing.here import find_or_start
from services.weighing.run import weigh

STRONG_ONLY = Conditioning(read_by="strong")
TURNS = Conditioning(exemplars="turns")
CASE = Exemplar("price of tea?", "two", "a very long story", "short is kind")
WITH_CASE = CriteriaBody(DomainCriteria("be brief", (CASE,)))
NONE = CriteriaBody("")
ITEM = ItemText(0, ({"role": "user", "content": "open?"},), None, (0, 1), ("hot tea", "cold milk"))


def encoded(
    room: ModelRoom, body: CriteriaBody, conditioning: Conditioning, *, pair: ModelPair | None = None
) -> tuple[EncodedFor, EncodedFor]:
    """The item as the strong and the weak model get it."""
    setup = WeighSetup(pair or get_pair("tiny"), body, conditioning=conditioning)
    with room.open(setup.spec("strong")) as strong, room.open(setup.spec("weak")) as weak:
        facts = facts_of(strong)
        by_strong = side_view(setup, "strong", facts, strong=facts)
        by_weak = side_view(setup, "weak", facts_of(weak), strong=facts)
        chunk = encode_both([ITEM], setup, PairView(by_strong, by_weak))
    return chunk.strong[0], chunk.weak[0]


def texts(found: EncodedFor) -> list[str]:
    return [candidate.text for candidate in found.candidates]  # type: ignore[union-attr]


def requests(found: EncodedFor) -> list[LogprobRequest]:
    assert found.problem is None
    return found.requests()


@pytest.mark.parametrize("exemplars", ["system", "turns"])
def test_read_by_the_strong_model_only_the_weak_one_gets_exactly_the_ids_of_no_criteria(
    room: ModelRoom, exemplars: str
) -> None:
    bare_strong, bare_weak = encoded(room, NONE, Conditioning())
    strong, weak = encoded(room, WITH_CASE, Conditioning("strong", exemplars))  # type: ignore[arg-type]
    assert requests(weak) == requests(bare_weak)
    assert requests(strong) != requests(bare_strong)
    assert requests(strong) == requests(encoded(room, WITH_CASE, Conditioning("both", exemplars))[0])  # type: ignore[arg-type]


def test_in_the_system_message_an_exemplar_shows_both_responses_and_why(room: ModelRoom) -> None:
    strong, weak = encoded(room, WITH_CASE, Conditioning())
    case = "Example 1\nPrompt: price of tea?\nGood response: two\nBad response: a very long story\nWhy: short is kind"
    told = f"be brief\n\n{case}"
    assert texts(strong)[0] == f"<|bos|><|system|>{told}<|end|><|user|>open?<|end|><|assistant|>hot tea<|end|>"
    assert texts(weak) == texts(strong)


def test_as_turns_an_exemplar_is_an_earlier_exchange_with_its_good_response(room: ModelRoom) -> None:
    strong, _ = encoded(room, WITH_CASE, TURNS)
    assert texts(strong)[1] == (
        "<|bos|><|system|>be brief<|end|><|user|>price of tea?<|end|><|assistant|>two<|end|>"
        "<|user|>open?<|end|><|assistant|>cold milk<|end|>"
    )


@pytest.mark.parametrize(
    ("exemplars", "first_turn"),
    [("system", "be brief\n\nExample 1\nPrompt: price of tea?"), ("turns", "be brief\n\nprice of tea?<|end|>")],
)
def test_without_a_system_role_the_criteria_open_the_first_user_turn_be_it_an_exemplars(
    room: ModelRoom, exemplars: str, first_turn: str
) -> None:
    from dataclasses import replace

    pair = replace(get_pair("tiny"), system_role=False)
    strong, _ = encoded(room, WITH_CASE, Conditioning("both", exemplars), pair=pair)  # type: ignore[arg-type]
    assert texts(strong)[0].startswith(f"<|bos|><|user|>{first_turn}")
    assert "<|system|>" not in texts(strong)[0]
    assert texts(strong)[0].endswith("open?<|end|><|assistant|>hot tea<|end|>")


def test_the_items_own_system_message_stays_in_front_of_exemplars(room: ModelRoom) -> None:
    own = ItemText(0, ({"role": "system", "content": "shop"}, *ITEM.messages), None, (0, 1), ITEM.responses)
    setup = WeighSetup(get_pair("tiny"), WITH_CASE, conditioning=TURNS)
    with room.open(setup.spec("strong")) as model:
        facts = facts_of(model)
        view = side_view(setup, "strong", facts, strong=facts)
        found = encode_both([own], setup, PairView(view, view)).strong[0]
    assert texts(found)[0].startswith("<|bos|><|system|>shop\n\nbe brief<|end|><|user|>price of tea?<|end|>")


def test_new_criteria_for_the_strong_model_only_compute_nothing_in_the_weak_one(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    bodies = [CriteriaBody("be brief"), WITH_CASE]
    ids = [add_version(desk, f"mine-{n}", title="", body=body).criteria_id for n, body in enumerate(bodies)]
    weigh(desk, room, queue_run(desk, dataset_id))
    for criteria_id, conditioning in [(ids[0], STRONG_ONLY), (ids[1], STRONG_ONLY)]:
        source = WatchedSource(room)
        run_id = queue_run(desk, dataset_id, criteria_id=criteria_id, conditioning=conditioning)
        row = weigh(desk, source, run_id)
        assert (row.status, source.computed) == ("done", {"s": 12})
        assert (row.n_computed, row.n_cached) == (12, 12)
    both = WatchedSource(room)
    weigh(desk, both, queue_run(desk, dataset_id, criteria_id=ids[0]))
    assert both.computed == {"w": 12}  # the strong model read these words before


def test_what_the_run_read_is_what_the_exact_input_shows(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, [draft("open?", "hot tea", "cold milk")])
    criteria_id = add_version(desk, "mine", title="", body=WITH_CASE).criteria_id
    conditioning = Conditioning("strong", "turns")
    run_id = queue_run(desk, dataset_id, criteria_id=criteria_id, conditioning=conditioning)
    weigh(desk, room, run_id)
    item = load_item(desk, dataset_id=dataset_id, annotator="ann", item_id=item_ids(desk, dataset_id)[0])
    assert item is not None
    shown = {c.letter: exact_text(desk, room, run_id, c.candidate_id) for c in item.candidates}
    strong, weak = encoded(room, WITH_CASE, conditioning)
    for place, letter in enumerate("AB"):
        assert shown[letter].strong.text == texts(strong)[place]
        assert shown[letter].weak.text == texts(weak)[place] == texts(encoded(room, NONE, Conditioning())[1])[place]
        keys = scores_of(desk, run_id)[0, place][7:9]
        assert keys == (requests(strong)[place].content_key(), requests(weak)[place].content_key())


def test_the_configuration_names_a_choice_and_leaves_the_usual_one_out(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(1))
    criteria = add_version(desk, "mine", title="", body=WITH_CASE)
    assert "conditioning" not in configuration_of(get_pair("tiny"), criteria)
    run_ids = [
        find_or_start(desk, dataset_id=dataset_id, pair="tiny", criteria="mine", conditioning=conditioning)
        for conditioning in (Conditioning(), STRONG_ONLY, TURNS, STRONG_ONLY)
    ]
    assert run_ids[1] == run_ids[3]
    assert len(set(run_ids)) == 3
    found = [conditioning_of(get_run(desk, run_id).configuration) for run_id in run_ids]
    assert found == [Conditioning(), STRONG_ONLY, TURNS, STRONG_ONLY]


def test_criteria_that_fill_the_context_are_refused_before_anything_is_computed(
    desk: Sessions, room: ModelRoom
) -> None:
    long = add_version(desk, "long", title="", body=CriteriaBody(words(1, 300)))
    source = WatchedSource(room)
    row = weigh(desk, source, queue_run(desk, make_dataset(desk, plain_items(2)), criteria_id=long.criteria_id))
    assert (row.status, row.n_done, source.n_batches) == ("failed", 0, 0)
    assert row.error is not None
    assert row.error.startswith("the criteria alone take 806 tokens of ")
    assert "whose context limit is 256; shorten them" in row.error


def test_where_one_domains_criteria_are_too_long_only_its_items_say_so_with_the_count(
    desk: Sessions, room: ModelRoom
) -> None:
    body = CriteriaBody("be brief", {"chat": words(1, 300)})
    long = add_version(desk, "long", title="", body=body)
    items = [draft("tea?", "yes", "no", domain="chat"), draft("tea?", "yes", "no"), draft("tea?", words(2, 300), "no")]
    run_id = queue_run(desk, make_dataset(desk, items), criteria_id=long.criteria_id)
    assert weigh(desk, room, run_id).n_not_weighed == 2
    chat, plain = list_not_weighed(desk, run_id)
    assert (chat.position, chat.reason, plain.position, plain.reason) == (0, "too long", 2, "too long")
    n_prompt = int(chat.detail.split("prompt ")[1].split(",")[0])
    n_criteria = int(chat.detail.split("the criteria take ")[1].split(" ")[0])
    with room.open(get_pair("tiny").strong) as model:
        bare = len(model.tokenizer("<|bos|><|user|>tea?<|end|><|assistant|>", add_special_tokens=False).input_ids)
    assert n_criteria == n_prompt - bare > 256
    assert "the criteria take" in plain.detail
    assert "\n" not in chat.detail


def test_a_response_that_is_too_long_by_itself_does_not_blame_criteria_there_are_none_of(
    desk: Sessions, room: ModelRoom
) -> None:
    run_id = queue_run(desk, make_dataset(desk, [draft("tea?", words(2, 300), "no")]))
    weigh(desk, room, run_id)
    (line,) = list_not_weighed(desk, run_id)
    assert "exceed the context limit of 256" in line.detail
    assert "criteria" not in line.detail


def test_live_tells_criteria_that_fill_the_context_in_one_line(desk: Sessions, room: ModelRoom) -> None:
    from scoring.errors import PromptTooLong

    with pytest.raises(PromptTooLong, match="the criteria alone take") as told:
        weigh_now(
            desk, room, pair="tiny", criteria=CriteriaBody(words(1, 300)), messages=[Message("user", "tea?")],
            responses=["yes", "no"],
        )  # fmt: skip
    assert "\n" not in str(told.value)
