"""What training tools make of an export: `datasets` reads every form, TRL's DPOTrainer trains on the pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest
import transformers
import trl
from export_cases import Act, Case, write_cases

from db.session import Sessions
from services.exports.export import export

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
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_datasets_reads_every_form(exported_file: Path, tmp_path: Path) -> None:
    rows = load(exported_file, tmp_path)
    assert len(rows) == len(exported_file.read_text().splitlines())
    assert len(set(rows["certificate_sha256"])) == 1
    assert [text is None for text in rows["certificate_json"]] == [False] + [True] * (len(rows) - 1)
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
    dataset_id, _ = write_cases(fresh_db, SHOP_CASES)
    export(fresh_db, dataset_id, format=format, out=tmp_path / "pairs.jsonl")
    rows = load(tmp_path / "pairs.jsonl", tmp_path)
    model, tokenizer = _model()
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


def _model() -> tuple[Any, Any]:
    """The demo's strong model."""
    model = transformers.AutoModelForCausalLM.from_pretrained(DEMO, dtype="float32")
    return model, transformers.AutoTokenizer.from_pretrained(DEMO)
