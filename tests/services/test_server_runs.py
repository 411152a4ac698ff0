"""Runs whose strong model stands at a server: the numbers of this process, resumable, and never of two weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback import Call, Loopback, Reply
from recorded_server import SOURCES, answering
from server_builders import QUICK, SERVED_AS, Computing, save_served
from service_builders import draft, item_ids, make_dataset, plain_items, queue_run, scores_of, wait_until
from sqlalchemy import func, select

from db.session import Sessions
from db.tables import Candidate, Logprob
from scoring import server_model
from scoring.criteria import CriteriaBody
from scoring.errors import ScoringError
from scoring.room import ModelRoom
from services.catalogue_store import get_pair, list_pairs, pair_of, spec_of
from services.errors import Refused
from services.live import sample_candidates, weigh_now
from services.review_rows import Message
from services.runs import get_run, request_cancel, resume
from services.token_views import exact_text
from services.weighing import weigh
from services.worker import RunWorker

ENTRY = """
[[pairs]]
name = "{name}"
title = "{name}"
strong = "{strong}"
weak = "{weak}"
parameters = "few"
context = 256
licence = "none"
memory_gb = 0.001
{more}
"""
NOTHING = CriteriaBody("")
SHORT = [draft("tea price", "cup open", "small pot of tea"), draft("green leaf", "hot", "cold water, kind")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """served, and weak beside it."""
    folder = tmp_path_factory.mktemp("models")
    save_served(folder / "served")
    save_served(folder / "weak", seed=1)
    return folder


@pytest.fixture(scope="module")
def computing(folders: Path) -> Computing:
    return Computing(folders / "served")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_model, "settings_from_environment", lambda: QUICK)


class Catalogue:
    """The pairs `served` (strong at a server) and `local` (the same, in this process)."""

    def __init__(self, folders: Path, file: Path) -> None:
        self.folders, self.file = folders, file

    def at(self, url: str, *, revision: str | None = None) -> None:
        more = f'strong_url = "{url}"\nstrong_served_as = "{SERVED_AS}"'
        more += "" if revision is None else f'\nstrong_revision = "{revision}"'
        folders = {"strong": self.folders / "served", "weak": self.folders / "weak"}
        entries = [ENTRY.format(name="served", more=more, **folders), ENTRY.format(name="local", more="", **folders)]
        self.file.write_text("".join(entries))


@pytest.fixture
def catalogue(folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    monkeypatch.setenv("TARE_PAIRS", str(tmp_path / "pairs.toml"))
    return Catalogue(folders, tmp_path / "pairs.toml")


@pytest.fixture(scope="module", params=SOURCES)
def vllm_url(request: pytest.FixtureRequest, folders: Path) -> Iterator[str]:
    with answering(request.param, "run", folders / "served", folders / "vllm.log") as url:
        yield url


def cached(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Logprob)) or 0


def agree(found: dict[Any, Any], other: dict[Any, Any]) -> None:
    """Reward and both log-probs, within 2e-4 a token; the same ranks."""
    assert found.keys() == other.keys()
    for place, one in found.items():
        two, tokens = other[place], one[4] + one[5]
        assert (one[0], one[2], one[3]) == pytest.approx((two[0], two[2], two[3]), abs=2e-4 * tokens)
        assert one[4:7] == two[4:7]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_run_at_vllm_finds_the_numbers_of_a_run_here(
    desk: Sessions, room: ModelRoom, catalogue: Catalogue, vllm_url: str
) -> None:
    catalogue.at(vllm_url)
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
    desk: Sessions, room: ModelRoom, catalogue: Catalogue, vllm_url: str
) -> None:
    catalogue.at(vllm_url)
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


class Failing:
    """Right for `n` texts after the opening of each model, then broken until `mend()`."""

    def __init__(self, computing: Computing, n: int) -> None:
        self.computing, self.left = computing, n

    def __call__(self, call: Call) -> Reply | None:
        if call.path.endswith("/completions") and not is_probe(call):
            if self.left == 0:
                return Reply({"error": {"message": "out of service"}}, 503)
            self.left -= 1
        return self.computing(call)

    def mend(self) -> None:
        self.left = -1


def is_probe(call: Call) -> bool:
    return len(call.body["prompt"]) == server_model.PROBE_TOKENS


def asked(server: Loopback) -> list[tuple[int, ...]]:
    """The texts that were weighed, the probes left out."""
    calls = [call for call in server.calls if call.path.endswith("/completions") and not is_probe(call)]
    return [tuple(call.body["prompt"]) for call in calls]


def test_a_run_whose_server_fails_keeps_what_came_and_goes_on_from_there(
    desk: Sessions, room: ModelRoom, catalogue: Catalogue, computing: Computing
) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    failing = Failing(computing, 5)
    with Loopback(failing) as server:
        catalogue.at(server.url)
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
    desk: Sessions, room: ModelRoom, catalogue: Catalogue, computing: Computing
) -> None:
    dataset_id = make_dataset(desk, SHORT)
    with Loopback(computing) as server, Loopback(computing) as moved:
        catalogue.at(server.url)
        first = queue_run(desk, dataset_id, pair="served")
        weigh(desk, room, first)
        catalogue.at(moved.url)
        second = queue_run(desk, dataset_id, pair="served")
        assert weigh(desk, room, second).status == "done"
        assert asked(moved) == []
    assert scores_of(desk, first) == scores_of(desk, second)


class Swappable:
    """A server whose weights can change behind its name, or whose numbers drift."""

    def __init__(self, computing: Computing) -> None:
        self.now = computing

    def __call__(self, call: Call) -> Reply | None:
        return self.now(call)


def test_other_weights_behind_the_name_are_refused_until_they_get_a_revision(
    desk: Sessions, room: ModelRoom, catalogue: Catalogue, computing: Computing, folders: Path
) -> None:
    swappable = Swappable(computing)
    first, second = (make_dataset(desk, plain_items(2, k=2 + more), name=f"set {more}") for more in range(2))
    with Loopback(swappable) as server:
        catalogue.at(server.url)
        weigh(desk, room, queue_run(desk, first, pair="served"))
        swappable.now = Computing(folders / "weak")
        before = cached(desk)
        row = weigh(desk, room, queue_run(desk, second, pair="served"))
        assert row.status == "failed"
        assert row.error is not None
        assert "the weights behind this name have changed" in row.error
        assert "give the pair a new revision" in row.error
        with pytest.raises(Refused, match="the weights behind this name have changed"):
            weigh_now(
                desk, room, pair="served", criteria=NOTHING,
                messages=[Message("user", "pot")], responses=["cup"],
            )  # fmt: skip
        assert cached(desk) - before <= 2 * 3, "of the weak model at most"
        catalogue.at(server.url, revision="2")
        row = weigh(desk, room, queue_run(desk, second, pair="served"))
        assert (row.status, row.error) == ("done", None)
        assert all(score[0] == pytest.approx(0, abs=1e-3) for score in scores_of(desk, row.run_id).values())


@pytest.mark.parametrize(("nats", "status"), [(0.03, "done"), (0.07, "failed")])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_drift_of_the_size_of_rounding_is_let_through_and_more_is_not(
    nats: float, status: str, desk: Sessions, room: ModelRoom, catalogue: Catalogue, computing: Computing, folders: Path
) -> None:
    def drift(answer: Any, body: dict[str, Any]) -> Any:
        logprobs = answer["choices"][0]["logprobs"]
        logprobs["token_logprobs"] = [None, *(value - nats for value in logprobs["token_logprobs"][1:])]
        return answer

    swappable = Swappable(computing)
    with Loopback(swappable) as server:
        catalogue.at(server.url)
        weigh(desk, room, queue_run(desk, make_dataset(desk, SHORT), pair="served"))
        swappable.now = Computing(folders / "served", bend=drift)
        assert (
            weigh(desk, room, queue_run(desk, make_dataset(desk, plain_items(1), name="b"), pair="served")).status
            == status
        )


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_run_at_a_server_that_hangs_is_cancelled_soon(
    desk: Sessions, room: ModelRoom, catalogue: Catalogue, computing: Computing
) -> None:
    def one_then_hang(call: Call) -> Reply | None:
        if call.path.endswith("/completions") and not is_probe(call) and len(asked(server)) > 1:
            server.is_over.wait(0.5)  # each takes half a second from now on
        return computing(call)

    dataset_id = make_dataset(desk, plain_items(30))
    worker = RunWorker(desk, lambda: room, poll_s=0.02)
    with Loopback(one_then_hang) as server:
        catalogue.at(server.url)
        run_id = queue_run(desk, dataset_id, pair="served")
        worker.ensure_started()
        wait_until(lambda: len(asked(server)) > 2)
        request_cancel(desk, run_id)
        wait_until(lambda: get_run(desk, run_id).status == "cancelled", timeout_s=10)
        worker.stop()
        assert len(asked(server)) < 40


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_dtype_that_the_server_was_not_started_with_cannot_be_asked_for(
    desk: Sessions, room: ModelRoom, catalogue: Catalogue, computing: Computing
) -> None:
    with Loopback(computing) as server:
        catalogue.at(server.url)
        row = weigh(desk, room, queue_run(desk, make_dataset(desk, SHORT), pair="served", dtype="float32"))
    assert row.status == "failed"
    assert "a server computes in the one it was started with" in (row.error or "")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_exact_input_of_a_served_model_can_be_shown(
    desk: Sessions, room: ModelRoom, catalogue: Catalogue, computing: Computing
) -> None:
    dataset_id = make_dataset(desk, SHORT)
    with Loopback(computing) as server:
        catalogue.at(server.url)
        run_id = queue_run(desk, dataset_id, pair="served")
        weigh(desk, room, run_id)
        with desk() as session:
            wanted = select(Candidate.candidate_id).where(Candidate.item_id == item_ids(desk, dataset_id)[0])
            candidate_id = session.scalars(wanted).first()
        exact = exact_text(desk, room, run_id, candidate_id or 0)
    assert exact.strong.text == exact.weak.text
    assert tuple(exact.strong.ids) in asked(server)


def test_lists_and_records_of_pairs_name_model_and_server(catalogue: Catalogue) -> None:
    catalogue.at("http://gpu-1:8000/v1", revision="2")
    row = next(row for row in list_pairs() if row.name == "served")
    assert row.strong == f"{SERVED_AS} at http://gpu-1:8000/v1"
    pair = get_pair("served")
    assert spec_of(pair)["strong"]["url"] == "http://gpu-1:8000/v1"
    assert pair_of(spec_of(pair)) == pair
    assert "url" not in spec_of(replace(pair, strong=pair.weak))["strong"]


def test_a_server_that_is_not_there_fails_the_run_with_one_line(
    desk: Sessions, room: ModelRoom, catalogue: Catalogue
) -> None:
    with Loopback(lambda call: None) as server:
        url = server.url
    catalogue.at(url)
    row = weigh(desk, room, queue_run(desk, make_dataset(desk, SHORT), pair="served"))
    assert row.status == "failed"
    assert "cannot be reached" in (row.error or "")
    with pytest.raises(ScoringError, match="cannot be reached"):
        weigh_now(desk, room, pair="served", criteria=NOTHING, messages=[Message("user", "pot")], responses=["cup"])
