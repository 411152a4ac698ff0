"""Trains the demo's models on one CPU thread, stage by stage, from nothing to the strong model.

    python -m demo.train [--out build/demo]

    weak -> tuned -> practised -> preferred -> strong        (copies on the way: weak-early, tuned-early)

The budget is counted in steps (budget.py) and everything is seeded. Measuring is in evaluate.py.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from demo.budget import Budget
from demo.corpus import good_samples, preference_pairs, weak_samples
from demo.learning import AfterStep, batches, lm_loss, train_dpo, train_lm
from demo.routing import routing_samples
from demo.tokens import SPECIAL, rendered, train_tokenizer


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


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Writes a Hugging Face folder with bfloat16 safetensors; the model in memory stays float32."""
    rounded = copy.deepcopy(model)
    rounded.bfloat16().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_weak(budget: Budget, out: Path) -> None:
    """Tokenizer and weak model, from nothing."""
    texts = (rendered(s) for s in itertools.islice(weak_samples(budget.seed), budget.tokenizer_samples))
    plain = (_without_markers(text) for text in texts)
    tokenizer = train_tokenizer(plain, budget.vocab, context=budget.context)
    model = new_model(budget, tokenizer)
    print(f"{model.num_parameters():,} parameters")
    stream = batches(weak_samples(budget.seed + 1), tokenizer, budget.batch)
    early = keep_at(budget.weak_early_step, model, tokenizer, folder_of("weak-early", out))
    train_lm(model, stream, budget.weak_steps, budget.weak_rates, answer_only=False, title="weak", after_step=early)
    save(model, tokenizer, folder_of("weak", out))


def make_tuned(budget: Budget, out: Path) -> None:
    """Fine-tuning, from weak to tuned."""
    model, tokenizer = reload(folder_of("weak", out))
    stream = batches(good_samples(budget.seed + 2), tokenizer, budget.batch)
    early = keep_at(budget.tuned_early_step, model, tokenizer, folder_of("tuned-early", out))
    train_lm(model, stream, budget.tuned_steps, budget.tuned_rates, answer_only=True, title="tuned", after_step=early)
    save(model, tokenizer, folder_of("tuned", out))


def make_practised(budget: Budget, out: Path) -> None:
    """More fine-tuning with more made-up names, from tuned to practised."""
    model, tokenizer = reload(folder_of("tuned", out))
    stream = batches(good_samples(budget.seed + 4, "practice"), tokenizer, budget.batch)
    train_lm(model, stream, budget.practice_steps, budget.practice_rates, answer_only=True, title="practised")
    save(model, tokenizer, folder_of("practised", out))


def make_preferred(budget: Budget, out: Path) -> None:
    """DPO, from practised to preferred."""
    model, tokenizer = reload(folder_of("practised", out))
    pairs = preference_pairs(budget.seed + 3, budget.dpo_wrong_style)
    reference = copy.deepcopy(model).eval()
    train_dpo(model, reference, tokenizer, budget, pairs=pairs, steps=budget.dpo_steps, title="preferred")
    save(model, tokenizer, folder_of("preferred", out))


def make_strong(budget: Budget, out: Path) -> None:
    """More of the same DPO with the router's questions beside it, from preferred to strong."""
    model, tokenizer = reload(folder_of("preferred", out))
    reference, _ = reload(folder_of("practised", out))
    pairs = preference_pairs(budget.seed + 5, budget.dpo_wrong_style)
    questions = batches(routing_samples(budget.seed + 7), tokenizer, budget.routed_batch)

    def routing_loss() -> torch.Tensor:
        return budget.routing_weight * lm_loss(model, next(questions), answer_only=True)

    train_dpo(
        model, reference, tokenizer, budget, pairs=pairs, steps=budget.routed_steps, title="strong", beside=routing_loss
    )
    save(model, tokenizer, folder_of("strong", out))


STAGES = {
    "weak": make_weak,
    "tuned": make_tuned,
    "practised": make_practised,
    "preferred": make_preferred,
    "strong": make_strong,
}


LADDER = ("weak-early", "weak", "tuned-early", "tuned", "practised", "preferred", "strong")  # as they are made


def folder_of(name: str, out: Path) -> Path:
    """Where a model lies: the pair itself in `out`, every other one in its folder of checkpoints."""
    return out / name if name in ("weak", "strong") else out / "checkpoints" / name


def keep_at(step: int, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> AfterStep:
    """Writes a copy of the model when so many steps are done."""

    def after(done: int) -> None:
        if done == step:
            save(model, tokenizer, folder)

    return after


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
