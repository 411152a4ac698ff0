"""The faster library's products and the attention made of them: the same numbers, taken only where they are faster."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from architectures import ARCHITECTURES, CONTEXT, forest, model_of, naive

from scoring.engine import joint_attention, products
from scoring.engine.engines import make_engine

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which oneDNN is found to be faster, and sequences of any length worth it, in small blocks."""
    for module in (products, joint_attention):
        monkeypatch.setattr(module, "has_faster_onednn", lambda: True)
    monkeypatch.setattr(joint_attention, "WORTHWHILE_SCORES", 0)
    monkeypatch.setattr(joint_attention, "BLOCK_SCORES", 1500)
    monkeypatch.setattr(joint_attention, "BLOCK_ROWS", 33)


@pytest.mark.usefixtures("onednn")
@pytest.mark.parametrize("budget", [32, 64, None])
@pytest.mark.parametrize("name", [name for name, (_, engine) in ARCHITECTURES.items() if engine == "shared"])
def test_the_engine_equals_the_plain_loop_with_the_other_library(name: str, budget: int | None) -> None:
    model = copy.deepcopy(model_of(name))
    products.quicken(model)
    engine = make_engine(model, fingerprint=name, context_limit=CONTEXT, token_budget=budget)
    assert engine.name == "shared"
    for got, expected in zip(engine.logprobs(forest()), naive(model_of(name), forest()), strict=True):
        assert got.values == pytest.approx(expected, abs=1e-4)


@pytest.mark.usefixtures("onednn")
def test_long_sequences_go_the_joint_way(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    whole = joint_attention.attend_jointly

    def counted(*args: object, **named: object) -> torch.Tensor:
        calls.append(1)
        return whole(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("scoring.engine.shared_attention.attend_jointly", counted)
    engine = make_engine(model_of("llama"), fingerprint="x", context_limit=CONTEXT)
    calls.clear()
    engine.logprobs(forest())
    assert len(calls) == model_of("llama").config.num_hidden_layers
    monkeypatch.setattr(joint_attention, "WORTHWHILE_SCORES", 10**9)
    engine.logprobs(forest())
    assert len(calls) == model_of("llama").config.num_hidden_layers


@pytest.mark.usefixtures("onednn")
@pytest.mark.parametrize("shape", [(3, 8), (2, 5, 8), (1, 1, 8), (0, 8)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_a_product_is_torch_s_own_whatever_its_shape(shape: tuple[int, ...], has_bias: bool) -> None:
    torch.manual_seed(0)
    rows, weight = torch.randn(shape), torch.randn(6, 8)
    bias = torch.randn(6) if has_bias else None
    with torch.inference_mode():
        expected = torch.nn.functional.linear(rows, weight, bias)
        assert torch.allclose(products.linear(rows, weight, bias), expected, atol=1e-5)
        across = rows.transpose(0, -2) if len(shape) > 2 else rows
        assert torch.allclose(products.linear(across, weight, bias), torch.nn.functional.linear(across, weight, bias))


def test_other_dtypes_and_subclasses_are_left_to_torch() -> None:
    class Special(torch.nn.Linear):
        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return super().forward(rows) + 1

    model = torch.nn.Sequential(torch.nn.Linear(4, 4), Special(4, 4)).eval().requires_grad_(False)
    rows = torch.randn(2, 4)
    before = model(rows)
    products.quicken(model)
    assert torch.allclose(model(rows), before, atol=1e-6)
    half = torch.randn(2, 4).bfloat16()
    weight = torch.randn(3, 4).bfloat16()
    assert torch.equal(products.linear(half, weight), torch.nn.functional.linear(half, weight))


def test_the_measurement_says_yes_or_no_and_always_the_same_in_a_process() -> None:
    assert products.has_faster_onednn() is products.has_faster_onednn()


def test_memory_does_not_grow_with_the_number_of_shapes() -> None:
    code = """
import resource, torch
from scoring.engine.products import _onednn, has_faster_onednn
has_faster_onednn()
rows, weight = torch.zeros(1200, 512), torch.zeros(512, 512)
peaks = []
for first in (1000, 1100):
    for n in range(first, first + 100):
        _onednn(rows[:n], weight, None)
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[1] - peaks[0])
"""
    environment = {name: value for name, value in os.environ.items() if name not in products.CACHES}
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    grown_bytes = int(said.stdout) * (1 if sys.platform == "darwin" else 1024)
    assert grown_bytes < 100 * 1000 * 512 * 4 / 4, "a quarter of what the second hundred would keep"
