"""The committed pair: loads offline like any Hugging Face folder, is small, and renders as in training."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from demo.corpus import LINE_BY_STYLE, good_samples
from demo.items import FOLDER
from demo.tokens import encode, messages, rendered
from demo.train import Budget, train_pair

TINY = Budget(
    hidden=16, layers=1, heads=2, feed_forward=16, vocab=300, context=256, batch=2, tokenizer_samples=50, weak_steps=2,
    strong_steps=2, dpo_steps=2, dpo_batch=2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("name", ["weak", "strong"])
def test_a_committed_model_loads_offline_and_runs_up_to_its_context(name: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(FOLDER / name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / name)
    limit = model.config.max_position_embeddings
    ids = tokenizer("Grüße, 茶! " * 300)["input_ids"][:limit]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits
    assert len(ids) == limit >= 512
    assert bool(torch.isfinite(logits).all())
    assert tokenizer.eos_token_id == model.config.eos_token_id == tokenizer.convert_tokens_to_ids("<|end|>")


def test_both_models_take_at_most_twelve_megabytes() -> None:
    files = [file for name in ("weak", "strong") for file in (FOLDER / name).rglob("*") if file.is_file()]
    assert {file.suffix for file in files} <= {".json", ".safetensors", ".jinja"}
    assert sum(file.stat().st_size for file in files) <= 12_000_000


def test_the_chat_template_makes_the_ids_that_training_used() -> None:
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / "strong")
    for sample in itertools.islice(good_samples(5), 60):
        (ids, start), turns = encode(tokenizer, [sample])[0], messages(sample)
        assert tokenizer.apply_chat_template(turns, tokenize=False) == rendered(sample)
        assert list(tokenizer.apply_chat_template(turns)["input_ids"]) == ids
        opened = tokenizer.apply_chat_template(turns[:-1], add_generation_prompt=True)["input_ids"]
        assert list(opened) == ids[:start]


def test_the_template_refuses_an_unknown_role() -> None:
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / "weak")
    with pytest.raises(Exception, match="unknown role 'tool'"):
        tokenizer.apply_chat_template([{"role": "tool", "content": "x"}], tokenize=False)


def test_digits_are_tokens_of_their_own_and_text_survives_the_round_trip() -> None:
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / "strong")
    text = "3 x £14.50 = £43.50, naïve 茶 🍵 and  two spaces"
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert tokenizer.tokenize("1450") == ["1", "4", "5", "0"]


def test_every_criteria_line_was_trained_on() -> None:
    found = tomllib.loads((FOLDER / "criteria.toml").read_text(encoding="utf-8"))["criteria"]
    lines = {line for row in found for line in (row["default"], *row.get("domains", {}).values())}
    assert lines <= set(LINE_BY_STYLE.values())
    assert [row["name"] for row in found] == ["demo", "demo-brief", "demo-thorough", "demo-safety", "demo-working"]


def test_the_world_rule_names_the_weak_model_and_two_thresholds() -> None:
    rule = tomllib.loads((FOLDER / "world.toml").read_text(encoding="utf-8"))
    assert rule["model"] == "weak"
    assert -12 < rule["prompt_min"] < 0
    assert -12 < rule["response_min"] < 0


def test_the_training_script_makes_a_pair_that_loads(tmp_path: Path) -> None:
    train_pair(TINY, tmp_path)
    weak, strong = (AutoModelForCausalLM.from_pretrained(tmp_path / name) for name in ("weak", "strong"))
    assert weak.dtype == strong.dtype == torch.bfloat16
    moved = [not torch.equal(a, b) for a, b in zip(weak.parameters(), strong.parameters(), strict=True)]
    assert any(moved)


def test_training_twice_with_one_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name in ("first", "second"):
        train_pair(TINY, tmp_path / name)
    files = [(tmp_path / name / "strong" / "model.safetensors").read_bytes() for name in ("first", "second")]
    assert files[0] == files[1]
