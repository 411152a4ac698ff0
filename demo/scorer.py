"""Log-probs of the demo's items with plain transformers: one padded forward in float32, summed over the response.

The product has its own engine (scoring/); this one exists so that its figures have something to agree with.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from demo.corpus import Sample
from demo.figures import Choices, choices
from demo.items import FOLDER, Row
from demo.tokens import encode, pad
from demo.train import pad_id, token_losses

CRITERIA = {row["name"]: row for row in tomllib.loads((FOLDER / "criteria.toml").read_text())["criteria"]}


def load(folder: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """A model in float32 and its tokenizer, as any Hugging Face folder is loaded."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    return model.eval(), tokenizer


def line_for(criteria: str, domain: str) -> str:
    """The system line that a criteria set gives a domain."""
    found = CRITERIA[criteria]
    return str(found.get("domains", {}).get(domain, found["default"]))


def span_logprobs(
    model: LlamaForCausalLM, rows: Sequence[tuple[list[int], int, int]], *, batch: int = 64
) -> list[float]:
    """Sum of the log-probs of ids[start:end] for each (ids, start, end); longest rows first."""
    found = [0.0] * len(rows)
    order = sorted(range(len(rows)), key=lambda index: -len(rows[index][0]))
    for at in range(0, len(order), batch):
        chosen = order[at : at + batch]
        ids, _ = pad([(rows[i][0], 0) for i in chosen], pad_id=pad_id(model))
        wanted = torch.zeros_like(ids, dtype=torch.bool)
        for row, index in enumerate(chosen):
            wanted[row, rows[index][1] : rows[index][2]] = True
        with torch.no_grad():
            losses = token_losses(model, ids, wanted)
        owner = wanted[:, 1:].nonzero()[:, 0]
        for index, value in zip(chosen, torch.zeros(len(chosen)).index_add(0, owner, -losses).tolist(), strict=True):
            found[index] = value
    return found


def weigh(
    models: Sequence[LlamaForCausalLM], tokenizer: PreTrainedTokenizerFast, rows: Sequence[Row], *, criteria: str
) -> list[Choices]:
    """What each way of ranking chooses in every item, from both models (strong, weak) under a criteria set."""
    samples, lengths = [], []
    for row in rows:
        line, prompt = line_for(criteria, row["domain"]), row["prompt"][-1]["content"]
        samples += [Sample(line, prompt, response["text"]) for response in row["responses"]]
        lengths.append(len(row["responses"]))
    spans = [(ids, start, len(ids)) for ids, start in encode(tokenizer, samples)]
    strong, weak = (span_logprobs(model, spans) for model in models)
    tokens, found, at = [end - start for _, start, end in spans], [], 0
    for n in lengths:
        cut = slice(at, at + n)
        found.append(choices(strong[cut], weak[cut], tokens[cut], [len(s.response) for s in samples[cut]]))
        at += n
    return found


def item_means(
    weak: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: Sequence[Row]
) -> list[tuple[float, float]]:
    """Per item the mean token log-prob of the user message's content, and of all candidates' tokens pooled."""
    user, samples, owner = tokenizer.get_vocab()["<|user|>"], [], []
    for index, row in enumerate(rows):
        line, prompt = line_for("demo", row["domain"]), row["prompt"][-1]["content"]
        samples += [Sample(line, prompt, response["text"]) for response in row["responses"]]
        owner += [index] * len(row["responses"])
    encoded = encode(tokenizer, samples)
    first = [encoded[owner.index(index)] for index in range(len(rows))]
    prompts = [(ids, ids.index(user) + 1, start - 2) for ids, start in first]
    prompt_means = [
        total / (end - start) for total, (_, start, end) in zip(span_logprobs(weak, prompts), prompts, strict=True)
    ]
    totals, tokens = [0.0] * len(rows), [0] * len(rows)
    spans = [(ids, start, len(ids)) for ids, start in encoded]
    for index, total, (_, start, end) in zip(owner, span_logprobs(weak, spans), spans, strict=True):
        totals[index] += total
        tokens[index] += end - start
    return list(zip(prompt_means, [total / n for total, n in zip(totals, tokens, strict=True)], strict=True))
