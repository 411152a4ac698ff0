"""Numeric noise on screen: the badge and the filter of Review, the count and the one click of Runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from desk_data import Desk, write_desk
from desk_people import PAIR, SUMS, TOO_LONG, Reviewer
from visitor import GOOD, WRONG, Visitor, weighed_desk
from visitor import TOO_LONG as LONG

from db.session import Sessions
from db.tables import Run, Suggestion
from services import runs
from ui import frame

DROWNED = 5.0  # nats


def make_noisy(sessions: Sessions, desk: Desk, *places: int, dtype: str = "bfloat16") -> None:
    """A run in that dtype whose noise drowns the margins of the items at these places and no others."""
    with sessions.begin() as session:
        run = session.get_one(Run, desk.run_id)
        run.noise_margin = DROWNED
        models = {side: known | {"dtype": dtype} for side, known in run.configuration["models"].items()}
        run.configuration = run.configuration | {"models": models}
        for place, item_id in enumerate(desk.item_ids):
            suggestion = session.get(Suggestion, (desk.run_id, item_id))
            if suggestion is not None:
                suggestion.margin = 0.5 if place in places else 9.0


def test_a_run_counts_what_is_within_noise_and_one_click_weighs_it_again(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, [GOOD, WRONG, LONG])
    make_noisy(empty_desk, desk, 0)
    visitor = Visitor(frame.RUNS)
    assert "1 within numeric noise" in visitor.html
    button = visitor.at.button(key=f"runs_again_{desk.run_id}")
    assert (button.label, button.disabled) == ("Weigh 1 item again in float32", False)
    visitor.press(f"runs_again_{desk.run_id}")
    again, first = runs.list_runs(empty_desk)
    assert (again.again_of, again.status, again.n_done, again.n_items) == (first.run_id, "queued", 2, 3)
    assert f"run {first.run_id}, 1 item again in float32" in visitor.html
    assert visitor.at.get("progress")[0].proto.value == 0
    assert visitor.has_no_trouble()
    visitor.press(f"runs_again_{desk.run_id}")
    assert f"Run {again.run_id} weighs the items of run {first.run_id} again already" in visitor.html


@pytest.mark.parametrize(
    ("places", "dtype", "reason"),
    [((0,), "float32", "It was weighed in float32 already."), ((), "bfloat16", "No item is within its numeric noise.")],
)
def test_where_there_is_nothing_to_weigh_again_the_button_says_why(
    empty_desk: Sessions, places: tuple[int, ...], dtype: str, reason: str
) -> None:
    desk = weighed_desk(empty_desk, [GOOD, WRONG])
    make_noisy(empty_desk, desk, *places, dtype=dtype)
    button = Visitor(frame.RUNS).at.button(key=f"runs_again_{desk.run_id}")
    assert (button.disabled, button.help) == (True, reason)


def test_the_details_say_how_noisy_the_models_are(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, [GOOD, WRONG])
    make_noisy(empty_desk, desk, 0)
    with empty_desk.begin() as session:
        run = session.get_one(Run, desk.run_id)
        noise = {"n": 16, "max_sum": 0.75, "rms_sum": 0.25, "max_mean": 0.1, "rms_mean": 0.05}
        models = run.configuration["models"]
        run.configuration = run.configuration | {"models": models | {"weak": models["weak"] | {"noise": noise}}}
    visitor = Visitor(frame.RUNS).put(f"runs_details_{desk.run_id}", True)
    assert "margins below 5 nats say nothing" in visitor.html
    assert "weak model off by 0.25 (RMS), 0.75 at most, n = 16" in visitor.html


def test_what_a_run_computes_in_can_be_chosen(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk, is_weighed=False)
    visitor = Visitor(frame.RUNS).choose("runs_dtype", "bfloat16").press("runs_start")
    assert [row.configuration["dtype"] for row in runs.list_runs(empty_desk)] == ["bfloat16"]
    assert visitor.has_no_trouble()


def test_a_slow_choice_is_said_and_not_refused(empty_desk: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "has_bfloat16", lambda: False)
    weighed_desk(empty_desk, is_weighed=False)
    visitor = Visitor(frame.RUNS)
    assert runs.SLOW not in visitor.words
    assert runs.SLOW in visitor.choose("runs_dtype", "bfloat16").words
    assert not visitor.at.button(key="runs_start").disabled


@pytest.fixture
def noisy_desk(empty_desk: Sessions) -> Desk:
    """Five items of which the second and the fourth are within noise; the third is too long."""
    desk = write_desk(empty_desk, [SUMS, PAIR, TOO_LONG, dataclasses.replace(PAIR, is_length_flip=True), SUMS])
    make_noisy(empty_desk, desk, 1, 3)
    return desk


@pytest.fixture
def reader(noisy_desk: Desk) -> Reviewer:
    """Somebody at the review screen."""
    person = Reviewer()
    person.open(dataset="tea shop")
    return person


def test_an_item_within_noise_carries_the_badge_and_a_clear_one_does_not(noisy_desk: Desk, reader: Reviewer) -> None:
    assert reader.item_id == noisy_desk.item_ids[0]
    assert "within numeric noise" not in reader.html()
    reader.accept()
    assert "within numeric noise" in reader.html()
    assert "(5 nats)" in reader.html()


def choose_badge(reader: Reviewer, badge: str) -> None:
    """Opens the filter and clicks the badge there."""
    reader.at.session_state["review_filter"] = True
    reader.settled(reader.at.run())
    reader.at.button_group(key="review_filter_badges").set_value([badge])
    reader.settled(reader.at.run())


def test_the_queue_keeps_to_the_items_within_noise_until_all_are_shown_again(
    noisy_desk: Desk, reader: Reviewer, decisions: Callable[[], list[object]]
) -> None:
    choose_badge(reader, "noise")
    assert reader.query("only") == "noise"
    assert reader.item_id == noisy_desk.item_ids[1]
    assert reader.has_button("filter_off")
    reader.accept()
    assert reader.item_id == noisy_desk.item_ids[3]
    reader.accept()
    assert "All of these are decided" in reader.words()
    assert len(decisions()) == 2
    reader.press("filter_all")
    assert reader.query("only") is None
    assert reader.item_id == noisy_desk.item_ids[4], "on from where one was"


def test_a_link_opens_the_filtered_queue_and_every_badge_can_be_asked_for(noisy_desk: Desk) -> None:
    first = {"noise": 1, "flip": 3, "unweighed": 2}
    for only, place in first.items():
        person = Reviewer()
        person.open(dataset="tea shop", only=only)
        assert person.item_id == noisy_desk.item_ids[place]


def test_a_filter_without_items_says_so_and_leads_back(noisy_desk: Desk) -> None:
    person = Reviewer()
    person.open(dataset="tea shop", only="world")
    assert "Nothing passes this filter" in person.words()
    assert "out of the pair" in person.words()
    person.press("filter_all")
    assert person.item_id == noisy_desk.item_ids[0]


def test_a_word_that_is_no_filter_shows_every_item(noisy_desk: Desk) -> None:
    person = Reviewer()
    person.open(dataset="tea shop", only="<img src=x>")
    assert person.item_id == noisy_desk.item_ids[0]
    assert not person.has_button("filter_off")
