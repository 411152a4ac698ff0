"""Runs whose strong model stands at a server: the numbers of this process, and resumable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import Call, Loopback, Reply
from recorded_server import SOURCES, answering
from served_pairs import Catalogue, Failing, agree, asked, cached, is_probe
from server_builders import QUICK, SERVED_AS, Computing
from service_builders import draft, item_ids, make_dataset, plain_items, queue_run, scores_of, wait_until
from sqlalchemy import select

from db.session import Sessions
from db.tables import Candidate
from scoring.criteria import CriteriaBody
from scoring.errors import ScoringError
from scoring.room import ModelRoom
from services.live.now import sample_candidates, weigh_now
from services.pairs.catalogue import get_pair, list_pairs, pair_of, spec_of
from services.reviews.rows import Message
from services.runs import get_run, request_cancel, resume
from services.token_views import exact_text
from services.weighing.run import weigh
from services.worker import RunWorker

NOTHING = CriteriaBody("")
SHORT = [draft("tea price", "cup open", "small pot of tea"), draft("green leaf", "hot", "cold water, kind")]


@pytest.fixture(scope="module", params=SOURCES)
def vllm_url(request: pytest.FixtureRequest, served_folders: Path) -> Iterator[str]:
    with answering(request.param, "run", served_folders / "served", served_folders / "vllm.log") as url:
        yield url


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_run_at_vllm_finds_the_numbers_of_a_run_here(
    desk: Sessions, room: ModelRoom, served: Catalogue, vllm_url: str
) -> None:
    served.at(vllm_url)
    dataset_id = make_dataset(desk, SHORT)
    here, there = (queue_run(desk, dataset_id, pair=pair) for pair in ("local", "served"))
    for run_id in (here, there):
        row = weigh(desk, room, run_id)
        assert (row.status, row.error) == ("done", None)
    agree(scores_of(desk, there), scores_of(desk, here))
    strong = get_run(desk, there).configuration["models"]["strong"]
    assert (strong["ref"], strong["engine"], strong["dtype"]) == (SERVED_AS, "server", "as served")
    assert strong["device"].startswith("server:127.0.0.1:")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_live_samples_at_vllm_and_weighs_what_it_wrote(
    desk: Sessions, room: ModelRoom, served: Catalogue, vllm_url: str
) -> None:
    served.at(vllm_url)
    messages = [Message("user", "tea price")]
    texts = sample_candidates(
        room, pair="served", criteria=NOTHING, messages=messages, n=2, max_new_tokens=4, source="strong"
    )
    assert [text.source_model for text in texts] == [f"{SERVED_AS} (strong)"] * 2
    live = weigh_now(
        desk,
        room,
        pair="served",
        criteria=NOTHING,
        messages=messages,
        responses=["cup open", "small pot of tea"],
    )
    assert [candidate.letter for candidate in live.candidates] == ["A", "B"]
    assert live.margin is not None


def test_a_run_whose_server_fails_keeps_what_came_and_goes_on_from_there(
    desk: Sessions, room: ModelRoom, served: Catalogue, computing: Computing
) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    failing = Failing(computing, 5)
    with Loopback(failing) as server:
        served.at(server.url)
        run_id = queue_run(desk, dataset_id, pair="served")
        row = weigh(desk, room, run_id)
        assert row.status == "failed"
        assert row.error is not None
        assert f"{SERVED_AS} at {server.url}: the server answered HTTP 503 (out of service), tried 3 times" in row.error
        assert "are kept" in row.error
        n_kept, n_asked = cached(desk), len(asked(server))
        assert n_kept >= 5 - QUICK.concurrency
        failing.mend()
        resume(desk, run_id)
        assert weigh(desk, room, run_id).status == "done"
        first_sitting, second_sitting = set(asked(server)[:n_asked]), asked(server)[n_asked:]
    distinct = first_sitting | set(second_sitting)
    assert len(second_sitting) < len(distinct) + 16, "noise is measured on 16 at most"
    local = queue_run(desk, dataset_id, pair="local")
    weigh(desk, room, local)
    agree(scores_of(desk, run_id), scores_of(desk, local))


def test_what_is_cached_is_not_asked_for_again_wherever_the_server_has_moved(
    desk: Sessions, room: ModelRoom, served: Catalogue, computing: Computing
) -> None:
    dataset_id = make_dataset(desk, SHORT)
    with Loopback(computing) as server, Loopback(computing) as moved:
        served.at(server.url)
        first = queue_run(desk, dataset_id, pair="served")
        weigh(desk, room, first)
        served.at(moved.url)
        second = queue_run(desk, dataset_id, pair="served")
        assert weigh(desk, room, second).status == "done"
        assert asked(moved) == []
    assert scores_of(desk, first) == scores_of(desk, second)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_run_at_a_server_that_hangs_is_cancelled_soon(
    desk: Sessions, room: ModelRoom, served: Catalogue, computing: Computing
) -> None:
    def one_then_hang(call: Call) -> Reply | None:
        if call.path.endswith("/completions") and not is_probe(call) and len(asked(server)) > 1:
            server.is_over.wait(0.5)  # each takes half a second from now on
        return computing(call)

    dataset_id = make_dataset(desk, plain_items(30))
    worker = RunWorker(desk, lambda: room, poll_s=0.02)
    with Loopback(one_then_hang) as server:
        served.at(server.url)
        run_id = queue_run(desk, dataset_id, pair="served")
        worker.ensure_started()
        wait_until(lambda: len(asked(server)) > 2)
        request_cancel(desk, run_id)
        wait_until(lambda: get_run(desk, run_id).status == "cancelled", timeout_s=10)
        worker.stop()
        assert len(asked(server)) < 40


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_dtype_that_the_server_was_not_started_with_cannot_be_asked_for(
    desk: Sessions, room: ModelRoom, served: Catalogue, computing: Computing
) -> None:
    with Loopback(computing) as server:
        served.at(server.url)
        row = weigh(desk, room, queue_run(desk, make_dataset(desk, SHORT), pair="served", dtype="float32"))
    assert row.status == "failed"
    assert "a server computes in the one it was started with" in (row.error or "")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_exact_input_of_a_served_model_can_be_shown(
    desk: Sessions, room: ModelRoom, served: Catalogue, computing: Computing
) -> None:
    dataset_id = make_dataset(desk, SHORT)
    with Loopback(computing) as server:
        served.at(server.url)
        run_id = queue_run(desk, dataset_id, pair="served")
        weigh(desk, room, run_id)
        with desk() as session:
            wanted = select(Candidate.candidate_id).where(Candidate.item_id == item_ids(desk, dataset_id)[0])
            candidate_id = session.scalars(wanted).first()
        exact = exact_text(desk, room, run_id, candidate_id or 0)
    assert exact.strong.text == exact.weak.text
    assert tuple(exact.strong.ids) in asked(server)


def test_lists_and_records_of_pairs_name_model_and_server(served: Catalogue) -> None:
    served.at("http://gpu-1:8000/v1", revision="2")
    row = next(row for row in list_pairs() if row.name == "served")
    assert row.strong == f"{SERVED_AS} at http://gpu-1:8000/v1"
    pair = get_pair("served")
    assert spec_of(pair)["strong"]["url"] == "http://gpu-1:8000/v1"
    assert pair_of(spec_of(pair)) == pair
    assert "url" not in spec_of(replace(pair, strong=pair.weak))["strong"]


def test_a_server_that_is_not_there_fails_the_run_with_one_line(
    desk: Sessions, room: ModelRoom, served: Catalogue
) -> None:
    with Loopback(lambda call: None) as server:
        url = server.url
    served.at(url)
    row = weigh(desk, room, queue_run(desk, make_dataset(desk, SHORT), pair="served"))
    assert row.status == "failed"
    assert "cannot be reached" in (row.error or "")
    with pytest.raises(ScoringError, match="cannot be reached"):
        weigh_now(desk, room, pair="served", criteria=NOTHING, messages=[Message("user", "pot")], responses=["cup"])
