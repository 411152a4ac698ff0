"""Opening a model at a server: which one, in which dialect, how long a text, which fingerprint, with which key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback import Call, Loopback, Reply
from server_builders import CONTEXT, QUICK, SERVED_AS, Computing, plain_engine, save_served, some_requests

from scoring.errors import BadCatalogue, EngineFailed, ModelUnavailable, PromptTooLong
from scoring.pairs import ModelSpec, load_catalogue
from scoring.protocol import LogprobRequest, Sampling
from scoring.room import ModelRoom
from scoring.server.model import ServedModel, open_served
from scoring.server.settings import ServerSettings, checked_url, settings_from_environment

ENTRY = """
[[pairs]]
name = "mine"
title = "mine"
strong = "models/mine"
weak = "models/base"
parameters = "few"
context = 256
licence = "none"
memory_gb = 0.001
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_served(tmp_path_factory.mktemp("served") / "model")


def opened(server: Loopback, folder: Path, settings: ServerSettings = QUICK, **spec: Any) -> ServedModel:
    return open_served(ModelSpec(str(folder), url=server.url, **{"served_as": SERVED_AS, **spec}), settings=settings)


def weighs_right(model: ServedModel, folder: Path) -> bool:
    ours, theirs = (engine.logprobs(some_requests(2)) for engine in (plain_engine(folder), model.engine))
    pairs = zip(ours, theirs, strict=True)
    return all(one.values == pytest.approx(other.values, abs=1e-4) for one, other in pairs)


def plain_bend(answer: Any, body: dict[str, Any]) -> Any:
    """As a server that knows nothing of token ids: the fields are ignored, texts come back."""
    answer["choices"][0].pop("prompt_token_ids")
    return answer


class NoZero(Computing):
    """A server that refuses to write nothing."""

    def __call__(self, call: Call) -> Reply | None:
        if call.body and call.body.get("max_tokens") == 0:
            return Reply({"error": {"message": "max_tokens must be at least 1"}}, 400)
        return super().__call__(call)


class Strict(Computing):
    """A server that refuses fields it does not know."""

    def __call__(self, call: Call) -> Reply | None:
        if call.body and "return_token_ids" in call.body:
            return Reply({"detail": [{"msg": "extra fields not permitted"}]}, 422)
        return super().__call__(call)


def test_a_server_that_must_write_a_token_has_it_dropped(folder: Path) -> None:
    with Loopback(NoZero(folder)) as server:
        assert weighs_right(opened(server, folder), folder)
        assert {body["max_tokens"] for body in server.completions()[1:]} == {1}


def test_a_server_that_names_no_ids_is_compared_by_text(folder: Path) -> None:
    with Loopback(Strict(folder, bend=plain_bend)) as server:
        model = opened(server, folder)
        assert weighs_right(model, folder)
        with pytest.raises(EngineFailed, match="does not name token ids"):
            model.sampler.sample((5, 6), Sampling(n=1, temperature=1.0, max_new_tokens=4, seed=1))


def test_a_server_that_reads_other_tokens_than_it_was_sent_is_found_out_by_text(folder: Path) -> None:
    def other(answer: Any, body: dict[str, Any]) -> Any:
        plain_bend(answer, body)["choices"][0]["logprobs"]["tokens"][2] = "zebra"
        return answer

    with Loopback(Strict(folder, bend=other)) as server, pytest.raises(ModelUnavailable, match="at position 2"):
        opened(server, folder)
    with Loopback(Computing(folder, bend=other)) as server, pytest.raises(ModelUnavailable, match="at position 2"):
        opened(server, folder)


def test_a_server_that_echoes_no_logprobs_is_refused_when_opened(folder: Path) -> None:
    def no_echo(answer: Any, body: dict[str, Any]) -> Any:
        return {**answer, "choices": [{"text": "hello", "logprobs": None}]}

    with Loopback(Computing(folder, bend=no_echo)) as server:
        with pytest.raises(ModelUnavailable, match="does not echo a prompt's log-probs") as raised:
            opened(server, folder)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("shift", [12.0, -30.0])
