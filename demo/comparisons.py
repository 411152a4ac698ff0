"""Compares: criteria with none, the router's domains with the true ones, and all checkpoints with each other.

Used by evaluate.py, where the figures proper to the pair are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from demo.corpus import Sample
from demo.figures import paired, rights, share, top, wilson
from demo.items import Row
from demo.routing import DEFINITIONS, routing_question
from demo.scorer import candidate_logprobs, chosen, load, span_logprobs, under, weigh
from demo.tokens import encode
from demo.train import LADDER, folder_of

Pair = tuple[LlamaForCausalLM, LlamaForCausalLM]  # strong, weak
Logprobs = list[list[tuple[float, int]]]


def criteria_report(models: Pair, tokenizer: PreTrainedTokenizerFast, rows: Sequence[Row]) -> dict[str, Any]:
    """The set `demo` against no criteria, read by both models or by the strong one alone."""
    found = {
        "demo": weigh(models, tokenizer, rows, criteria="demo"),
        "demo, strong alone reads": weigh(models, tokenizer, rows, criteria="demo", read_by="strong"),
        "none": weigh(models, tokenizer, rows, criteria="none"),
    }
    report: dict[str, Any] = {name: asdict(share(rows, choices, "ratio")) for name, choices in found.items()}
    right = {name: rights(rows, choices) for name, choices in found.items()}
    report["demo over none"] = asdict(paired(right["demo"], right["none"]))
    report["both read over strong alone reads"] = asdict(paired(right["demo"], right["demo, strong alone reads"]))
    return report


def router_report(strong: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: Sequence[Row]) -> dict[str, Any]:
    """The zero-shot router: share right, counts by true and found domain, and how sure it is."""
    names = tuple(DEFINITIONS)
    samples = [Sample("", routing_question(row["prompt"][-1]["content"]), name) for row in rows for name in names]
    values = span_logprobs(strong, [(ids, start, len(ids)) for ids, start in encode(tokenizer, samples)])
    counts = {true: dict.fromkeys(names, 0) for true in names}
    sure: list[float] = []
    for index, row in enumerate(rows):
        part = values[index * len(names) : (index + 1) * len(names)]
        best = top(part)
        counts[row["domain"]][names[best]] += 1
        sure.append(1 / sum(math.exp(value - part[best]) for value in part))
    right = wilson(sum(counts[name][name] for name in names), len(rows))
    below = {str(limit): sum(value < limit for value in sure) for limit in (0.5, 0.9)}
    return {"right": asdict(right), "counts": counts, "least sure": round(min(sure), 3), "below": below}


def checkpoints_report(pair: Path, rows: Sequence[Row]) -> dict[str, Any]:
    """Every model alone and every ordered pair of them under the set `demo`: items right, and gap against accuracy."""
    found: dict[str, Logprobs] = {}
    for name in LADDER:
        model, tokenizer = load(folder_of(name, pair))
        found[name] = candidate_logprobs(model, tokenizer, rows, under("demo"))
    alone = {name: sum(rights(rows, chosen(rows, one, one), "strong")) for name, one in found.items()}
    right = {
        strong: {weak: sum(rights(rows, chosen(rows, found[strong], found[weak]))) for weak in LADDER if weak != strong}
        for strong in LADDER
    }
    gaps = [
        (alone[strong] - alone[weak], n) for strong, row in right.items() for weak, n in row.items() if strong != weak
    ]
    return {
        "n": len(rows), "alone": alone, "right": right,
        "all ordered pairs": _correlations(gaps),
        "strong over weak": _correlations([pair for pair in gaps if pair[0] > 0]),
    }  # fmt: skip


def _correlations(points: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Pearson and Spearman (ties share their mean rank) of gap and accuracy."""
    gap, accuracy = np.array(points, dtype=float).T
    ranks = [np.array([((v > s).sum() + (v >= s).sum() + 1) / 2 for s in v]) for v in (-gap, -accuracy)]
    pearson, spearman = np.corrcoef(gap, accuracy)[0, 1], np.corrcoef(ranks[0], ranks[1])[0, 1]
    return {"n": len(points), "pearson": round(float(pearson), 3), "spearman": round(float(spearman), 3)}
