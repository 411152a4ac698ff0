"""A strong model at a server names the domains as one in this process does, and resumes when the server is back."""

from __future__ import annotations

import pytest
from loopback import Loopback
from routing_builders import by_domain_run, by_router, small_router, some_items, taken
from served_pairs import Catalogue, Failing, agree, asked
from server_builders import Computing
from service_builders import make_dataset, scores_of

from db.session import Sessions
from scoring.room import ModelRoom
from services.routing.dataset import route_dataset
from services.runs import get_run, resume
from services.weighing.run import weigh


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_served_model_finds_the_domains_of_the_same_model_here(
    desk: Sessions, room: ModelRoom, served: Catalogue, computing: Computing
) -> None:
    with Loopback(computing) as server:
        served.at(server.url)
        dataset_id, router_id = make_dataset(desk, some_items(4)), small_router(desk)
        here = route_dataset(desk, room, dataset_id, pair="local", router_id=router_id)
        there = route_dataset(desk, room, dataset_id, pair="served", router_id=router_id)
        assert (here.n_computed, there.n_computed, here.report.n_by_domain) == (12, 12, there.report.n_by_domain)
        runs = [by_domain_run(desk, dataset_id, by_router(desk), pair=pair) for pair in ("local", "served")]
        for run_id in runs:
            assert weigh(desk, room, run_id).status == "done"
    ours, theirs = (taken(desk, run_id) for run_id in runs)
    assert {place: one[:2] for place, one in ours.items()} == {place: one[:2] for place, one in theirs.items()}
    assert [one[2] for one in ours.values()] == pytest.approx([one[2] for one in theirs.values()], abs=1e-3)
    agree(scores_of(desk, runs[1]), scores_of(desk, runs[0]))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_server_that_fails_while_it_is_asked_loses_nothing(
    desk: Sessions, room: ModelRoom, served: Catalogue, computing: Computing
) -> None:
    failing = Failing(computing, 5)
    with Loopback(failing) as server:
        served.at(server.url)
        run_id = by_domain_run(desk, make_dataset(desk, some_items(4)), by_router(desk), pair="served")
        row = weigh(desk, room, run_id)
        assert row.status == "failed"
        assert "\n" not in str(row.error)
        assert taken(desk, run_id) == {}, "a chunk is routed whole or not at all"
        failing.mend()
        resume(desk, run_id)
        assert weigh(desk, room, run_id).status == "done"
        texts = asked(server)
    assert len(taken(desk, run_id)) == 4
    answered = get_run(desk, run_id).n_computed
    assert answered == 12 + 8 + 8
    assert len(set(texts)) == 20, "twelve questions and eight responses, each kept once"
