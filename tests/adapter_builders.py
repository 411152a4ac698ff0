"""Adapters for tests: made by peft over a model's folder, with random weights large enough to move whole nats."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from scoring.engine.plain import PlainEngine
from scoring.protocol import LogprobEngine, LogprobRequest

REQUESTS = [
    LogprobRequest(tuple((7 * i + 3 * k) % 400 for i in range(20 + k)), (False,) * 8 + (True,) * (12 + k))
    for k in range(4)
]
LINEAR = ["q_proj", "v_proj", "down_proj"]


@contextmanager
def quiet() -> Iterator[None]:
    """peft warns about what these adapters do on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def load_plain(folder: Path) -> Any:
    """A second copy of the model, loaded by transformers alone."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def save_adapter(folder: Path, base: Path, *, seed: int = 0, scale: float = 0.2, **settings: Any) -> Path:
    """Train nothing: set every weight of a new adapter to noise and save it as a trainer would."""
    torch.manual_seed(seed)
    config = LoraConfig(**{"r": 4, "lora_alpha": 8, "target_modules": LINEAR, "task_type": "CAUSAL_LM"} | settings)
    with quiet():
        model = get_peft_model(load_plain(base), config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                weight.add_(scale * torch.randn_like(weight)) if "magnitude" not in name else weight.mul_(1.3)
    with quiet():
        model.save_pretrained(folder)
    return folder


def merged(base: Path, adapter: Path) -> Any:
    """What peft itself makes of base and adapter: one model, the adapter merged into its weights."""
    return unmerged(base, adapter).merge_and_unload().eval()


def unmerged(base: Path, adapter: Path) -> PeftModel:
    """Both as peft itself holds them."""
    with quiet():
        return PeftModel.from_pretrained(load_plain(base), str(adapter)).eval()


def values(engine: LogprobEngine) -> list[float]:
    return [value for found in engine.logprobs(REQUESTS) for value in found.values]


def far(one: list[float], other: list[float]) -> float:
    """The largest difference of a token, nats."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def plain(model: Any) -> list[float]:
    return values(PlainEngine(model, fingerprint="", context_limit=512))
