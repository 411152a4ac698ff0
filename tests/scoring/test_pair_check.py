"""A pair checked before use: facts of both sides, and one line for each thing that stops it or is worth knowing."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import transformers
from architectures import ARCHITECTURES
from scoring_builders import CHATML, DROPS_SYSTEM, MISTRAL_LIKE, byte_level, metaspace, save_model, tiny_model

from scoring.pair_check.check import check_pair
from scoring.pair_check.facts import Finding, PairCheck, size_text
from scoring.pair_check.kind import likely_engine, why_not_causal
from scoring.pairs import ModelPair, ModelSpec, load_catalogue


def pair_of(strong: object, weak: object, **more: Any) -> ModelPair:
    one, other = (spec if isinstance(spec, ModelSpec) else ModelSpec(str(spec)) for spec in (strong, weak))
    usual: dict[str, Any] = {"parameters": "few", "context": 512, "licence": "MIT", "memory_gb": 0.001}
    return ModelPair("mine", "Mine", one, other, **usual | more)


def lines(check: PairCheck, severity: str = "stops") -> list[str]:
    """The findings of that severity; each is one line."""
    found = [problem.line for problem in check.problems if problem.severity == severity]
    assert all("\n" not in line and line.strip() for line in found)
    return found


@pytest.fixture
def copied(strong_folder: Path, tmp_path: Path) -> Path:
    """A copy of the strong model's folder, to be spoilt."""
    return Path(shutil.copytree(strong_folder, tmp_path / "copied"))


def change_config(folder: Path, **values: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return folder


def test_the_demo_pair_has_nothing_that_stops_it() -> None:
    check = check_pair(load_catalogue()["demo"])
    assert check.problems == ()
    assert check.has_same_tokenizer
    assert check.fits_both
    for side in (check.strong, check.weak):
        assert (side.architecture, side.is_causal) == ("LlamaForCausalLM (llama)", True)
        assert (side.kind, side.context, side.vocabulary, side.rows) == ("folder", 4096, 1024, 1024)
        assert (side.has_template, side.has_system_role, side.engine) == (True, True, "shared")
        assert (side.dtype, side.parameters) == ("float32", 935_040)
    assert check.needed_bytes == 2 * int(935_040 * 4 * 1.1)


def test_it_reads_no_weights(copied: Path, weak_folder: Path) -> None:
    weights = copied / "model.safetensors"
    header = 8 + int.from_bytes(weights.read_bytes()[:8], "little")
    size = weights.stat().st_size
    with weights.open("r+b") as file:
        file.truncate(header)  # the tensors' bytes are gone,
        file.truncate(size)  # and zeros stand for them
    assert lines(check_pair(pair_of(copied, weak_folder))) == []


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_likely_engine_is_the_one_that_is_proved(name: str) -> None:
    (kind, settings), engine = ARCHITECTURES[name]
    config = getattr(transformers, kind)(**settings)
    assert likely_engine(config) == engine
    assert why_not_causal(config) is None


@pytest.mark.parametrize(
    ("adapter", "engine"),
    [
        ({"target_modules": ["q_proj"]}, "shared"),
        ({"target_modules": ["q_proj", "lm_head"]}, "plain"),
        ({"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}, "plain"),
        ({"target_modules": ["q_proj"], "trainable_token_indices": [3]}, "plain"),
    ],
)
def test_an_adapter_at_the_output_head_is_computed_plainly(adapter: dict[str, Any], engine: str) -> None:
    assert likely_engine(transformers.LlamaConfig(), adapter) == engine


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("BertConfig", "an encoder-only model"),
        ("ModernBertConfig", "an encoder-only model"),
        ("T5Config", "an encoder-decoder model"),
        ("WhisperConfig", "a speech model"),
        ("ViTConfig", "a vision model"),
        ("CLIPConfig", "a model of images and text"),
        ("LlavaConfig", "a model of images and text"),
    ],
)
def test_another_kind_of_model_is_told_in_one_line(kind: str, words: str, copied: Path, weak_folder: Path) -> None:
    getattr(transformers, kind)().save_pretrained(copied)
    check = check_pair(pair_of(copied, weak_folder))
    assert check.strong.is_causal is False
    assert check.strong.engine is None
    (line,) = (line for line in lines(check) if "causal" in line)
    assert f"is {words}; Tare weighs with causal language models only: choose one" in line


def test_a_classifier_over_a_causal_model_is_told(copied: Path, weak_folder: Path) -> None:
    change_config(copied, architectures=["LlamaForSequenceClassification"])
    (line,) = lines(check_pair(pair_of(weak_folder, copied)))
    assert "LlamaForSequenceClassification is a classifier, whose head gives no token log-probs" in line


def test_a_missing_folder_is_one_line_and_the_other_side_is_told_all_the_same(
    weak_folder: Path, tmp_path: Path
) -> None:
    check = check_pair(pair_of(tmp_path / "nowhere", weak_folder))
    (line,) = lines(check)
    assert "there is no folder" in line
    assert check.strong.architecture is None
    assert (check.weak.engine, check.weak.context) == ("shared", 512)
    assert (check.has_same_tokenizer, check.needed_bytes, check.fits_both) == (None, None, None)
    assert [problem.side for problem in check.stops] == ["strong"]


def test_a_hub_id_that_is_not_here_while_the_hub_is_away_is_one_line(weak_folder: Path) -> None:
    (line,) = lines(check_pair(pair_of("somebody/something", weak_folder)))
    assert line.startswith("somebody/something: not downloaded yet and the hub cannot be reached; go online once")


def test_pickled_weights_alone_are_refused_with_the_way_out(copied: Path, weak_folder: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    (line,) = lines(check_pair(pair_of(weak_folder, copied)))
    assert "only pickled weights (pytorch_model.bin), which can run code" in line
    assert "convert the model" in line


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"version https://git-lfs"), "a Git LFS pointer?"),
        (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors is missing"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json cannot be read"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "its tokenizer cannot be loaded"),
        (lambda folder: change_config(folder, model_type="strange"), "which this transformers does not know"),
        (lambda folder: change_config(folder, model_type="own", auto_map={}), "asks to run code of its own"),
        (lambda folder: change_config(folder, num_attention_heads="four"), "config.json cannot be read"),
    ],
)
def test_broken_files_are_one_line_each(spoil: Any, words: str, copied: Path, weak_folder: Path) -> None:
    spoil(copied)
    (line,) = lines(check_pair(pair_of(copied, weak_folder)))
    assert words in line


