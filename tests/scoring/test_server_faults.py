"""What a server can do wrong: the right result after a while, or one clear line; never a wrong number.

Every server here is a real one on loopback (tests/loopback.py); its numbers are the plain engine's.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback import Call, Loopback, Reply
from server_builders import QUICK, SERVED_AS, Computing, plain_engine, save_served, some_requests

from scoring.errors import EngineFailed, ModelUnavailable
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest, Pack, TokenLogprobs
from scoring.server.model import ServedModel, open_served
from scoring.server.settings import ServerSettings

Bend = Callable[[Any, dict[str, Any]], Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_served(tmp_path_factory.mktemp("served") / "model")


@pytest.fixture(scope="module")
def right(folder: Path) -> list[TokenLogprobs]:
    return plain_engine(folder).logprobs(some_requests(3))


class Faulty:
    """A right server until `after_opening()`; then the given answers, one a call, then right ones again."""

    def __init__(self, folder: Path, *faults: Reply | Bend | None, always: bool = False) -> None:
        self.right = Computing(folder)
        self.faults = list(faults)
        self.always = always
        self.is_open = False
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> Reply | None:
        if not self.is_open or not call.path.endswith("/completions"):
            return self.right(call)
        with self._lock:
            if not self.faults:
                return self.right(call)
            fault = self.faults[0] if self.always else self.faults.pop(0)
        if callable(fault):
            bent = fault(self.right.answer(call.body), call.body)
            return bent if isinstance(bent, Reply) else Reply(bent)
        return fault


def opened(server: Loopback, folder: Path, settings: ServerSettings = QUICK, **spec: Any) -> ServedModel:
    model = open_served(ModelSpec(str(folder), url=server.url, served_as=SERVED_AS, **spec), settings=settings)
    if isinstance(server.respond, Faulty):
        server.respond.is_open = True
        server.calls.clear()
    return model


def failure(server: Loopback, folder: Path, settings: ServerSettings = QUICK) -> str:
    """The one line in which weighing ends."""
    model = opened(server, folder, settings)
    with pytest.raises(EngineFailed) as raised:
        model.engine.logprobs(some_requests(3))
    line = str(raised.value)
    assert "\n" not in line
    assert f"{SERVED_AS} at {server.url}" in line
    assert not [thread for thread in threading.enumerate() if thread.name == "tare-server"]
    return line


def agree(found: Sequence[TokenLogprobs], right: Sequence[TokenLogprobs]) -> None:
    """Equal but for what another batch's rounding does."""
    for one, other in zip(found, right, strict=True):
        assert one.values == pytest.approx(other.values, abs=1e-4)


def busy(status: int, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"error": {"message": "not now"}}, status, headers=named)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_recovers_gives_the_right_result(status: int, folder: Path, right: list[TokenLogprobs]) -> None:
    with Loopback(Faulty(folder, busy(status), busy(status))) as server:
        found = opened(server, folder).engine.logprobs(some_requests(3))
    agree(found, right)
    assert len(server.completions()) == 5


def test_a_connection_that_breaks_off_is_made_again(folder: Path, right: list[TokenLogprobs]) -> None:
    cut = Reply(b'{"choices": [', said_length=5000)
    with Loopback(Faulty(folder, None, cut)) as server:
        agree(opened(server, folder).engine.logprobs(some_requests(3)), right)


def test_a_server_that_stays_broken_is_given_up_after_the_tries(folder: Path) -> None:
    with Loopback(Faulty(folder, busy(500), always=True)) as server:
        line = failure(server, folder, replace(QUICK, concurrency=1))
    assert "answered HTTP 500 (not now), tried 3 times" in line
    assert "0 of 3 texts sent together came back and are kept" in line
    assert len(server.completions()) == 3


def test_what_came_before_the_fault_is_given_out(folder: Path, right: list[TokenLogprobs]) -> None:
    def as_it_is(answer: Any, body: Any) -> Any:
        return answer

    got: dict[int, TokenLogprobs] = {}

    def take(packs: Iterator[Pack]) -> None:
        for pack in packs:
            got.update(pack.results)

    with Loopback(Faulty(folder, as_it_is, as_it_is, *[busy(500)] * 3)) as server:
        packs = opened(server, folder, replace(QUICK, concurrency=1)).engine.weigh(some_requests(3))
        with pytest.raises(EngineFailed, match="2 of 3 texts sent together came back and are kept"):
            take(packs)
    assert len(got) == 2
    agree(list(got.values()), [right[index] for index in got])


def test_a_pause_that_the_server_asks_for_is_kept(folder: Path, right: list[TokenLogprobs]) -> None:
    with Loopback(Faulty(folder, busy(429, Retry_After="0.4"))) as server:
        model = opened(server, folder, replace(QUICK, concurrency=1))
        started = time.monotonic()
        found = model.engine.logprobs(some_requests(3))
        assert time.monotonic() - started >= 0.4
    agree(found, right)


def test_a_pause_of_an_hour_is_not_waited_for(folder: Path) -> None:
    with Loopback(Faulty(folder, busy(429, Retry_After="3600"))) as server:
        assert "HTTP 429, asks to wait 3600 s (not now), tried once" in failure(server, folder)


