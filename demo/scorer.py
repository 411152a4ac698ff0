"""Log-probs of the demo's items with plain transformers: one padded forward in float32, summed over the response.

The product has its own engine (scoring/); this one exists so that its figures have something to agree with.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from demo.corpus import Sample
from demo.figures import Choices, choices
from demo.items import FOLDER, Row
from demo.learning import pad_id, token_losses
from demo.tokens import encode, pad

CRITERIA = {row["name"]: row for row in tomllib.loads((FOLDER / "criteria.toml").read_text())["criteria"]}


def load(folder: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """A model in float32 and its tokenizer, as any Hugging Face folder is loaded."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    return model.eval(), tokenizer


def line_for(criteria: str, domain: str) -> str:
    """The system line that a criteria set gives a domain; "" under `none`."""
    if criteria == "none":
        return ""
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


Ask = Callable[[Row], Sample]  # what a model is shown for an item; the response in it is left out


def under(criteria: str) -> Ask:
    """An item under a criteria set's line."""
    return lambda row: Sample(line_for(criteria, row["domain"]), row["prompt"][-1]["content"], "")


def candidate_logprobs(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: Sequence[Row], ask: Ask
) -> list[list[tuple[float, int]]]:
    """Log-prob and token count of every candidate of every item."""
    samples = [replace(ask(row), response=response["text"]) for row in rows for response in row["responses"]]
    spans = [(ids, start, len(ids)) for ids, start in encode(tokenizer, samples)]
    found = zip(span_logprobs(model, spans), [end - start for _, start, end in spans], strict=True)
    return [list(itertools.islice(found, len(row["responses"]))) for row in rows]


def chosen(
    rows: Sequence[Row], strong: Sequence[Sequence[tuple[float, int]]], weak: Sequence[Sequence[tuple[float, int]]]
) -> list[Choices]:
    """What each way of ranking chooses in every item."""
    found = []
    for row, s, w in zip(rows, strong, weak, strict=True):
        lengths = [len(response["text"]) for response in row["responses"]]
        found.append(choices([value for value, _ in s], [value for value, _ in w], [n for _, n in s], lengths))
    return found


def weigh(
    models: Sequence[LlamaForCausalLM],
    tokenizer: PreTrainedTokenizerFast,
    rows: Sequence[Row],
    *,
    criteria: str,
    read_by: str = "both",
) -> list[Choices]:
    """What each way of ranking chooses, by both models (strong, weak) under a criteria set or the strong one alone."""
    strong, weak = models
    weak_ask = under(criteria if read_by == "both" else "none")
    return chosen(
        rows,
        candidate_logprobs(strong, tokenizer, rows, under(criteria)),
        candidate_logprobs(weak, tokenizer, rows, weak_ask),
    )


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