def test_a_strong_model_without_a_template_stops_the_pair_and_a_weak_one_does_not(
    strong_folder: Path, other_folder: Path
) -> None:
    check = check_pair(pair_of(other_folder, strong_folder))
    (line,) = lines(check)
    assert "has no chat template" in line
    assert check.strong.has_template is False
    check = check_pair(pair_of(strong_folder, other_folder))
    assert lines(check) == []
    assert (check.weak.has_template, check.weak.has_system_role) == (False, None)
    check = check_pair(pair_of(strong_folder, other_folder, template="own"))
    assert [problem.side for problem in check.stops] == ["weak"]


def test_different_tokenizers_are_a_fact_and_strange_control_tokens_a_warning(
    strong_folder: Path, weak_folder: Path, other_folder: Path
) -> None:
    assert check_pair(pair_of(strong_folder, weak_folder)).has_same_tokenizer is True
    check = check_pair(pair_of(strong_folder, other_folder))
    assert check.has_same_tokenizer is False
    (line,) = lines(check, "warns")
    assert "reads <|im_end|>, <|im_start|> of the strong model's template as plain text" in line


def save_with(folder: Path, template: str | None, **settings: Any) -> Path:
    tokenizer = byte_level(template)
    return save_model(folder, tiny_model(vocabulary=len(tokenizer), **settings), tokenizer)


def test_a_template_without_a_system_role_is_said_and_losing_criteria_stops(tmp_path: Path, weak_folder: Path) -> None:
    folder = save_with(tmp_path / "drops", DROPS_SYSTEM)
    check = check_pair(pair_of(folder, weak_folder))
    assert check.strong.has_system_role is False
    assert lines(check) == []
    assert any("no system role; criteria are put before the first user turn" in line for line in lines(check, "warns"))
    (line,) = lines(check_pair(pair_of(folder, weak_folder, system_role=True)))
    assert "criteria would be lost" in line
    tokenizer = metaspace(MISTRAL_LIKE)
    refuses = save_model(tmp_path / "refuses", tiny_model(vocabulary=len(tokenizer)), tokenizer)
    (line,) = lines(check_pair(pair_of(refuses, refuses, system_role=True)))
    assert "the chat template refuses turns of system, user" in line


