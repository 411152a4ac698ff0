"""The last layer computes only the rows that are asked for, and nobody can tell by the numbers."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from architectures import CONTEXT, model_of, naive, request, words
from torch import Tensor, nn

from scoring.engine import joint_attention
from scoring.engine.last_layer import thin_out
from scoring.engine.shared import SharedEngine
from scoring.protocol import LogprobRequest

PROMPT = 60


def engine_of(name: str, budget: int = 4096) -> SharedEngine:
    return SharedEngine(model_of(name), fingerprint=name, context_limit=CONTEXT, token_budget=budget)


def best_of(n: int) -> list[LogprobRequest]:
    """n responses of 5 tokens to one prompt."""
    prompt = words(1, PROMPT)
    return [request([*prompt, *words(2 + number, 5)], PROMPT) for number in range(n)]


@pytest.mark.parametrize("budget", [4096, 64])
def test_of_a_prompt_the_last_layer_computes_its_end_alone(budget: int) -> None:
    model = model_of.__wrapped__("llama")  # a fresh one, not yet thinned out
    counts: Counter[int] = Counter()

    def counting(number: int, usual: Any, rows: Tensor) -> Tensor:
        counts[number] += rows.shape[-2]
        found: Tensor = usual(rows)
        return found

    for number, layer in enumerate(model.model.layers):
        layer.mlp.down_proj.forward = partial(counting, number, layer.mlp.down_proj.forward)
    engine = SharedEngine(model, fingerprint="llama", context_limit=CONTEXT, token_budget=budget)
    engine.logprobs(best_of(4))
    assert counts[0] == PROMPT + 4 * 4  # a response's last token predicts nothing and is not computed at all
    assert counts[len(model.model.layers) - 1] == 1 + 4 * 4


@pytest.mark.parametrize("name", ["llama", "mistral", "gemma2", "gpt-neox", "mixtral", "gpt2", "opt"])
@pytest.mark.parametrize("is_joint", [True, False])
@pytest.mark.parametrize("budget", [4096, 64, 24])
def test_what_is_left_out_changes_no_number(
    name: str, is_joint: bool, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joint_attention, "has_faster_onednn", lambda: is_joint)
    monkeypatch.setattr(joint_attention, "WORTHWHILE_SCORES", 0)
    monkeypatch.setattr(joint_attention, "BLOCK_ROWS", 32)
    requests = best_of(5)
    found = engine_of(name, budget).logprobs(requests)
    for got, expected in zip(found, naive(model_of(name), requests), strict=True):
        assert got.values == pytest.approx(expected, abs=1e-4)


def test_a_model_whose_layers_attend_twice_is_left_whole() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = model_of("llama").config
            self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(self.config.num_hidden_layers)])
            for layer in (*self.layers, self.layers[0]):
                extra = nn.Identity()
                extra.layer_idx, extra.is_causal = 0, True  # type: ignore[assignment]
                layer.add_module(f"attention {id(extra)}", extra)

    assert thin_out(Twice()) == -1
