"""Filters and search on both databases: what passes, how many there are of each value, and what a list shows."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from service_builders import Reviewer, draft, item_ids, make_dataset, queue_run
from sqlalchemy import insert, select

from db.session import Sessions
from db.tables import Annotator, Candidate, Decision, Item, NotWeighed, Run, Suggestion
from services import datasets
from services.errors import NotFound, Refused
from services.formats.drafts import ItemDraft
from services.labels import labels_of
from services.reviews.facets import Facets, facets
from services.reviews.filters import STATES, Filters, items_select
from services.reviews.item_list import list_items
from services.reviews.review import load_item

ITEMS = [
    draft("How long does gyokuro brew?", "Two minutes, at 60 °C.", "An hour.", domain="chat", subset="brewing"),
    draft("What are 3 tins at 7.50?", "They're 22.50.", "I do not know.", domain="reasoning"),
    draft("緑茶はどう淹れますか", "八十度で二分です。", "Brewing takes a while", domain="chat", subset="brewing"),
    draft('Say "tea OR (pot" 🍵', "tea_pot -- café", "NOT tea* <b>x</b>", domain=None, subset="odd"),
    draft("Is it safe to drink 20 cups?", "No: caffeine.", "Yes, 20% of people do", domain="safety"),
]


def positions(sessions: Sessions, dataset_id: int, filters: Filters | None, run: Run | None = None) -> list[int]:
    """Which items pass, by their place in the file."""
    among = items_select(filters, run, dataset_id=dataset_id)
    wanted = select(Item.position).where(Item.dataset_id == dataset_id).order_by(Item.position)
    with sessions() as session:
        return list(session.scalars(wanted if among is None else wanted.where(Item.item_id.in_(among))))


def weighed(sessions: Sessions, items: list[ItemDraft]) -> tuple[int, Run]:
    """A dataset and a finished run: the first candidate is best, margins 0, 1, 2, ...; the last item is not weighed."""
    dataset_id = make_dataset(sessions, items)
    run_id = queue_run(sessions, dataset_id)
    with sessions.begin() as session:
        run = session.get_one(Run, run_id)
        run.status, run.n_done, run.noise_margin = "done", len(items), 1.5
        ids = item_ids(sessions, dataset_id)
        for place, item_id in enumerate(ids[:-1]):
            found = session.scalars(
                select(Candidate.candidate_id).where(Candidate.item_id == item_id).order_by(Candidate.position)
            ).all()
            session.add(
                Suggestion(
                    run_id=run_id,
                    item_id=item_id,
                    best_candidate_id=found[0],
                    ranking=[[one] for one in found],
                    margin=float(place),
                    is_length_flip=place == 2,
                )
            )
        session.add(NotWeighed(run_id=run_id, item_id=ids[-1], reason="too long", detail="-"))
        session.flush()
    return dataset_id, run


FOUND_BY = [
    ("brew", [0, 2]),  # the beginning of a word; in the prompt and in a response
    ("BREWING", [2]),
    ("minutes two", [0]),  # any order
    ('"two minutes"', [0]),
    ('"minutes two"', []),
    ("7.50", [1]),
    ('"7 50"', [1]),
    ("22", [1]),  # short: whole words only
    ("2", []),
    ("they're", [1]),
    ("緑茶", [2]),
    ("茶緑", []),
    ("二分", [2]),
    ("🍵", [3]),
    ("cafe", [3]),
    ("CAFÉ", [3]),
    ("OR", [3]),
    ("NOT tea*", [3]),
    ('"tea or pot"', [3]),
    ("<b>x</b>", [3]),
    ("tea_pot", [3]),
    ("20%", [4]),
    ("brew gyokuro", [0]),
    ("absent", []),
    ("!!", []),
    ("'; DROP TABLE item; --", []),
    ("\x00", []),
]  # (what is typed, places of the items it finds)


def test_searching_finds_words_in_prompt_and_responses(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, ITEMS)
    make_dataset(desk, ITEMS, name="another")
    found = {words: positions(desk, dataset_id, Filters(words=words)) for words, _ in FOUND_BY}
    assert found == dict(FOUND_BY)


def test_what_was_deleted_is_not_found_and_leaves_the_index_whole(desk: Sessions) -> None:
    gone, kept = make_dataset(desk, ITEMS), make_dataset(desk, ITEMS, name="kept")
    datasets.delete(desk, gone)
    assert positions(desk, kept, Filters(words="brew")) == [0, 2]
    with desk() as session:
        among = items_select(Filters(words="brew"), None, dataset_id=kept)
        assert among is not None
        assert len(session.scalars(among).all()) == 2, "only the items that are still there"


def test_each_thing_keeps_its_items_and_several_narrow(desk: Sessions) -> None:
    dataset_id, run = weighed(desk, ITEMS)
    for filters, found in (
        (Filters(domains=("chat",)), [0, 2]),
        (Filters(domains=("chat", None)), [0, 2, 3]),
        (Filters(subsets=(None,)), [1, 4]),
        (Filters(sources=("m1",)), [0, 1, 2, 3, 4]),
        (Filters(sources=("m9",)), []),
        (Filters(margin=(1.0, 3.0)), [1, 2]),
        (Filters(margin=(None, 1.0)), [0]),
        (Filters(margin=(2.0, None)), [2, 3]),
        (Filters(badges=("flip",)), [2]),
        (Filters(badges=("unweighed", "flip")), [2, 4]),
        (Filters(badges=("noise",)), [1]),
        (Filters(words="brew", domains=("chat",), margin=(1.0, None)), [2]),
        (None, [0, 1, 2, 3, 4]),
    ):
        assert positions(desk, dataset_id, filters, run) == found, filters


def test_one_decision_has_to_be_all_that_is_asked_for(desk: Sessions) -> None:
    dataset_id, run = weighed(desk, ITEMS)
    ids = item_ids(desk, dataset_id)
    ann, bob = Reviewer(desk, dataset_id), Reviewer(desk, dataset_id, name="bob")
    second = ann.look(ids[0], run.run_id).candidates[1].candidate_id
    ann.say(ids[0], "best", run_id=run.run_id, chosen_candidate_id=second, reason_tags=["style", "too long"])
    bob.say(ids[0], "tie")
    bob.say(ids[1], "skip")
    ann.say(ids[2], "tie")
    ann.say(ids[2], "flag")  # an edit: only the latest counts
    for filters, found in (
        (Filters(verdicts=("override",)), [0]),
        (Filters(verdicts=("override",), annotators=("bob",)), []),
        (Filters(verdicts=("tie",)), [0]),
        (Filters(annotators=("bob",)), [0, 1]),
        (Filters(reasons=("too long",)), [0]),
        (Filters(reasons=("too long",), annotators=("bob",)), []),
        (Filters(verdicts=("undecided",)), [3, 4]),
        (Filters(verdicts=("undecided",), annotators=("ann",)), [1, 3, 4]),
        (Filters(verdicts=("undecided", "flag")), [2, 3, 4]),
        (Filters(states=("split",)), [0]),
        (Filters(states=("flagged", "skipped")), [1, 2]),
        (Filters(states=("undecided",)), [3, 4]),
    ):
        assert positions(desk, dataset_id, filters, run) == found, filters


def random_decisions(sessions: Sessions, dataset_id: int, *, n: int, seed: int) -> None:
    """Rows of every kind by four people and a machine, in random order, undone ones among them."""
    chance, numbers = random.Random(seed), itertools.count()
    ids = item_ids(sessions, dataset_id)
    with sessions.begin() as session:
        people = [Annotator(name=f"p{number}") for number in range(5)]
        session.add_all(people)
        session.flush()
        rows: list[dict[str, Any]] = []
        for _ in range(n):
            item_id = chance.choice(ids)
            found = session.scalars(select(Candidate.candidate_id).where(Candidate.item_id == item_id)).all()
            verdict = chance.choice(("accept", "override", "tie", "skip", "flag", "undo"))
            kind = chance.choice(("label", "label", "label", "repeat", "adjudication", "auto"))
            rows.append(
                {
                    "submission": f"x{next(numbers)}", "item_id": item_id, "kind": kind, "verdict": verdict,
                    "annotator_id": chance.choice(people).annotator_id,
                    "chosen_candidate_id": chance.choice(found) if verdict in ("accept", "override") else None,
                }
            )  # fmt: skip
        session.execute(insert(Decision), rows)


@pytest.mark.parametrize("seed", range(3))
def test_the_states_of_a_filter_are_those_that_labels_resolve_to(desk: Sessions, seed: int) -> None:
    dataset_id = make_dataset(desk, [draft(f"item {place}", "a", "b", "c") for place in range(30)])
    random_decisions(desk, dataset_id, n=30 + 60 * seed, seed=seed)
    with desk() as session:
        labels = labels_of(session, dataset_id)
        place_of = {item.item_id: item.position for item in session.scalars(select(Item))}
    expected: dict[str, list[int]] = {state: [] for state in STATES}
    for item_id, place in sorted(place_of.items()):
        label = labels.get(item_id)
        expected["undecided" if label is None else label.source or label.state].append(place)
    for state in STATES:
        assert positions(desk, dataset_id, Filters(states=(state,))) == expected[state], state
    counted = facets(desk, dataset_id=dataset_id, run_id=None, filters=None).states
    assert {one.value: one.n for one in counted} == {state: len(places) for state, places in expected.items()}
    some = ("split", "auto", "undecided")
    assert positions(desk, dataset_id, Filters(states=some)) == sorted(place for one in some for place in expected[one])


def every_value(found: Facets) -> Iterator[tuple[str, Any, int]]:
    """(field of Filters, value, how many items it says it would leave)."""
    for field in ("domains", "subsets", "sources", "verdicts", "annotators", "reasons", "states", "badges"):
        for one in getattr(found, field):
            yield field, (one.value,), one.n
    for band in found.margins:
        yield "margin", (band.low, band.high), band.n


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(words="item"),
        Filters(domains=("chat",), margin=(1.0, None)),
        Filters(annotators=("p1", "p2")),
    ],
    ids=["nothing", "words", "two things", "people"],
)
def test_the_count_beside_a_value_is_what_choosing_it_leaves(desk: Sessions, filters: Filters) -> None:
    items = [
        draft(f"item {place}", "a", "b", domain=("chat", "safety", None)[place % 3], subset=f"s{place % 2}")
        for place in range(12)
    ]
    dataset_id, run = weighed(desk, items)
    random_decisions(desk, dataset_id, n=60, seed=1)
    found = facets(desk, dataset_id=dataset_id, run_id=run.run_id, filters=filters)
    assert found.n == len(positions(desk, dataset_id, filters, run))
    assert found.n_items == 12
    for field, value, n in every_value(found):
        others = {name: getattr(filters, name) for name in Filters.__dataclass_fields__}
        chosen = Filters(**(others | {field: value}))
        assert n == len(positions(desk, dataset_id, chosen, run)), (field, value)


def test_a_list_shows_each_item_with_where_it_says_so(desk: Sessions) -> None:
    dataset_id, run = weighed(desk, ITEMS)
    page = list_items(desk, dataset_id=dataset_id, run_id=run.run_id, filters=Filters(words="brew"))
    assert page.n == 2
    first, second = page.rows
    assert (first.position, first.domain, first.best_letter, first.margin) == (0, "chat", "A", 0.0)
    assert first.passage == "How long does gyokuro brew?"
    assert (first.state, first.label_source) == ("undecided", None)
    assert second.passage == "Brewing takes a while"


def test_a_long_list_comes_in_pages(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, [draft(f"item {place}", "a", "b") for place in range(7)])
    page = list_items(desk, dataset_id=dataset_id, run_id=None, filters=None, first=3, limit=3)
    assert (page.n, page.first, [row.position for row in page.rows]) == (7, 3, [3, 4, 5])


def test_the_queue_goes_through_what_passes_and_an_item_by_its_id_shows_all_the_same(desk: Sessions) -> None:
    dataset_id, run = weighed(desk, ITEMS)
    ids = item_ids(desk, dataset_id)
    at: dict[str, Any] = {"dataset_id": dataset_id, "annotator": "ann", "only": Filters(words="brew")}
    first = load_item(desk, **at)
    assert first is not None
    assert (first.item_id, first.next_item_id, first.next_undecided_id) == (ids[0], ids[2], ids[2])
    outside = load_item(desk, item_id=ids[1], run_id=run.run_id, **at)
    assert outside is not None
    assert outside.item_id == ids[1]
    assert load_item(desk, dataset_id=dataset_id, annotator="ann", only=Filters(words="absent")) is None


def test_a_word_of_a_closed_list_that_is_not_on_it_is_refused(desk: Sessions) -> None:
    with pytest.raises(Refused, match="verdict 'maybe' is not known"):
        Filters(verdicts=("maybe",))
    with pytest.raises(Refused, match="at most 200"):
        Filters(words="x" * 201)
    with pytest.raises(NotFound, match="no run 7"):
        facets(desk, dataset_id=make_dataset(desk, ITEMS), run_id=7, filters=None)
