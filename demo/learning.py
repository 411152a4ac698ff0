"""Losses, optimisers and loops of the demo's training: language modelling and DPO. The stages are in train.py."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch.nn.functional import cross_entropy, logsigmoid
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from demo.budget import Budget
from demo.corpus import Pair, Sample
from demo.tokens import encode, pad

Rows = list[tuple[list[int], int]]
T = TypeVar("T")
AfterStep = Callable[[int], None]


def by_length(
    draw: Callable[[int], list[T]], length: Callable[[T], int], batch: int, *, pool: int = 32
) -> Iterator[list[T]]:
    """Batches of similar length: `pool` batches are drawn, sorted by length, and given in a shuffled (seeded) order."""
    order = torch.Generator().manual_seed(0)
    while True:
        rows = sorted(draw(batch * pool), key=length)
        for index in torch.randperm(pool, generator=order).tolist():
            yield rows[index * batch : (index + 1) * batch]


def batches(samples: Iterator[Sample], tokenizer: PreTrainedTokenizerFast, batch: int) -> Iterator[Rows]:
    """Encoded samples, batch by batch."""
    return by_length(lambda n: encode(tokenizer, list(itertools.islice(samples, n))), lambda row: len(row[0]), batch)


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
    after_step: AfterStep | None = None,
) -> None:
    """A number of steps with clipping at (rate, matrix rate); prints the mean loss now and then.

    `after_step` is called with the number of steps done.
    """
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
        if after_step is not None:
            after_step(step + 1)
    model.eval()


def train_lm(
    model: LlamaForCausalLM,
    stream: Iterator[Rows],
    steps: int,
    rates: tuple[float, float],
    *,
    answer_only: bool,
    title: str,
    after_step: AfterStep | None = None,
) -> None:
    """Plain language modelling on a stream of batches."""

    def loss() -> torch.Tensor:
        return lm_loss(model, next(stream), answer_only=answer_only)

    optimise(model, steps, rates, loss, title=title, after_step=after_step)


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


def train_dpo(
    model: LlamaForCausalLM,
    reference: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    budget: Budget,
    *,
    pairs: Iterator[Pair],
    steps: int,
    title: str,
    beside: Callable[[], torch.Tensor] | None = None,
) -> None:
    """DPO on a stream of pairs; `beside` gives another loss to add at each step."""

    def loss() -> torch.Tensor:
        drawn = list(itertools.islice(pairs, budget.dpo_batch))
        sides = encode(tokenizer, [p.chosen for p in drawn]), encode(tokenizer, [p.rejected for p in drawn])
        found = dpo_loss(model, reference, sides, budget)
        return found if beside is None else found + beside()

    optimise(model, steps, budget.dpo_rates, loss, title=title)