def test_contexts_are_compared_with_each_other_and_with_the_catalogue(tmp_path: Path, weak_folder: Path) -> None:
    short = save_with(tmp_path / "short", CHATML, context=128)
    check = check_pair(pair_of(short, weak_folder))
    assert (check.strong.context, check.weak.context) == (128, 512)
    said = lines(check, "warns")
    assert "strong reads 128 tokens and weak 512; an item longer than 128 is listed as not weighed" in said
    assert any("the catalogue says a context of 512 tokens and the models read 128" in line for line in said)
    undeclared = check_pair(pair_of(short, weak_folder, context=9999, licence=""), is_declared=False)
    assert not any("catalogue" in line for line in lines(undeclared, "warns"))


def test_a_tokenizer_larger_than_its_model_is_a_warning(copied: Path, weak_folder: Path) -> None:
    change_config(copied, vocab_size=400)
    check = check_pair(pair_of(copied, weak_folder))
    assert (check.strong.vocabulary, check.strong.rows) == (420, 400)
    assert any("has 420 tokens and the model knows 400" in line for line in lines(check, "warns"))


def test_the_same_model_twice_is_a_warning(strong_folder: Path) -> None:
    assert any(
        "every reward is 0" in line for line in lines(check_pair(pair_of(strong_folder, strong_folder)), "warns")
    )


def test_more_than_the_memory_stops_and_says_how_much(copied: Path, weak_folder: Path) -> None:
    """A real header over a file full of holes: 4 TB that nobody has."""
    shape = [1_000_000, 1_000_000]
    end = 4 * shape[0] * shape[1]
    header = json.dumps({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
    weights = copied / "model.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(weights, 8 + len(header) + end)
    check = check_pair(pair_of(copied, weak_folder))
    (line,) = lines(check)
    assert "needs 4400.0 GB in float32 and models may take" in line
    assert "GB free); choose a smaller dtype or model" in line
    assert check.fits_both is False
    assert check.strong.needed_bytes == 4_400_000_000_000
    half = check_pair(pair_of(ModelSpec(str(copied), dtype="bfloat16"), weak_folder))
    assert "needs 2200.0 GB in bfloat16" in lines(half)[0]


def test_two_that_fit_only_one_after_the_other_are_told(copied: Path, weak_folder: Path) -> None:
    from scoring.memory import budget_bytes_of

    side = 100_000
    rows = int(budget_bytes_of(("cpu",), "cpu") * 0.6 / 1.1 / 4 / side)
    header = json.dumps({"w": {"dtype": "F32", "shape": [rows, side], "data_offsets": [0, 4 * rows * side]}}).encode()
    weights = copied / "model.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(weights, 8 + len(header) + 4 * rows * side)
    twin = Path(shutil.copytree(copied, copied.with_name("twin"), ignore=lambda *_: ["model.safetensors"]))
    (twin / "model.safetensors").symlink_to(weights)
    check = check_pair(pair_of(copied, twin))
    assert lines(check) == []
    assert check.fits_both is False
    assert any("both do not fit at once; the strong model weighs everything first" in x for x in lines(check, "warns"))


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: apache-2.0\n---\n# A model", "apache-2.0"),
        ("---\nlicense: other\nlicense_name: house-licence\n---\n", "house-licence"),
        ("---\nlicense:\n- mit\n- cc-by-4.0\n---\n", "mit, cc-by-4.0"),
        ("---\nlicense: [\n---\n", None),
        ("---\n- license\n---\n", None),
        ("# no front matter", None),
        ("---\nlicense: {a: 1}\n---\n", None),
    ],
)
def test_the_licence_comes_from_the_card(card: str, licence: str | None, copied: Path, weak_folder: Path) -> None:
    (copied / "README.md").write_text(card)
    check = check_pair(pair_of(copied, weak_folder, licence=""))
    assert check.strong.licence == licence
    silent = [problem.side for problem in check.problems if "no licence" in problem.line]
    assert silent == ["weak"] if licence else ["strong", "weak"]
    assert not any("licence" in line for line in lines(check_pair(pair_of(copied, weak_folder)), "warns"))


def test_findings_that_stop_come_first() -> None:
    check = check_pair(replace(load_catalogue()["demo"], context=100_000, weak=ModelSpec("demo/nobody")))
    assert [problem.severity for problem in check.problems] == ["stops", "warns"]
    assert isinstance(check.problems[0], Finding)


def test_sizes_are_in_the_unit_that_fits() -> None:
    assert [size_text(n) for n in (0, 1, 3_940_000, 29_000_000_000)] == ["0 MB", "0.1 MB", "3.9 MB", "29.0 GB"]
