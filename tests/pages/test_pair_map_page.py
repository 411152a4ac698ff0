"""The tab Map: read from stored runs, judged as asked, a pair in hand, and a run with it that leads to Runs."""

from __future__ import annotations

import threading

import pytest
from map_builders import graded, write_map
from visitor import HOSTILE, Visitor, weighed_desk

from db.session import Sessions
from db.tables import Dataset, Item
from services.criteria.store import CriteriaBody, add_version
from services.runs import list_runs
from ui import frame
from ui.pairs.form_state import MAP, TAB

SKILLS = {"m/a": 0.0, "m/b": 0.7, "m/c": 1.5, "m/d": 2.5}


@pytest.fixture
def mapped(empty_desk: Sessions) -> int:
    """A dataset of 40 items that four models were mapped on; its number."""
    logprobs, gold = graded(40, SKILLS)
    return write_map(empty_desk, logprobs, gold=gold).dataset_id


def open_map(**query: object) -> Visitor:
    visitor = Visitor(frame.PAIRS, **query)
    return visitor.put(TAB, MAP)


def test_an_empty_desk_says_what_to_do_next(empty_desk: Sessions) -> None:
    visitor = open_map()
    assert "Nothing to map yet" in visitor.words
    assert visitor.charts == 0
    assert visitor.has_no_trouble()


def test_a_stored_map_is_shown_with_its_figures_its_correlation_and_its_baselines(mapped: int) -> None:
    visitor = open_map(dataset="mapped")
    assert visitor.charts == 2
    assert "40 of 40 items count" in visitor.words
    assert "12 pairs of 4 models" in visitor.html
    assert "95 % interval" in visitor.html
    for baseline in ("the shortest response", "the longest response", "picking at random", "m/d alone"):
        assert baseline in visitor.html
    assert "First on 40 items" in visitor.html
    assert "pairs_map_weigh" not in visitor.keys, "nothing is missing"
    assert visitor.has_no_trouble()


def test_ranking_and_judging_can_be_changed(mapped: int) -> None:
    visitor = open_map(dataset="mapped")
    assert visitor.choose("pairs_map_rank", "mean").charts == 2
    visitor.choose("pairs_map_judged", "decided")
    assert "Nothing to judge by" in visitor.html
    assert visitor.charts == 0
    assert visitor.choose("pairs_map_judged", "gold").charts == 2
    assert visitor.has_no_trouble()


def test_a_pair_is_taken_in_hand_and_a_run_with_it_is_queued_and_shown(empty_desk: Sessions, mapped: int) -> None:
    visitor = open_map(dataset="mapped")
    visitor.choose("pairs_map_strong", "m/b")
    visitor.choose("pairs_map_weak", "m/b")
    assert "choose two models" in visitor.words
    assert visitor.at.button(key="pairs_map_start").disabled
    visitor.choose("pairs_map_weak", "m/a")
    assert "Strong alone" in visitor.html
    visitor.press("pairs_map_start")
    rows = list_runs(empty_desk, dataset_id=mapped)
    assert [(row.pair, row.status, row.criteria) for row in rows] == [("m/b over m/a", "queued", "none")]
    assert "Runs of this dataset" in visitor.words


def test_fewer_than_two_models_are_asked_for(mapped: int) -> None:
    visitor = open_map(dataset="mapped")
    visitor.at.multiselect(key=f"pairs_map_models_{mapped}_none").set_value(["m/a"])
    visitor.run()
    assert "Which models?" in visitor.words
    assert visitor.charts == 0


