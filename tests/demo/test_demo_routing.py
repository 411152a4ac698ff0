"""The router's question is worded as the product words it; the strong model answers it; the checkpoints load."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from demo.comparisons import router_report
from demo.figures import paired, sign_test
from demo.items import FOLDER, holdout_rows, unseen_wording_rows
from demo.names import HELD_BY_SLOT
from demo.routing import DEFINITIONS, routing_question, routing_samples
from demo.scorer import load
from demo.train import LADDER
from scoring.router import THREE_DOMAINS, question
from services.demo import DEMO_MODELS


def test_the_router_s_question_is_the_product_s_own() -> None:
    assert tuple(DEFINITIONS.items()) == THREE_DOMAINS.domains
    for row in (*holdout_rows()[:40], *unseen_wording_rows()[:10]):
        assert routing_question(row["prompt"][-1]["content"]) == question(THREE_DOMAINS, row["prompt"])


def test_held_out_names_do_not_occur_in_the_router_s_training_questions() -> None:
    names = sorted(re.escape(name) for names in HELD_BY_SLOT.values() for name in names)
    pattern = re.compile(r"\b(" + "|".join(names) + r")\b", re.IGNORECASE)
    samples = list(itertools.islice(routing_samples(14), 2000))
    assert {hit for one in samples for hit in pattern.findall(one.prompt)} == set()
    assert {one.response for one in samples} == set(DEFINITIONS)


def test_the_checkpoints_are_the_ladder_and_take_at_most_ten_megabytes() -> None:
    assert tuple(name for name, _ in DEMO_MODELS) == LADDER
    extra = [FOLDER.parent / folder for name, folder in DEMO_MODELS if name not in ("weak", "strong")]
    assert len(extra) <= 5
    assert sum(file.stat().st_size for folder in extra for file in folder.iterdir()) <= 10_000_000


@pytest.mark.parametrize(("name", "folder"), DEMO_MODELS)
def test_a_checkpoint_loads_offline_with_the_pair_s_tokenizer(
    name: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    path = FOLDER.parent / folder
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(path)
    assert model.num_parameters() == 935_040, name
    assert (path / "tokenizer.json").read_bytes() == (FOLDER / "strong" / "tokenizer.json").read_bytes()
    assert tokenizer.chat_template == (FOLDER / "strong" / "chat_template.jinja").read_text(encoding="utf-8")


def test_the_strong_model_names_the_domain_of_requests_it_has_not_seen() -> None:
    found = router_report(*load(FOLDER / "strong"), holdout_rows()[:120])
    assert found["right"]["percent"] >= 95


def test_a_paired_difference_agrees_with_one_worked_by_hand() -> None:
    """5 of 10 items right by the first alone, none by the second alone: 50 points; 2 * (1/2)^5 = 0.0625."""
    found = paired([True] * 9 + [False], [True] * 4 + [False] * 6)
    assert (found.n, found.only_first, found.only_second, found.points) == (10, 5, 0, 50.0)
    assert (found.low, found.high, found.p_value) == (20.0, 80.0, 0.0625)
    assert sign_test(3, 3) == 1.0


def test_paths_of_the_demo_models_are_relative() -> None:
    assert not [folder for _, folder in DEMO_MODELS if Path(folder).is_absolute()]
