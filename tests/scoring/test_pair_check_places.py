"""A pair checked where its models lie: an adapter over a base, a server, the hub before anything is downloaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from adapter_builders import save_adapter
from hub_on_loopback import Hub
from loopback import Call, Loopback, Reply
from scoring_builders import byte_level, save_model, tiny_model
from server_builders import CONTEXT, SERVED_AS, Computing, save_served

from scoring.pair_check.check import check_pair
from scoring.pair_check.facts import PairCheck
from scoring.pairs import ModelPair, ModelSpec

ROOT = Path(__file__).parents[2]


def check_of(strong: ModelSpec, weak: ModelSpec, **more: Any) -> PairCheck:
    usual: dict[str, Any] = {"parameters": "few", "context": CONTEXT, "licence": "MIT", "memory_gb": 0.001}
    return check_pair(ModelPair("mine", "Mine", strong, weak, **usual | more))


def lines(check: PairCheck, severity: str = "stops") -> list[str]:
    found = [problem.line for problem in check.problems if problem.severity == severity]
    assert all("\n" not in line for line in found)
    return found


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory, strong_folder: Path) -> Path:
    return save_adapter(tmp_path_factory.mktemp("adapter") / "lora", strong_folder)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_served(tmp_path_factory.mktemp("served") / "model")


def test_an_adapter_and_its_base_are_counted_once(strong_folder: Path, adapter: Path) -> None:
    over = ModelSpec(str(strong_folder), adapter=str(adapter))
    check = check_of(over, ModelSpec(str(strong_folder)))
    assert check.problems == ()
    assert (check.strong.kind, check.weak.kind) == ("adapter", "folder")
    assert check.strong.parameters is not None
    assert check.weak.parameters is not None
    own = check.strong.parameters - check.weak.parameters
    assert own > 0
    assert check.weak.needed_bytes == int(check.weak.parameters * 4 * 1.1)
    assert check.needed_bytes == check.weak.needed_bytes + int(own * 4 * 1.1)
    assert check.has_same_tokenizer


def test_a_licence_of_the_adapter_does_not_hide_the_bases(strong_folder: Path, adapter: Path, tmp_path: Path) -> None:
    base, over = (shutil.copytree(folder, tmp_path / name) for folder, name in ((strong_folder, "b"), (adapter, "a")))
    settings = json.loads((over / "adapter_config.json").read_text())
    (over / "adapter_config.json").write_text(json.dumps(settings | {"base_model_name_or_path": str(base)}))
    spec = ModelSpec(str(base), adapter=str(over))
    (over / "README.md").write_text("---\nlicense: mit\n---\n")
    assert check_of(spec, ModelSpec(str(base))).strong.licence == "mit (adapter), not stated (base)"
    (base / "README.md").write_text("---\nlicense: house\n---\n")
    check = check_of(spec, ModelSpec(str(base)))
    assert (check.strong.licence, check.weak.licence) == ("mit (adapter), house (base)", "house")


def test_an_adapter_of_another_width_than_the_base_stops(tmp_path: Path, adapter: Path, weak_folder: Path) -> None:
    config = tiny_model(vocabulary=420).config
    config.intermediate_size = 64
    from transformers import AutoModelForCausalLM

    wide = save_model(tmp_path / "strong0", AutoModelForCausalLM.from_config(config), byte_level())
    (line,) = lines(check_of(ModelSpec(str(wide), adapter=str(adapter)), ModelSpec(str(weak_folder))))
    assert "mlp.down_proj has 64 inputs in the base and 48 in the adapter; name the base" in line


def test_an_adapter_that_names_another_base_is_a_warning(adapter: Path, weak_folder: Path) -> None:
    check = check_of(ModelSpec(str(weak_folder), adapter=str(adapter)), ModelSpec(str(weak_folder)))
    assert lines(check) == []
    assert any("its config says it was trained over" in line for line in lines(check, "warns"))


def test_an_adapter_named_as_a_model_is_told_what_it_is(adapter: Path, strong_folder: Path) -> None:
    (line,) = lines(check_of(ModelSpec(str(adapter)), ModelSpec(str(strong_folder))))
    assert line == f"{adapter}: an adapter and no whole model; name its base ({strong_folder}) and put it over that"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin"), "only pickled"),
        (lambda folder: (folder / "adapter_config.json").unlink(), "adapter_config.json is missing"),
        (lambda folder: shutil.rmtree(folder), "there is no folder"),
    ],
)
def test_a_broken_adapter_is_one_line_and_the_base_is_told(
    spoil: Any, words: str, adapter: Path, strong_folder: Path, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(adapter, tmp_path / "copied"))
    spoil(copied)
    check = check_of(ModelSpec(str(strong_folder), adapter=str(copied)), ModelSpec(str(strong_folder)))
    (line,) = lines(check)
    assert words in line
    assert check.strong.architecture == "LlamaForCausalLM (llama)"
    assert check.strong.needed_bytes is None


def test_a_served_model_is_asked_and_needs_no_memory_here(served: Path) -> None:
    with Loopback(Computing(served)) as server:
        there = ModelSpec(str(served), url=server.url, served_as=SERVED_AS)
        check = check_of(there, ModelSpec(str(served)))
    assert check.problems == ()
    assert (check.strong.kind, check.strong.engine, check.strong.dtype) == ("server", "server", "as served")
    assert (check.strong.context, check.strong.needed_bytes, check.strong.place) == (CONTEXT - 1, 0, server.url)
    assert check.needed_bytes == check.weak.needed_bytes


def test_a_server_that_is_down_is_one_line_and_its_tokenizer_is_told(served: Path) -> None:
    with Loopback(Computing(served)) as server:
        url = server.url
    check = check_of(ModelSpec(str(served), url=url, served_as=SERVED_AS), ModelSpec(str(served)))
    (line,) = lines(check)
    assert line.startswith(f"{SERVED_AS} at {url}: the server cannot be reached")
    assert "see that it runs and is reachable" in line
    assert check.strong.vocabulary == check.weak.vocabulary
    assert check.strong.context is None
    assert check.has_same_tokenizer


def test_a_server_that_serves_another_model_is_one_line(served: Path) -> None:
    with Loopback(Computing(served, names=("other",))) as server:
        check = check_of(ModelSpec(str(served), url=server.url, served_as=SERVED_AS), ModelSpec(str(served)))
    (line,) = lines(check)
    assert "serves 'other' and no 'tiny'; say which one in the pair (served_as)" in line


def test_a_server_that_stands_still_is_told_after_a_while(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARE_SERVER_TIMEOUT_S", "0.2")
    asked: list[Call] = []

    def silent(call: Call) -> Reply | None:
        asked.append(call)
        server.is_over.wait(5)
        return None

    with Loopback(silent) as server:
        check = check_of(ModelSpec(str(served), url=server.url, served_as=SERVED_AS), ModelSpec(str(served)))
    (line,) = lines(check)
    assert "gave no whole answer within 0.2 s" in line
    assert len(asked) == 1, "a check does not try again"


CHECK = """
import json, sys
from dataclasses import asdict
from scoring.pair_check.check import check_pair
from scoring.pairs import ModelPair, ModelSpec
strong, weak = (ModelSpec(**spec) for spec in json.loads(sys.argv[1]))
pair = ModelPair("mine", "Mine", strong, weak, "few", 512, "", 0.001)
print(json.dumps(asdict(check_pair(pair))))
"""


def check_at_hub(url: str, home: Path, *specs: dict[str, Any]) -> dict[str, Any]:
    """The same check in a process that believes our hub is the hub."""
    found = subprocess.run(
        [sys.executable, "-c", CHECK, json.dumps(specs)], cwd=ROOT, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        | {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"},
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    result: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return result


def test_a_hub_model_is_checked_before_its_weights_are_fetched(
    strong_folder: Path, weak_folder: Path, adapter: Path, tmp_path: Path
) -> None:
    carded = Path(shutil.copytree(strong_folder, tmp_path / "carded"))
    (carded / "README.md").write_text("---\nlicense: mit\n---\n")
    pickled = Path(shutil.copytree(weak_folder, tmp_path / "pickled"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    lora = Path(shutil.copytree(adapter, tmp_path / "lora"))
    config = json.loads((lora / "adapter_config.json").read_text())
    (lora / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "we/base"}))
    header = json.dumps({"w": {"dtype": "F32", "shape": [1000, 1000], "data_offsets": [0, 4_000_000]}}).encode()
    (carded / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4_000_000))
    with Hub({"we/base": carded, "we/pickled": pickled, "we/lora": lora}) as hub:
        check = check_at_hub(hub.url, tmp_path / "home", {"ref": "we/base", "adapter": "we/lora"}, {"ref": "we/base"})
        assert [problem for problem in check["problems"] if problem["severity"] == "stops"] == []
        assert (check["weak"]["licence"], check["weak"]["place"], check["weak"]["kind"]) == ("mit", "the hub", "hub")
        said = [problem["line"] for problem in check["problems"]]
        assert any(line.startswith("we/base: not downloaded yet; the first run fetches") for line in said)
        assert any(line.startswith("we/lora: not downloaded yet; the first run fetches") for line in said)
        assert (check["weak"]["parameters"], check["weak"]["needed_bytes"]) == (1_000_000, 4_400_000)
        assert hub.bytes_sent["we/base/model.safetensors"] < 400_000, "of 4 MB: the headers say how large it is"
        refused = check_at_hub(hub.url, tmp_path / "home", {"ref": "we/base"}, {"ref": "we/pickled"})
        (line,) = (problem["line"] for problem in refused["problems"] if problem["severity"] == "stops")
        assert "we/pickled: only pickled weights (pytorch_model.bin)" in line
        missing = check_at_hub(hub.url, tmp_path / "home", {"ref": "we/base"}, {"ref": "we/nothing"})
        (line,) = (problem["line"] for problem in missing["problems"] if problem["severity"] == "stops")
        assert line.startswith("we/nothing: the hub has no such model, or it is private")
    away = check_at_hub(hub.url, tmp_path / "home", {"ref": "we/base"}, {"ref": "we/other"})
    stops = [problem["line"] for problem in away["problems"] if problem["severity"] == "stops"]
    assert stops == [
        "we/other: not downloaded yet and the hub cannot be reached; go online once (`hf download we/other`) or name a "
        "local folder"
    ]
    assert away["strong"]["context"] == 512, "its small files are here"
    assert any("the hub does not say how large" in problem["line"] for problem in away["problems"])
