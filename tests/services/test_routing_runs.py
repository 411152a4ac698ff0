"""Runs under domains by the router, one domain for all or the file's column: what they take stands, and decides."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from routing_builders import by_domain_run, by_router, small_router, some_items, taken, with_domains
from service_builders import (
    Gate,
    WatchedSource,
    item_ids,
    let_time_pass,
    make_dataset,
    queue_run,
    scores_of,
    wait_until,
)
from sqlalchemy import delete, select

from db.session import Sessions, make_sessionmaker
from db.tables import Logprob, Run, Suggestion
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.criteria.store import find_criteria
from services.precise import start_again
from services.routing.choice import Routing
from services.routing.dataset import correct_domain, route_dataset
from services.routing.store import get_router
from services.runs import resume
from services.weighing.run import weigh

fork = multiprocessing.get_context("fork")


def test_a_routed_run_finds_the_numbers_of_a_file_that_names_the_same_domains(desk: Sessions, room: ModelRoom) -> None:
    items = some_items(20)
    routed = by_domain_run(desk, make_dataset(desk, items), by_router(desk))
    row = weigh(desk, room, routed)
    assert (row.status, row.error) == ("done", None)
    router = get_router(desk, row.configuration["routing"]["router_id"])
    named = {"name": router.name, "version": router.version, "sha256": router.sha256}
    assert row.configuration["router"] == named
    found = taken(desk, routed)
    assert sorted(found) == list(range(20))
    assert {source for _, source, _ in found.values()} == {"router"}
    assert all(p is not None and 1 / 3 <= p <= 1 for _, _, p in found.values())
    domains = [found[place][0] for place in range(20)]
    assert len(set(domains)) > 1, "the tiny model should not name one domain for all, or this shows nothing"
    named = by_domain_run(desk, make_dataset(desk, with_domains(items, domains), name="named"), Routing())
    weigh(desk, room, named)
    assert scores_of(desk, routed) == scores_of(desk, named)
    assert taken(desk, named) == {}


def test_one_domain_for_all_is_written_for_each_item_and_decides_its_criteria(desk: Sessions, room: ModelRoom) -> None:
    items = some_items(6)
    fixed = by_domain_run(desk, make_dataset(desk, items), Routing("fixed", domain="kl"))
    assert weigh(desk, room, fixed).status == "done"
    assert set(taken(desk, fixed).values()) == {("kl", "fixed", None)}
    named = by_domain_run(desk, make_dataset(desk, with_domains(items, ["kl"] * 6), name="named"), Routing())
    weigh(desk, room, named)
    assert scores_of(desk, fixed) == scores_of(desk, named)


def test_below_the_threshold_the_criterias_default_counts_and_the_run_says_so(desk: Sessions, room: ModelRoom) -> None:
    items = some_items(12)
    dataset_id = make_dataset(desk, items)
    report = route_dataset(desk, room, dataset_id, pair="tiny", router_id=small_router(desk)).report
    run_id = by_domain_run(desk, dataset_id, by_router(desk))
    weigh(desk, room, run_id)
    sure = sorted(p for _, _, p in taken(desk, run_id).values() if p is not None)
    threshold = (sure[5] + sure[6]) / 2
    unsure = by_domain_run(desk, dataset_id, by_router(desk, threshold))
    weigh(desk, room, unsure)
    found = taken(desk, unsure)
    below = {place for place, (_, source, _) in found.items() if source == "below threshold"}
    assert len(below) == 6
    assert all(found[place][0] is None and (found[place][2] or 0) < threshold for place in below)
    domains = [found[place][0] for place in range(12)]
    named = by_domain_run(desk, make_dataset(desk, with_domains(items, domains), name="named"), Routing())
    weigh(desk, room, named)
    assert scores_of(desk, unsure) == scores_of(desk, named)
    assert report.n_below == 0


def test_an_item_the_router_cannot_be_asked_about_goes_to_the_default(desk: Sessions, room: ModelRoom) -> None:
    items = some_items(4)
    items[2] = replace(items[2], messages=({"role": "user", "content": "zq " * 62},))
    run_id = by_domain_run(desk, make_dataset(desk, items), by_router(desk))
    row = weigh(desk, room, run_id)
    assert taken(desk, run_id)[2] == (None, "problem", None)
    assert (row.status, row.n_not_weighed) == ("done", 0), "the question is longer than what is weighed"


def test_a_correction_comes_before_the_router_and_does_not_ask_less_of_the_model(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id = make_dataset(desk, some_items(5))
    first = item_ids(desk, dataset_id)[0]
    correct_domain(desk, first, annotator="ann", domain="elsewhere")
    run_id = by_domain_run(desk, dataset_id, by_router(desk, 0.2))
    source = WatchedSource(room)
    row = weigh(desk, source, run_id)
    assert taken(desk, run_id)[0] == ("elsewhere", "hand", None)
    assert source.computed == {"s": 25, "w": 10}  # three names and two responses of five items
    assert row.n_computed == 35


def test_a_correction_while_the_run_is_under_way_changes_only_what_it_has_not_routed(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id = make_dataset(desk, some_items(24))
    run_id = by_domain_run(desk, dataset_id, by_router(desk))
    ids = item_ids(desk, dataset_id)

    def correct_all(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
        if len(taken(desk, run_id)) == 8:  # the first chunk is routed, nothing of it weighed
            for item_id in ids:
                correct_domain(desk, item_id, annotator="ann", domain="elsewhere")

    assert weigh(desk, WatchedSource(room, on_batch=correct_all), run_id).status == "done"
    found = taken(desk, run_id)
    assert {found[place][1] for place in range(8)} == {"router"}
    assert {found[place][:2] for place in range(8, 24)} == {("elsewhere", "hand")}


def test_models_that_take_turns_take_the_domains_that_the_strong_one_found(desk: Sessions, room: ModelRoom) -> None:
    items = some_items(30)
    at_once = by_domain_run(desk, make_dataset(desk, items), by_router(desk))
    weigh(desk, room, at_once)
    in_turn = by_domain_run(desk, make_dataset(desk, items, name="again"), by_router(desk))
    with desk.begin() as session:
        session.execute(delete(Logprob))
    source = WatchedSource(room, is_roomy=False)
    assert weigh(desk, source, in_turn).status == "done"
    assert source.most_open == 1
    assert taken(desk, in_turn) == taken(desk, at_once)
    assert scores_of(desk, in_turn) == scores_of(desk, at_once)


@pytest.mark.parametrize("is_roomy", [True, False])
def test_a_run_that_fails_halfway_resumes_with_the_same_domains_whatever_was_corrected_meanwhile(
    desk: Sessions, room: ModelRoom, is_roomy: bool
) -> None:
    items = some_items(30)
    whole = by_domain_run(desk, make_dataset(desk, items), by_router(desk))
    weigh(desk, room, whole)
    expected, numbers = taken(desk, whole), scores_of(desk, whole)
    for stop_at in (1, 2, 3, 4, 6):
        with desk.begin() as session:
            session.execute(delete(Logprob))
        dataset_id = make_dataset(desk, items, name=f"stopped at {stop_at} {is_roomy}")
        run_id = by_domain_run(desk, dataset_id, by_router(desk))
        n_packs = 0

        def stop(_ref: str, _requests: Sequence[LogprobRequest], stop_at: int = stop_at) -> None:
            nonlocal n_packs
            n_packs += 1
            if n_packs == stop_at:
                raise OSError("the machine is gone")

        assert weigh(desk, WatchedSource(room, on_batch=stop, is_roomy=is_roomy), run_id).status == "failed"
        ids = item_ids(desk, dataset_id)
        stands = taken(desk, run_id)
        for place in stands:
            correct_domain(desk, ids[place], annotator="ann", domain="elsewhere")
        resume(desk, run_id)
        assert weigh(desk, room, run_id).status == "done"
        assert taken(desk, run_id) == expected
        assert scores_of(desk, run_id) == numbers


def _weigh_in_child(url: str, room: ModelRoom, run_id: int, gate: Gate) -> None:
    weigh(make_sessionmaker(url), WatchedSource(room, on_batch=gate.on_batch), run_id)
    os._exit(0)


def test_a_run_killed_after_routing_resumes_with_the_same_domains(
    desk: Sessions, fresh_url: str, room: ModelRoom, tiny_models: Path
) -> None:
    for name in "sw":  # loaded before the fork, for the child to find
        with room.open(ModelSpec(str(tiny_models / name))):
            pass
    items = some_items(8)
    whole = by_domain_run(desk, make_dataset(desk, items), by_router(desk))
    weigh(desk, room, whole)
    with desk.begin() as session:
        session.execute(delete(Logprob))
    dataset_id = make_dataset(desk, items, name="killed")
    run_id = by_domain_run(desk, dataset_id, by_router(desk))
    desk.engine.dispose()  # a connection must not be shared with a forked child
    child = fork.Process(target=_weigh_in_child, args=(fresh_url, room, run_id, Gate(after=2)))
    child.start()
    wait_until(lambda: len(taken(desk, run_id)) == 8)
    if child.pid is not None:
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    for item_id in item_ids(desk, dataset_id):
        correct_domain(desk, item_id, annotator="ann", domain="elsewhere")
    let_time_pass(desk, run_id)
    resume(desk, run_id)
    assert weigh(desk, room, run_id).status == "done"
    assert taken(desk, run_id) == taken(desk, whole)
    assert scores_of(desk, run_id) == scores_of(desk, whole)


def test_weighing_again_in_float32_keeps_the_first_runs_domains(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, some_items(20))
    criteria_id = find_criteria(desk, "none").criteria_id
    first = queue_run(desk, dataset_id, criteria_id=criteria_id, dtype="bfloat16", routing=by_router(desk))
    weigh(desk, room, first)
    with desk.begin() as session:
        margins = sorted(session.scalars(select(Suggestion.margin).where(Suggestion.run_id == first)))
        session.get_one(Run, first).noise_margin = (margins[4] + margins[5]) / 2
    for item_id in item_ids(desk, dataset_id):
        correct_domain(desk, item_id, annotator="ann", domain="elsewhere")
    again = start_again(desk, first)
    source = WatchedSource(room)
    assert weigh(desk, source, again).status == "done"
    assert source.computed == {"s": 10, "w": 10}, "no item is asked about again"
    assert taken(desk, again) == taken(desk, first)