def test_a_server_that_hangs_is_told_after_the_time_allowed(folder: Path) -> None:
    def hang(call: Call) -> Reply | None:
        if len(server.calls) > 2:
            server.is_over.wait(20)
        return right_server(call)

    right_server = Computing(folder)
    with Loopback(hang) as server:
        started = time.monotonic()
        line = failure(server, folder, replace(QUICK, timeout_s=0.2, tries=2))
        assert time.monotonic() - started < 5
    assert "gave no whole answer within 0.2 s, tried 2 times" in line
    assert "TARE_SERVER_TIMEOUT_S" in line


def test_a_drip_of_bytes_is_no_answer(folder: Path) -> None:
    def drip(call: Call) -> Reply | None:
        if len(server.calls) <= 2:
            return right_server(call)
        call.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not server.is_over.wait(0.05):
            call.write(b" ")
        return None

    right_server = Computing(folder)
    with Loopback(drip) as server:
        line = failure(server, folder, replace(QUICK, timeout_s=0.3, tries=1))
    assert "gave no whole answer within 0.3 s, tried once" in line


def test_a_server_that_has_gone_is_named_with_what_to_do(folder: Path) -> None:
    with Loopback(Computing(folder)) as server:
        model = opened(server, folder)
    with pytest.raises(EngineFailed, match=r"cannot be reached or broke off .*see that it runs and is reachable"):
        model.engine.logprobs(some_requests(1))
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        opened(server, folder)


def changed(**new: Any) -> Bend:
    """The answer with other fields in its one choice's logprobs."""

    def bend(answer: Any, body: dict[str, Any]) -> Any:
        logprobs = answer["choices"][0]["logprobs"]
        for name, change in new.items():
            logprobs[name] = change(logprobs[name])
        return answer

    return bend


def last(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [*values[:-1], value]


def in_choice(**new: Any) -> Bend:
    return lambda answer, body: {**answer, "choices": [{**answer["choices"][0], **new}]}


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (changed(token_logprobs=last(float("nan"))), "sent nan as the log-prob of token"),
        (changed(token_logprobs=last(None)), "sent None as the log-prob of token"),
        (changed(token_logprobs=last("-1.5")), "sent '-1.5' as the log-prob of token"),
        (changed(token_logprobs=last(True)), "sent True as the log-prob of token"),
        (changed(token_logprobs=last(0.25)), "sent 0.25 as the log-prob of token .* a log-prob is at most 0"),
        (changed(token_logprobs=last(-9999.0)), "minus infinity is no number to add up"),
        (changed(token_logprobs=last(float("-inf"))), "minus infinity is no number to add up"),
        (changed(token_logprobs=lambda values: values[:-1]), r"sent \d+ log-probs for \d+ tokens"),
        (changed(token_logprobs=lambda values: [*values, -1.0, -1.0]), r"sent \d+ log-probs for \d+ tokens"),
        (changed(token_logprobs=lambda values: [-1.0, *values[1:]]), "for the first token, which nothing predicts"),
        (changed(token_logprobs=lambda values: [*values[1:], -1.0]), "for the first token, which nothing predicts"),
        (changed(token_logprobs=lambda values: {}), "sent no token_logprobs"),
        (changed(tokens=lambda tokens: ["token_id:9", *tokens[1:]]), "weighed another token at position 0"),
        (changed(tokens=lambda tokens: tokens[:-1]), "sent not one token for each log-prob"),
        (in_choice(prompt_token_ids=[1, 2, 3]), "weighed other token ids than"),
        (in_choice(logprobs=None), "sent no token_logprobs"),
        (lambda answer, body: {**answer, "usage": {"prompt_tokens": 1000}}, "counted 1000 prompt tokens"),
        (lambda answer, body: {**answer, "choices": answer["choices"] * 2}, "sent 2 choices where one was asked for"),
        (lambda answer, body: {**answer, "model": "another"}, "answered as 'another', at first as 'tiny'"),
        (lambda answer, body: [], "sent no choices"),
        (lambda answer, body: Reply(b"<!DOCTYPE html><p>Welcome</p>"), "not JSON .it begins: <!DOCTYPE html>"),
        (lambda answer, body: Reply(b"[" * 100_000), "not JSON"),
        (lambda answer, body: Reply(b" " * 2_000_000), "sent more than"),
        (lambda answer, body: Reply({"error": {"message": "no\n\x1b[31mway"}}, 400), r"HTTP 400 \(no \[31mway\)"),
        (lambda answer, body: Reply({}, 302, {"Location": "http://127.0.0.1:1/v1"}), "redirects .HTTP 302., which is"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_is_one_line_and_no_number(bend: Bend, said: str, folder: Path) -> None:
    with Loopback(Faulty(folder, bend, always=True)) as server:
        line = failure(server, folder)
    assert re.search(said, line)
    assert len(server.completions()) <= 3, "what is wrong for good is not tried again"


def test_a_redirect_is_not_followed(folder: Path) -> None:
    with Loopback(Computing(folder)) as elsewhere:
        away = Reply({}, 307, {"Location": f"{elsewhere.url}/completions"})
        with Loopback(Faulty(folder, away, always=True)) as server:
            failure(server, folder)
        assert elsewhere.calls == []


def test_a_rounding_above_zero_is_zero(folder: Path) -> None:
    with Loopback(Faulty(folder, changed(token_logprobs=last(1e-7)), always=True)) as server:
        found = opened(server, folder).engine.logprobs([LogprobRequest((5, 6), (False, True))])
    assert found == [TokenLogprobs((0.0,))]
