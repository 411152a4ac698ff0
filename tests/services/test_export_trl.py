"""What training tools make of an export: `datasets` reads every form, TRL's DPOTrainer trains on the pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from export_cases import Act, Case, write_cases

from db.session import Sessions
from services.exports import export

DEMO = Path(__file__).parents[2] / "demo" / "strong"

SHOP_CASES = tuple(
    Case(
        f"How much are {n} cups of green tea?",
        (Act("ada", "accept", "A"),),
        texts=(f"{n} cups are {3 * n} euros.", "No idea.", "Go away."),
    )
    for n in range(2, 10)
)


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everything is read from local files; what the libraries cache goes to the test's own folder."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


@pytest.fixture(params=["trl-conversational", "trl-standard", "jsonl"])
def exported_file(request: pytest.FixtureRequest, fresh_db: Sessions, tmp_path: Path) -> Path:
    """The reviewed cases in one of the forms; the file is called after it."""
    dataset_id, _ = write_cases(fresh_db)
    path = tmp_path / f"{request.param}.jsonl"
    export(fresh_db, dataset_id, format=request.param, out=path, only="all")
    return path


def load(path: Path, tmp_path: Path) -> Any:
    datasets = pytest.importorskip("datasets", reason="needs datasets: pip install -r requirements-dev.txt")
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_datasets_reads_every_form(exported_file: Path, tmp_path: Path) -> None:
    rows = load(exported_file, tmp_path)
    assert len(rows) == len(exported_file.read_text().splitlines())
    if exported_file.stem == "jsonl":
        overridden = rows[1]
        assert overridden["decisions"][0]["verdict"] == "override"
        assert [candidate["reward"] for candidate in overridden["candidates"]] == [3.0, 1.0, 2.0]
    else:
        assert {"prompt", "chosen", "rejected", "margin", "label_source"} <= set(rows.column_names)
        assert rows["margin"][:2] == [2.0, -1.0]


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("format", ["trl-conversational", "trl-standard"])
def test_trl_trains_two_steps_on_an_export(fresh_db: Sessions, tmp_path: Path, format: str) -> None:
    trl = pytest.importorskip("trl", reason="needs trl: pip install -r requirements-dev.txt")
    dataset_id, _ = write_cases(fresh_db, SHOP_CASES)
    export(fresh_db, dataset_id, format=format, out=tmp_path / "pairs.jsonl")
    rows = load(tmp_path / "pairs.jsonl", tmp_path)
    model, tokenizer = _model(tmp_path)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    arguments = trl.DPOConfig(
        output_dir=str(tmp_path / "out"), max_steps=2, per_device_train_batch_size=2, learning_rate=1e-3,
        warmup_steps=0, report_to=[], save_strategy="no", logging_steps=1, disable_tqdm=True, use_cpu=True, bf16=False,
        gradient_checkpointing=False, max_length=256,
    )  # fmt: skip
    trainer = trl.DPOTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert trainer.state.global_step == 2
    assert len(losses) == 2
    assert losses[0] == pytest.approx(0.6931, abs=0.01)  # ln 2: the model is still its own reference
    assert any(not weight.equal(before[name]) for name, weight in trainer.model.named_parameters())


def _model(tmp_path: Path) -> tuple[Any, Any]:
    """The demo's strong model; a tiny random one where the demo is not built."""
    transformers = pytest.importorskip("transformers")
    if (DEMO / "model.safetensors").is_file():
        model = transformers.AutoModelForCausalLM.from_pretrained(DEMO, dtype="float32")
        return model, transformers.AutoTokenizer.from_pretrained(DEMO)
    return _tiny_model(transformers)


def _tiny_model(transformers: Any) -> tuple[Any, Any]:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {sign: n for n, sign in enumerate(["<pad>", "<end>", *alphabet])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="<end>")
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{{ eos_token }}{% endfor %}"
        "{% if add_generation_prompt %}assistant: {% endif %}"
    )
    configuration = transformers.LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=512, pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    transformers.set_seed(0)
    return transformers.LlamaForCausalLM(configuration), tokenizer