def test_logits_under_the_name_of_logprobs_are_found_out(shift: float, folder: Path) -> None:
    def logits(answer: Any, body: dict[str, Any]) -> Any:
        """As vLLM sends with --logprobs-mode raw_logits; those of GPT-2 are all negative."""
        found = answer["choices"][0]["logprobs"]
        found["token_logprobs"] = [None, *(min(value + shift, 0.0) for value in found["token_logprobs"][1:])]
        found["top_logprobs"] = [None, *({k: v + shift for k, v in row.items()} for row in found["top_logprobs"][1:])]
        return answer

    refusal = pytest.raises(ModelUnavailable, match="for a most likely token, which cannot be a log-prob")
    with Loopback(Computing(folder, bend=logits)) as server, refusal:
        opened(server, folder)


def test_a_name_that_is_not_served_is_told_with_those_that_are(folder: Path) -> None:
    with Loopback(Computing(folder, names=("big", "small"))) as server:
        with pytest.raises(ModelUnavailable, match="serves 'big', 'small' and no 'tiny'; say which one"):
            opened(server, folder)
        assert server.completions() == []


def test_one_of_several_names_for_a_model_will_do(folder: Path) -> None:
    with Loopback(Computing(folder, names=("first", SERVED_AS))) as server:  # vLLM answers under the first
        assert weighs_right(opened(server, folder), folder)


def test_the_context_is_the_servers_else_the_configs(folder: Path) -> None:
    too_long = LogprobRequest((5,) * 100, (False,) * 99 + (True,))
    with Loopback(Computing(folder, max_model_len=100)) as server:
        model = opened(server, folder)
        assert model.engine.context_limit == 99
        with pytest.raises(PromptTooLong, match="100 tokens exceed the 99 that tiny takes"):
            model.engine.logprobs([too_long])
    with Loopback(Computing(folder, max_model_len=None)) as server:
        assert opened(server, folder).engine.context_limit == CONTEXT - 1


def test_the_fingerprint_knows_name_revision_and_tokenizer_but_no_address(folder: Path, tmp_path: Path) -> None:
    other = save_served(tmp_path / "other")
    (other / "tokenizer.json").write_text((other / "tokenizer.json").read_text() + "\n")
    both = Computing(folder, names=(SERVED_AS, "second"))
    with Loopback(both) as server, Loopback(both) as moved:
        first = opened(server, folder).engine.fingerprint
        assert opened(moved, folder).engine.fingerprint == first
        others = {
            opened(server, folder, revision="2").engine.fingerprint,
            opened(server, folder, served_as="second").engine.fingerprint,
            opened(server, other).engine.fingerprint,
        }
    assert len(others | {first}) == 4
    assert len(first) == 64


