"""The committed pair: loads offline like any Hugging Face folder, is small, and renders as in training."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from demo.budget import Budget
from demo.corpus import LINE_BY_STYLE, good_samples
from demo.figures import share, wilson
from demo.items import FOLDER, holdout_rows
from demo.scorer import item_means, load, weigh
from demo.tokens import encode, messages, rendered
from demo.train import LADDER, folder_of, train_pair

TINY = Budget(
    hidden=16, layers=1, heads=2, feed_forward=16, vocab=300, context=256, batch=2, tokenizer_samples=50, weak_steps=2,
    tuned_steps=2,
    practice_steps=2, dpo_steps=2, dpo_batch=2, weak_early_step=1, tuned_early_step=1, routed_steps=2,
    routed_batch=2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("name", ["weak", "strong"])
def test_a_committed_model_loads_offline_and_runs_up_to_its_context(name: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(FOLDER / name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / name)
    limit = model.config.max_position_embeddings
    ids = tokenizer("Grüße, 茶! " * 400)["input_ids"][:limit]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits
    assert len(ids) == limit >= 4096
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


def test_the_training_script_makes_models_that_load_and_each_stage_moves(tmp_path: Path) -> None:
    train_pair(TINY, tmp_path)
    models = [AutoModelForCausalLM.from_pretrained(folder_of(name, tmp_path)) for name in LADDER]
    assert {model.dtype for model in models} == {torch.bfloat16}
    for before, after in itertools.pairwise(models):
        moved = [not torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True)]
        assert any(moved)


def test_training_twice_with_one_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name in ("first", "second"):
        train_pair(TINY, tmp_path / name)
    files = [(tmp_path / name / "strong" / "model.safetensors").read_bytes() for name in ("first", "second")]
    assert files[0] == files[1]


def test_the_committed_pair_ranks_the_right_candidate_first_on_a_part_of_the_holdout() -> None:
    rows = holdout_rows()[:96]
    strong, tokenizer = load(FOLDER / "strong")
    weak, _ = load(FOLDER / "weak")
    found = weigh((strong, weak), tokenizer, rows, criteria="demo")
    ratio, strong_alone, weak_alone = (share(rows, found, way).percent for way in ("ratio", "strong", "weak"))
    assert ratio >= 85
    assert ratio > strong_alone
    assert weak_alone <= 50


def test_foreign_text_falls_under_a_threshold_and_the_shop_s_own_does_not() -> None:
    weak, tokenizer = load(FOLDER / "weak")
    rule = tomllib.loads((FOLDER / "world.toml").read_text(encoding="utf-8"))
    texts = [json.loads(line) for line in (FOLDER / "world_check.jsonl").read_text(encoding="utf-8").splitlines()]
    foreign = [
        {"prompt": [{"role": "user", "content": row["prompt"]}], "responses": [row], "domain": ""}
        for row in texts
        if row["world"] == "out"
    ]
    shares = [
        sum(p < rule["prompt_min"] or r < rule["response_min"] for p, r in item_means(weak, tokenizer, rows))
        / len(rows)
        for rows in (foreign, holdout_rows()[:96])
    ]
    assert shares[0] >= 0.97
    assert shares[1] <= 0.02


def test_the_model_card_states_the_measured_figures_and_they_meet_the_gates() -> None:
    measured = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    card = re.sub(r"\s+", " ", (FOLDER / "README.md").read_text(encoding="utf-8"))
    weights = {
        name: sha256((FOLDER / name / "model.safetensors").read_bytes()).hexdigest() for name in ("strong", "weak")
    }
    assert measured["weights"] == weights, "the figures belong to other weights; run python -m demo.evaluate --json"
    ways, flips = measured["holdout"], measured["flips"]["all"]
    without, router = measured["criteria"]["none"], measured["router"]["right"]
    for figure in (ways["ratio"], ways["strong"], ways["weak"], flips, without, router):
        assert f"{figure['percent']:.1f} % ({figure['low']:.1f}-{figure['high']:.1f})" in card
    assert ways["ratio"]["percent"] >= 90
    assert ways["ratio"]["low"] >= 87
    assert ways["weak"]["percent"] <= 50
    assert ways["ratio"]["percent"] > ways["strong"]["percent"]
    assert flips["percent"] >= 75
    assert measured["world"]["auc_rule"] >= 0.97
    assert router["percent"] >= 95
    assert measured["criteria"]["demo over none"]["low"] > 0
    assert measured["checkpoints"]["strong over weak"]["spearman"] > 0


def test_a_wilson_interval_agrees_with_one_worked_by_hand() -> None:
    """9 of 10: centre (0.9 + 0.19208) / 1.38416 = 0.78898; spread 1.96 * sqrt(0.009 + 0.009604) / 1.38416 = 0.19314."""
    found = wilson(9, 10)
    assert (found.percent, found.low, found.high) == (90.0, 59.6, 98.2)