def test_a_model_that_is_added_is_missing_from_the_map_and_can_be_weighed(
    mapped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = open_map(dataset="mapped")
    visitor.type("pairs_map_more_name", "owner/new").press("pairs_map_more_add")
    assert "12 of 20 pairs of these models are weighed" in visitor.html
    assert "tare map" in visitor.html, "this desk leaves weighing to others, and says how"
    assert visitor.charts == 2
    monkeypatch.setenv("TARE_WORKER", "on")
    monkeypatch.setattr("ui.resources.start_worker", lambda: None)
    assert "pairs_map_weigh" in visitor.run().keys
    assert visitor.has_no_trouble()


def test_a_pair_weighed_one_way_round_can_be_weighed_the_other_way(
    empty_desk: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    logprobs, gold = graded(6, {"m/a": 0.0, "m/b": 1.5})
    write_map(empty_desk, logprobs, gold=gold, left_out=[("m/a", "m/b")], is_hidden=False)
    monkeypatch.setenv("TARE_WORKER", "on")
    monkeypatch.setattr("ui.resources.start_worker", lambda: None)
    visitor = open_map(dataset="mapped")
    assert "1 of 2 pairs of these models are weighed" in visitor.words + visitor.html
    assert "pairs_map_weigh" in visitor.keys
    assert visitor.has_no_trouble()


def test_items_that_came_after_the_map_can_be_weighed(
    empty_desk: Sessions, mapped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with empty_desk.begin() as session:
        session.get_one(Dataset, mapped).n_items += 1
        session.add(Item(dataset_id=mapped, position=40, messages=[{"role": "user", "content": "new"}], meta={}))
    monkeypatch.setenv("TARE_WORKER", "on")
    monkeypatch.setattr("ui.resources.start_worker", lambda: None)
    visitor = open_map(dataset="mapped")
    assert "12 of them were weighed before its last items came" in visitor.words
    assert "pairs_map_weigh" in visitor.keys
    assert visitor.has_no_trouble()


def test_a_new_version_of_the_criteria_is_not_shown_the_old_versions_map(empty_desk: Sessions) -> None:
    logprobs, gold = graded(10, {"demo/checkpoints/tuned": 0.0, "demo/checkpoints/practised": 1.0})
    add_version(empty_desk, "mine", title="mine", body=CriteriaBody("Be kind."))
    write_map(empty_desk, logprobs, gold=gold, criteria="mine")
    visitor = open_map(dataset="mapped")
    assert visitor.charts == 2
    add_version(empty_desk, "mine", title="mine", body=CriteriaBody("Be short."))
    visitor.run()
    assert visitor.charts == 0, "no run was made under the new version"
    assert "0 of 42 pairs of these models are weighed" in visitor.html
    assert visitor.has_no_trouble()


def test_a_desk_that_was_never_mapped_offers_the_demos_models(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = open_map(dataset="tea shop")
    chosen = next(iter(visitor.at.multiselect)).value
    assert {"demo:weak", "demo:strong"} <= set(chosen)
    assert "of these models are weighed" in visitor.html
    assert visitor.has_no_trouble()


def test_hostile_names_are_shown_as_text(empty_desk: Sessions) -> None:
    logprobs, gold = graded(10, {HOSTILE: 0.0, "m/b": 1.0, "m/c": 1.5})
    write_map(empty_desk, logprobs, gold=gold, name=HOSTILE[:99].strip())
    visitor = open_map(dataset=HOSTILE[:99].strip())
    assert visitor.shows_only_as_text(HOSTILE)
    specs = [chart.proto.spec for chart in visitor.at.get("plotly_chart")]
    assert specs
    assert not any("<img" in spec or "\\u003cimg" in spec for spec in specs)
    assert visitor.has_no_trouble()


def test_an_unknown_dataset_is_said(mapped: int) -> None:
    visitor = open_map(dataset="nowhere")
    assert "No such dataset" in visitor.words
    assert visitor.has_no_trouble()


def test_who_comes_back_while_a_map_is_weighed_finds_its_models_and_how_far_it_is(
    mapped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that never opens a model stands for a long weighing."""
    from services.pair_map.worker import MapJob
    from ui import resources

    go_on = threading.Event()

    def slow_room() -> object:
        go_on.wait(60)
        raise ImportError("no torch here")

    worker = resources.map_worker()
    monkeypatch.setattr(worker, "_models_factory", slow_room)
    job = MapJob(mapped, ("m/a", "m/new"), "helpful")
    worker.start(job)
    visitor = open_map(dataset="mapped")
    assert visitor.at.multiselect(key=f"pairs_map_models_{mapped}_helpful").value == ["m/a", "m/new"]
    assert "pairs_map_stop" in visitor.keys
    visitor.press("pairs_map_stop")
    go_on.set()
    worker.join()
    progress = worker.progress(job)
    assert progress is not None
    assert not progress.is_active
    assert "No torch here" in open_map(dataset="mapped").html, "and why it ended, whoever looks"
