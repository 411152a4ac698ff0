"""Sizes, steps, rates and seeds of the demo's training. The training itself is in train.py and what that calls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Sizes and steps. Defaults make the committed models; tests use a tiny one."""

    hidden: int = 128
    layers: int = 4
    heads: int = 4
    feed_forward: int = 352
    vocab: int = 1024
    context: int = 4096
    batch: int = 32
    tokenizer_samples: int = 20_000
    weak_steps: int = 2400
    weak_early_step: int = 250  # after which a copy is kept
    tuned_steps: int = 1000
    tuned_early_step: int = 200
    practice_steps: int = 1200
    dpo_steps: int = 700
    dpo_batch: int = 12
    routed_steps: int = 400
    routed_batch: int = 4  # router's questions beside each batch of pairs
    weak_rates: tuple[float, float] = (6e-3, 0.02)  # embeddings and norms (AdamW), matrices (Muon)
    tuned_rates: tuple[float, float] = (2e-3, 0.006)
    practice_rates: tuple[float, float] = (1.5e-3, 0.005)
    dpo_rates: tuple[float, float] = (3e-4, 0.0)  # AdamW alone
    dpo_beta: float = 0.1
    dpo_wrong_style: float = 0.35  # share of pairs that differ in style only
    sft_in_dpo: float = 0.2
    routing_weight: float = 0.2
    seed: int = 7