def test_the_key_goes_to_the_server_and_into_no_message(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def guarded(call: Call) -> Reply | None:
        if call.headers.get("Authorization") != "Bearer secret-1":
            return Reply({"error": {"message": f"Incorrect key {call.headers.get('Authorization')}"}}, 401)
        if call.path.endswith("/completions") and call.body["prompt"][0] == 9:
            return Reply({"error": {"message": "the key secret-1 is tired"}}, 418)
        return right(call)

    right = Computing(folder)
    with Loopback(guarded) as server:
        with pytest.raises(ModelUnavailable, match=r"asks for a key \(HTTP 401\); set TARE_SERVER_API_KEY"):
            opened(server, folder)
        with pytest.raises(ModelUnavailable, match="refused the key in TARE_SERVER_API_KEY") as raised:
            opened(server, folder, replace(QUICK, api_key="secret-2"))
        assert "secret-2" not in str(raised.value)
        monkeypatch.setenv("TARE_SERVER_API_KEY", "secret-1")
        model = opened(server, folder, settings_from_environment())
        assert weighs_right(model, folder)
        with pytest.raises(EngineFailed, match=r"the key \*\*\* is tired"):
            model.engine.logprobs([LogprobRequest((9, 6), (False, True))])
    assert "secret" not in repr(settings_from_environment())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://ann:hidden@host/v1", "user name or password"),
        ("http://hidden@host/v1", "user name or password"),
        ("https://ann:hidden/v1@host", "user name or password"),
        ("ftp://host/hidden", r"not http\(s\)"),
        ("http:///hidden", r"not http\(s\)"),
        ("http://host:hidden/v1", r"not http\(s\)"),
        ("http://host/v1?key=hidden", r"not http\(s\)"),
        ("http://host/v1\nhidden", "control characters"),
    ],
)
def test_an_address_that_breaks_the_rules_is_refused_and_never_repeated(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        checked_url(url)
    assert "hidden" not in str(raised.value)
    with pytest.raises(ModelUnavailable, match=said) as unavailable:
        open_served(ModelSpec("some/model", url=url), settings=QUICK)
    assert "hidden" not in str(unavailable.value)
    (tmp_path / "pairs.toml").write_text(ENTRY + f"strong_url = {url!r}".replace("'", '"'))
    with pytest.raises(BadCatalogue, match=rf"entry 1 \(mine\): strong_url: .*{said}") as bad:
        load_catalogue(tmp_path / "pairs.toml")
    assert "hidden" not in str(bad.value)


def test_a_catalogue_names_servers(tmp_path: Path) -> None:
    file = tmp_path / "pairs.toml"
    file.write_text(ENTRY + 'strong_url = "http://gpu-1:8000/v1/"\nstrong_served_as = "mine-8b"\nstrong_revision = "2"')
    strong = load_catalogue(file)["mine"].strong
    assert strong == ModelSpec("models/mine", "2", url="http://gpu-1:8000/v1", served_as="mine-8b")
    assert strong.label == "mine-8b at http://gpu-1:8000/v1"
    file.write_text(ENTRY + 'weak_served_as = "mine-8b"')
    with pytest.raises(BadCatalogue, match="weak_served_as names a model at a server; give weak_url too"):
        load_catalogue(file)


def test_what_a_server_decides_cannot_be_asked_for(folder: Path) -> None:
    with Loopback(Computing(folder)) as server:
        with pytest.raises(ModelUnavailable, match="dtype 'float32' is asked for, and a server computes in the one"):
            opened(server, folder, dtype="float32")
        with pytest.raises(ModelUnavailable, match="let the server load it"):
            opened(server, folder, adapter="some/adapter")


def test_files_without_a_tokenizer_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no tokenizer file in"):
        open_served(ModelSpec(str(tmp_path), url="http://127.0.0.1:9/v1"), settings=QUICK)


def test_the_room_holds_nothing_for_a_served_model(folder: Path) -> None:
    room = ModelRoom(1, device="cpu")  # a budget of one byte
    with Loopback(Computing(folder)) as server:
        spec = ModelSpec(str(folder), url=server.url, served_as=SERVED_AS)
        assert room.fits_both(spec, replace(spec, revision="2"))
        with room.open(spec) as model:
            assert model.memory_bytes == 0
            assert room.stats().bytes_held == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TARE_SERVER_CONCURRENCY", "0"),
        ("TARE_SERVER_CONCURRENCY", "many"),
        ("TARE_SERVER_CONCURRENCY", "2.5"),
        ("TARE_SERVER_CONCURRENCY", "1000"),
        ("TARE_SERVER_TIMEOUT_S", "-1"),
        ("TARE_SERVER_TIMEOUT_S", "nan"),
    ],
)
def test_a_setting_that_breaks_the_rules_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ModelUnavailable, match=f"{name} is '{value}'; it must be a"):
        settings_from_environment()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (settings_from_environment().concurrency, settings_from_environment().timeout_s) == (8, 120.0)
    monkeypatch.setenv("TARE_SERVER_CONCURRENCY", "32")
    monkeypatch.setenv("TARE_SERVER_TIMEOUT_S", "7.5")
    assert (settings_from_environment().concurrency, settings_from_environment().timeout_s) == (32, 7.5)
