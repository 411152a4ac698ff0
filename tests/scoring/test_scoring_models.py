"""Loading: safetensors only, no foreign code, one clear line for whatever is missing; fingerprints."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import MambaConfig

from scoring import memory, model_files
from scoring.chat import encode
from scoring.errors import ModelUnavailable, ScoringError, UnsafeModel
from scoring.model_files import file_sha256, find_model, fingerprint
from scoring.models import choose_device, choose_dtype, context_limit, estimate_bytes, load_model
from scoring.pairs import PROJECT_ROOT, ModelSpec


@pytest.fixture
def own_copy(strong_folder: Path, tmp_path: Path) -> Path:
    """A model folder that a test may break."""
    return Path(shutil.copytree(strong_folder, tmp_path / "model"))


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def the_line(folder: Path) -> tuple[type[ScoringError], str]:
    """What loading the folder fails with: one line that names the model."""
    with pytest.raises(ModelUnavailable) as caught:
        load_model(ModelSpec(str(folder)), device="cpu")
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(folder))
    return type(caught.value), line


def test_a_folder_loads_with_device_dtype_and_memory_told(strong_folder: Path) -> None:
    opened = load_model(ModelSpec(str(strong_folder)), device="cpu")
    assert (opened.device, opened.dtype) == ("cpu", "float32")
    model = opened.engine._model
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert 4 * parameters <= opened.memory_bytes < 4.1 * parameters
    assert opened.engine.context_limit == 512


def test_a_ref_relative_to_tare_s_folder_works_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_copy: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_files.local_folder("model") == tmp_path / "model"
    assert model_files.local_folder("tests/scoring") == PROJECT_ROOT / "tests" / "scoring"
    assert model_files.local_folder("owner/some-model") is None
    for nowhere in ("demo/no-such-model", "./nowhere", "nowhere"):
        with pytest.raises(ModelUnavailable, match="there is no folder"):
            model_files.local_folder(nowhere)


def test_the_compute_dtype_can_be_chosen(strong_folder: Path) -> None:
    opened = load_model(ModelSpec(str(strong_folder), dtype="bfloat16"), device="cpu")
    assert opened.dtype == "bfloat16"
    assert opened.engine._model.dtype == torch.bfloat16
    item = encode(opened.tokenizer, [{"role": "user", "content": "Hi"}], ["Yes"], instruction="", context_limit=512)
    assert opened.engine.logprobs([item.candidates[0].request])[0].total < 0  # type: ignore[union-attr]


def test_device_and_dtype_are_chosen_by_rule() -> None:
    assert choose_dtype("auto", "cuda:0") == "bfloat16"
    assert choose_dtype("auto", "mps") == choose_dtype("auto", "cpu") == "float32"
    assert choose_dtype("float16", "cuda") == "float16"
    with pytest.raises(ModelUnavailable, match="dtype is 'int8'"):
        choose_dtype("int8", "cpu")  # type: ignore[arg-type]
    assert choose_device("cpu") == "cpu"
    assert choose_device() in ("cpu", "cuda", "mps")
    with pytest.raises(ModelUnavailable, match="the device 'abacus' is not there; this machine has"):
        choose_device("abacus")


def test_pickled_weights_are_refused(own_copy: Path) -> None:
    (own_copy / "model.safetensors").rename(own_copy / "pytorch_model.bin")
    kind, line = the_line(own_copy)
    assert kind is UnsafeModel
    assert "pytorch_model.bin" in line
    assert "safetensors only" in line


def test_code_in_the_model_s_files_is_refused(own_copy: Path) -> None:
    edit_config(own_copy, model_type="homemade", auto_map={"AutoModelForCausalLM": "evil.Model"})
    (own_copy / "evil.py").write_text("raise SystemExit('this must never run')")
    kind, line = the_line(own_copy)
    assert kind is UnsafeModel
    assert "'homemade'" in line


def test_a_native_architecture_with_code_of_its_own_loads_without_that_code(own_copy: Path) -> None:
    edit_config(own_copy, auto_map={"AutoModelForCausalLM": "evil.Model"})
    (own_copy / "evil.py").write_text("raise SystemExit('this must never run')")
    assert type(load_model(ModelSpec(str(own_copy)), device="cpu").engine._model).__name__ == "LlamaForCausalLM"


@pytest.mark.parametrize(
    ("name", "words"),
    [("config.json", "config.json is missing"), ("model.safetensors", "model.safetensors is missing")],
)
def test_a_missing_file_is_named(own_copy: Path, name: str, words: str) -> None:
    (own_copy / name).unlink()
    assert words in the_line(own_copy)[1]


def test_a_missing_tokenizer_is_named(own_copy: Path) -> None:
    for path in own_copy.glob("tokenizer*"):
        path.unlink()
    assert "its tokenizer cannot be loaded" in the_line(own_copy)[1]


def test_a_weight_file_cut_off_is_named_with_its_sizes(own_copy: Path) -> None:
    path = own_copy / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert f"has {len(whole) - 100} bytes and should have {len(whole)}" in the_line(own_copy)[1]


def test_a_large_file_pointer_instead_of_weights_is_named(own_copy: Path) -> None:
    (own_copy / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "no safetensors file" in the_line(own_copy)[1]


def test_weights_that_are_not_all_there_are_never_filled_with_random_numbers(own_copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(own_copy / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, own_copy / "model.safetensors", metadata={"format": "pt"})
    line = the_line(own_copy)[1]
    assert "1 weights are missing" in line
    assert "model.layers.1.mlp.up_proj.weight" in line


def test_shards_outside_the_folder_and_missing_shards_are_refused(own_copy: Path) -> None:
    (own_copy / "model.safetensors").rename(own_copy / "model-1.safetensors")
    index = own_copy / "model.safetensors.index.json"
    for shard, words in (("../x.safetensors", "of the same folder"), ("model-2.safetensors", "model-2.safetensors is")):
        index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors", "b": shard}}))
        assert words in the_line(own_copy)[1]


def test_a_sharded_model_loads(tmp_path: Path, strong_folder: Path) -> None:
    whole = load_model(ModelSpec(str(strong_folder)), device="cpu")
    folder = tmp_path / "sharded"
    whole.engine._model.save_pretrained(folder, max_shard_size="50KB")
    whole.tokenizer.save_pretrained(folder)
    assert len(list(folder.glob("*.safetensors"))) > 1
    sharded = load_model(ModelSpec(str(folder)), device="cpu")
    assert find_model(ModelSpec(str(folder))).parameters == find_model(ModelSpec(str(strong_folder))).parameters
    item = encode(whole.tokenizer, [{"role": "user", "content": "Hi"}], ["Yes"], instruction="", context_limit=512)
    requests = [item.candidates[0].request]  # type: ignore[union-attr]
    assert whole.engine.logprobs(requests) == sharded.engine.logprobs(requests)


def test_a_model_that_is_not_here_and_cannot_be_fetched_says_so() -> None:
    with pytest.raises(ModelUnavailable, match="not downloaded yet and the hub cannot be reached") as caught:
        load_model(ModelSpec("nobody/nothing-1b"), device="cpu")
    assert "\n" not in str(caught.value)


def test_too_little_memory_is_said_before_loading(strong_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.models.available_bytes", lambda device: 1000)
    assert "in float32 and 0.0 GB are free on cpu" in the_line(strong_folder)[1]


def test_the_memory_of_this_machine_can_be_told() -> None:
    assert 10**7 < memory.available_bytes("cpu") < 10**14


def test_memory_needed_counts_parameters_in_the_dtype_used(strong_folder: Path) -> None:
    spec = ModelSpec(str(strong_folder))
    full = estimate_bytes(spec, device="cpu")
    half = estimate_bytes(ModelSpec(str(strong_folder), dtype="float16"), device="cpu")
    assert full == pytest.approx(2 * half, abs=1)
    assert full == int(find_model(spec).parameters * 4 * 1.1)


def test_the_context_comes_from_the_config_and_an_absurd_tokenizer_limit_does_not_count(
    strong_folder: Path, other_folder: Path
) -> None:
    # The other one is a Mistral with a sliding window of 8: that limits attention, not the text.
    assert load_model(ModelSpec(str(other_folder)), device="cpu").engine.context_limit == 512
    opened = load_model(ModelSpec(str(strong_folder)), device="cpu")
    assert opened.tokenizer.model_max_length > 10**20
    assert context_limit(MambaConfig(), opened.tokenizer) == 1_000_000  # its config names no limit


def test_a_fingerprint_knows_weights_config_and_dtype(strong_folder: Path, weak_folder: Path, own_copy: Path) -> None:
    strong = find_model(ModelSpec(str(strong_folder)))
    copied = find_model(ModelSpec(str(own_copy)))
    prints = {
        fingerprint(strong, "float32"),
        fingerprint(strong, "bfloat16"),
        fingerprint(find_model(ModelSpec(str(weak_folder))), "float32"),
    }
    assert len(prints) == 3
    assert fingerprint(copied, "float32") == fingerprint(strong, "float32")  # where it lies does not matter
    edit_config(own_copy, rope_theta=20000.0)
    assert fingerprint(find_model(ModelSpec(str(own_copy))), "float32") != fingerprint(strong, "float32")


def test_a_hub_model_s_fingerprint_is_its_commit(own_copy: Path, tmp_path: Path) -> None:
    prints = set()
    for commit in ("a" * 40, "b" * 40):
        folder = tmp_path / "hub" / "snapshots" / commit
        shutil.copytree(own_copy, folder)
        files = find_model(ModelSpec(str(folder)))
        assert files.commit == commit
        prints.add(fingerprint(files, "float32"))
    assert len(prints) == 2


def test_a_file_is_hashed_once_and_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARE_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    first = file_sha256(path)
    cache = tmp_path / "cache" / "fingerprints.json"
    known = json.loads(cache.read_text())
    assert list(known.values()) == [first]
    cache.write_text(json.dumps(dict.fromkeys(known, "remembered")))
    assert file_sha256(path) == "remembered"
    path.write_bytes(b"three")
    assert file_sha256(path) not in (first, "remembered")
    cache.write_text("broken")
    assert len(file_sha256(path)) == 64


def test_a_header_that_lies_about_its_shapes_is_no_crash(own_copy: Path) -> None:
    header = json.dumps({"x": {"dtype": "F32", "shape": ["many"], "data_offsets": [0, 4]}}).encode()
    (own_copy / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0\0\0")
    assert "no safetensors file" in the_line(own_copy)[1]


def test_a_config_with_nonsense_in_it_is_one_line(own_copy: Path) -> None:
    edit_config(own_copy, hidden_size="wide")
    assert "'hidden_size'" in the_line(own_copy)[1]


def test_an_encoder_decoder_or_unknown_architecture_is_one_line(own_copy: Path) -> None:
    edit_config(own_copy, model_type="not-invented-yet")
    assert "model_type 'not-invented-yet'" in the_line(own_copy)[1]
    edit_config(own_copy, model_type="t5", architectures=["T5ForConditionalGeneration"])
    the_line(own_copy)


TORCH_FREE = "errors protocol criteria pairs ratio spans world chat rendering encoder control_tokens model_files"


def test_chat_and_pairs_import_without_torch() -> None:
    code = f"import sys\nfor name in {TORCH_FREE.split()}: __import__('scoring.' + name)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
