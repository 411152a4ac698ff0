"""Adapters that cannot be used: one clear line each, and the base goes on as if nothing had been tried."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from adapter_builders import far, save_adapter, values
from safetensors.torch import load_file, save_file

from scoring.adapter_files import WEIGHTS_FILE
from scoring.errors import ModelUnavailable, ScoringError, UnsafeModel
from scoring.models import estimate_bytes
from scoring.pairs import ModelSpec
from scoring.room import ModelRoom

Change = Callable[[Path], object]


@pytest.fixture
def room() -> ModelRoom:
    return ModelRoom(2**30, device="cpu")


def edited(**changes: object) -> Change:
    def edit(folder: Path) -> None:
        path = folder / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


def reweighted(change: Callable[[dict[str, torch.Tensor]], object]) -> Change:
    def edit(folder: Path) -> None:
        weights = load_file(folder / "adapter_model.safetensors")
        change(weights)
        save_file(weights, folder / "adapter_model.safetensors")

    return edit


def misshape(weights: dict[str, torch.Tensor]) -> None:
    key = next(iter(weights))
    weights[key] = torch.zeros(3, 5)


DEEPER = "base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight"
OF_BASE = "base_model.model.model.norm.weight"
BAD: list[tuple[str, Change, str]] = [
    ("pickled", lambda f: (f / WEIGHTS_FILE).rename(f / "adapter_model.bin"), "pickled weights (adapter_model.bin)"),
    ("no weights", lambda f: (f / WEIGHTS_FILE).unlink(), "adapter_model.safetensors is missing"),
    ("no config", lambda f: (f / "adapter_config.json").unlink(), "adapter_config.json is missing"),
    ("broken config", lambda f: (f / "adapter_config.json").write_text("{"), "adapter_config.json cannot be read"),
    ("cut off", lambda f: (f / "adapter_model.safetensors").write_bytes(b"\0" * 9), "is no safetensors file"),
    ("another kind", edited(peft_type="PREFIX_TUNING"), "a 'PREFIX_TUNING' adapter; Tare puts LoRA adapters"),
    ("another task", edited(task_type="SEQ_CLS"), "trained for 'SEQ_CLS'"),
    ("changes the base at start", edited(init_lora_weights="pissa"), "init_lora_weights is 'pissa'"),
    ("trains the base's biases", edited(bias="all"), "bias is 'all'"),
    ("unknown setting", edited(layer_replication=[[0, 2]]), "sets 'layer_replication'"),
    ("other shapes", reweighted(misshape), "it does not fit its base"),
    ("wrong settings", edited(r="four"), "it does not fit its base"),
    ("nothing to put it on", edited(target_modules=["none_such"]), "it does not fit its base"),
    ("half the weights", reweighted(lambda w: w.pop(next(iter(w)))), "1 of its weights have no place"),
    ("of a deeper base", reweighted(lambda w: w.update({DEEPER: torch.zeros(4, 32)})), "1 of its weights have no"),
    ("with weights for the base", reweighted(lambda w: w.update({OF_BASE: torch.zeros(32)})), "that is not its base's"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_an_adapter_that_cannot_be_used_is_one_line_and_the_base_goes_on(
    change: Change, words: str, room: ModelRoom, strong_folder: Path, tmp_path: Path
) -> None:
    folder = save_adapter(tmp_path / "adapter", strong_folder)
    change(folder)
    with room.open(ModelSpec(str(strong_folder))) as base:
        before = values(base.engine)
        with pytest.raises(ModelUnavailable) as caught, room.open(ModelSpec(str(strong_folder), adapter=str(folder))):
            pass
        line = str(caught.value)
        assert words in line
        assert line.startswith(str(folder))
        assert "\n" not in line
        assert isinstance(caught.value, UnsafeModel) == ("pickled" in line)
        assert values(base.engine) == before
        assert not [each for each in base.shelf.model.modules() if type(each).__module__.startswith("peft")]
        good_folder = save_adapter(tmp_path / "good", strong_folder)
        with room.open(ModelSpec(str(strong_folder), adapter=str(good_folder))) as good:
            assert far(values(good.engine), before) > 0.1


def test_an_adapter_of_another_hub_model_is_refused_and_of_a_folder_taken(
    tmp_path: Path, strong_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = save_adapter(tmp_path / "adapter", strong_folder)
    edited(base_model_name_or_path="owner/base-7b")(folder)
    with pytest.raises(ModelUnavailable, match="over 'owner/base-7b', and the pair puts it over 'owner/other'"):
        estimate_bytes(ModelSpec("owner/other", adapter=str(folder)), device="cpu")
    assert estimate_bytes(ModelSpec("Owner/Base-7B", adapter=str(folder)), device="cpu") > 0
    assert not caplog.messages
    assert estimate_bytes(ModelSpec(str(strong_folder), adapter=str(folder)), device="cpu") > 0
    assert "only the shapes are compared" in caplog.messages[0]


def test_an_adapter_that_is_nowhere_says_so(room: ModelRoom, strong_folder: Path) -> None:
    for ref, words in (("./nowhere", "there is no folder"), ("nobody/lora", "not downloaded yet")):
        with pytest.raises(ScoringError, match=words) as caught, room.open(ModelSpec(str(strong_folder), adapter=ref)):
            pass
        assert str(caught.value).startswith(ref)
