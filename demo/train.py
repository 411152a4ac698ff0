"""Trains the demo pair on two CPU cores: tokenizer, weak model, strong model (fine-tuning, then a short DPO).

    python -m demo.train [--out build/demo]

The budget is counted in steps and everything is seeded. Measuring is in evaluate.py.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy, logsigmoid
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from demo.corpus import Pair, Sample, good_samples, preference_pairs, weak_samples
from demo.tokens import SPECIAL, encode, pad, rendered, train_tokenizer

Rows = list[tuple[list[int], int]]


@dataclass(frozen=True, slots=True)
class Budget:
    """Sizes and steps. Defaults make the committed pair; tests use a tiny one."""

    hidden: int = 128
    layers: int = 4
    heads: int = 4
    feed_forward: int = 352
    vocab: int = 1024
    context: int = 4096
    batch: int = 32
    tokenizer_samples: int = 20_000
    weak_steps: int = 2400
    tuned_steps: int = 1000
    practice_steps: int = 1200
    dpo_steps: int = 700
    dpo_batch: int = 12
    weak_rates: tuple[float, float] = (6e-3, 0.02)  # embeddings and norms (AdamW), matrices (Muon)
    tuned_rates: tuple[float, float] = (2e-3, 0.006)
    practice_rates: tuple[float, float] = (1.5e-3, 0.005)
    dpo_rates: tuple[float, float] = (3e-4, 0.0)  # AdamW alone
    dpo_beta: float = 0.1
    dpo_wrong_style: float = 0.35  # share of pairs that differ in style only
    sft_in_dpo: float = 0.2
    seed: int = 7


def new_model(budget: Budget, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A fresh Llama of the budget's size, in float32."""
    torch.manual_seed(budget.seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=budget.hidden, num_hidden_layers=budget.layers,
        num_attention_heads=budget.heads, intermediate_size=budget.feed_forward, tie_word_embeddings=True,
        max_position_embeddings=budget.context, initializer_range=0.04, pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def batches(
    samples: Iterator[Sample], tokenizer: PreTrainedTokenizerFast, batch: int, *, pool: int = 32
) -> Iterator[Rows]:
    """Batches of similar length: `pool` batches are drawn, sorted by length, and given in a shuffled (seeded) order."""
    order = torch.Generator().manual_seed(0)
    while True:
        rows = sorted(encode(tokenizer, list(itertools.islice(samples, batch * pool))), key=lambda row: len(row[0]))
        for index in torch.randperm(pool, generator=order).tolist():
            yield rows[index * batch : (index + 1) * batch]


def pad_id(model: LlamaForCausalLM) -> int:
    """The padding token of a model of this pair."""
    return int(model.config.pad_token_id or 0)


def token_losses(model: LlamaForCausalLM, ids: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Negative log-probs (N,) of the tokens at `wanted` (B, T) bool; the head runs on those rows only."""
    states = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]  # (B, T - 1, H)
    chosen = wanted[:, 1:]
    return cross_entropy(model.lm_head(states[chosen]), ids[:, 1:][chosen], reduction="none")


def lm_loss(model: LlamaForCausalLM, rows: Rows, *, answer_only: bool) -> torch.Tensor:
    """Mean loss per token, over the answers or over everything."""
    ids, is_response = pad(rows, pad_id=pad_id(model))
    wanted = is_response if answer_only else ids.ne(pad_id(model))
    return token_losses(model, ids, wanted).mean()


def response_logprobs(model: LlamaForCausalLM, rows: Rows) -> torch.Tensor:
    """Sum of response log-probs of each row (B,)."""
    ids, is_response = pad(rows, pad_id=pad_id(model))
    losses = token_losses(model, ids, is_response)
    owner = is_response[:, 1:].nonzero()[:, 0]
    return torch.zeros(len(rows)).index_add(0, owner, -losses)


def rate_at(step: int, steps: int) -> float:
    """Warm-up over 3 %, flat, linear decay over the last 40 %."""
    return min(1.0, (step + 1) / max(1, 0.03 * steps), max(0.02, (steps - step) / (0.4 * steps)))


def optimisers(model: LlamaForCausalLM, rate: float, matrix_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, AdamW for embeddings and norms; AdamW alone when `matrix_rate` is 0."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if matrix_rate and p.ndim == 2 and ".layers." in name]
    chosen = {id(p) for p in matrices}
    rest = [p for _, p in named if id(p) not in chosen]
    found: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    ]
    return [*found, torch.optim.Muon(matrices, lr=matrix_rate, weight_decay=0.01)] if matrices else found


def optimise(
    model: LlamaForCausalLM,
    steps: int,
    rates: tuple[float, float],
    loss_of_step: Callable[[], torch.Tensor],
    *,
    title: str,
) -> None:
    """A number of steps with clipping at (rate, matrix rate); prints the mean loss now and then."""
    optimising = optimisers(model, *rates)
    schedules = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: rate_at(step, steps)) for one in optimising]
    model.train()
    recent: list[float] = []
    started = time.monotonic()
    for step in range(steps):
        loss = loss_of_step()
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for one, schedule in zip(optimising, schedules, strict=True):
            one.step()
            schedule.step()
        recent.append(loss.item())
        if (step + 1) % 100 == 0 or step + 1 == steps:
            mean, elapsed_s = sum(recent) / len(recent), time.monotonic() - started
            print(f"{title} {step + 1}/{steps} loss {mean:.4f} {elapsed_s:.0f} s", flush=True)
            recent = []
    model.eval()


def train_lm(
    model: LlamaForCausalLM,
    stream: Iterator[Rows],
    steps: int,
    rates: tuple[float, float],
    *,
    answer_only: bool,
    title: str,
) -> None:
    """Plain language modelling on a stream of batches."""
    optimise(model, steps, rates, lambda: lm_loss(model, next(stream), answer_only=answer_only), title=title)


def dpo_loss(
    model: LlamaForCausalLM, reference: LlamaForCausalLM, pairs: tuple[Rows, Rows], budget: Budget
) -> torch.Tensor:
    """DPO (Rafailov et al. 2023) against the fine-tuned model, plus a little fine-tuning loss on the chosen answers."""
    both = pairs[0] + pairs[1]
    logprobs = response_logprobs(model, both)
    with torch.no_grad():
        known = response_logprobs(reference, both)
    gain = logprobs - known
    n = len(pairs[0])
    tokens = sum(len(ids) - start for ids, start in pairs[0])
    preference = -logsigmoid(budget.dpo_beta * (gain[:n] - gain[n:])).mean()
    return preference - budget.sft_in_dpo * logprobs[:n].sum() / tokens


def train_dpo(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, budget: Budget) -> None:
    """A short DPO with the model's present state as reference."""
    reference, pairs = copy.deepcopy(model).eval(), preference_pairs(budget.seed + 3, budget.dpo_wrong_style)

    def loss() -> torch.Tensor:
        drawn: list[Pair] = list(itertools.islice(pairs, budget.dpo_batch))
        sides = encode(tokenizer, [p.chosen for p in drawn]), encode(tokenizer, [p.rejected for p in drawn])
        return dpo_loss(model, reference, sides, budget)

    optimise(model, budget.dpo_steps, budget.dpo_rates, loss, title="dpo")


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Writes a Hugging Face folder with bfloat16 safetensors; the model in memory stays float32."""
    rounded = copy.deepcopy(model)
    rounded.bfloat16().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_weak(budget: Budget, out: Path) -> None:
    """Tokenizer and weak model, from nothing to `out`/weak."""
    texts = (rendered(s) for s in itertools.islice(weak_samples(budget.seed), budget.tokenizer_samples))
    plain = (_without_markers(text) for text in texts)
    tokenizer = train_tokenizer(plain, budget.vocab, context=budget.context)
    model = new_model(budget, tokenizer)
    print(f"{model.num_parameters():,} parameters")
    stream = batches(weak_samples(budget.seed + 1), tokenizer, budget.batch)
    train_lm(model, stream, budget.weak_steps, budget.weak_rates, answer_only=False, title="weak")
    save(model, tokenizer, out / "weak")


def make_tuned(budget: Budget, out: Path) -> None:
    """Fine-tuning, from `out`/weak to `out`/tuned."""
    model, tokenizer = reload(out / "weak")
    stream = batches(good_samples(budget.seed + 2), tokenizer, budget.batch)
    train_lm(model, stream, budget.tuned_steps, budget.tuned_rates, answer_only=True, title="tuned")
    save(model, tokenizer, out / "tuned")


def make_practised(budget: Budget, out: Path) -> None:
    """More fine-tuning with more made-up names, from `out`/tuned to `out`/practised."""
    model, tokenizer = reload(out / "tuned")
    stream = batches(good_samples(budget.seed + 4, "practice"), tokenizer, budget.batch)
    train_lm(model, stream, budget.practice_steps, budget.practice_rates, answer_only=True, title="practised")
    save(model, tokenizer, out / "practised")


def make_strong(budget: Budget, out: Path) -> None:
    """DPO, from `out`/practised to `out`/strong."""
    model, tokenizer = reload(out / "practised")
    train_dpo(model, tokenizer, budget)
    save(model, tokenizer, out / "strong")


STAGES = {"weak": make_weak, "tuned": make_tuned, "practised": make_practised, "strong": make_strong}


def train_pair(budget: Budget, out: Path, *, first: str = "weak") -> None:
    """All stages from `first` on; each starts from what the one before it has written."""
    for name in list(STAGES)[list(STAGES).index(first) :]:
        STAGES[name](budget, out)


def reload(folder: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """A saved model in float32, and its tokenizer."""
    model: Any = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    return model, tokenizer


def _without_markers(text: str) -> str:
    for marker in SPECIAL:
        text = text.replace(marker, "\n")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/demo"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--first", choices=tuple(STAGES), default="weak", help="go on from the stage before this one")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    started = time.monotonic()
    train_pair(Budget(), arguments.out, first=arguments.first)
    print(f"trained in {time.monotonic() - started:.0f} s with {arguments.threads} threads")


if __name__ == "__main__":
    main()
