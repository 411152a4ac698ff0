"""Small real models and tokenizers, made once per session and loaded by the code under test."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported; no test may need the hub
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch
from hypothesis import HealthCheck, settings
from scoring_builders import byte_level, metaspace, save_model, tiny_model

from scoring.pairs import ModelSpec

settings.register_profile(
    "tare", deadline=None, max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tare")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["TARE_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def strong_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with a byte-level tokenizer and a ChatML template."""
    tokenizer = byte_level()
    return save_model(tmp_path_factory.mktemp("strong"), tiny_model(vocabulary=len(tokenizer)), tokenizer)


@pytest.fixture(scope="session")
def weak_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other weights, the same tokenizer."""
    tokenizer = byte_level()
    return save_model(tmp_path_factory.mktemp("weak"), tiny_model(vocabulary=len(tokenizer), seed=1), tokenizer)


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Mistral with a sentencepiece-like tokenizer and no chat template: a base model that splits text otherwise."""
    tokenizer = metaspace(None)
    model = tiny_model("mistral-sliding", vocabulary=len(tokenizer), seed=2)
    return save_model(tmp_path_factory.mktemp("other"), model, tokenizer)


@pytest.fixture(scope="session")
def spec_of() -> Callable[[Path], ModelSpec]:
    return lambda folder: ModelSpec(str(folder))
