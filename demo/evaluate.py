"""Measures the demo pair on the held-out files: a plain forward in float32, summed over the response, nothing else.

    python -m demo.evaluate [--pair demo] [--json FILE]

The end-of-turn token counts. The product's own `tare evaluate demo-holdout` must agree with the figures printed here.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from demo.corpus import Sample
from demo.figures import Choices, choices, flips, share, shares_by, world_report
from demo.items import FOLDER, Row, holdout_rows, unseen_wording_rows, world_rows
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


def world_means(
    weak: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: Sequence[Row]
) -> list[tuple[float, float]]:
    """Mean token log-prob under the weak model of the user message's content and of the answer with its end token.

    The system line is the default of the criteria set `demo`, as in a run on a dataset without domains.
    """
    line = line_for("demo", "")
    samples = [Sample(line, row["prompt"], row["text"]) for row in rows]
    answers = [(ids, start, len(ids)) for ids, start in encode(tokenizer, samples)]
    user = tokenizer.get_vocab()["<|user|>"]
    prompts = [(ids, ids.index(user) + 1, start - 2) for ids, start, _ in answers]
    pairs = zip(span_logprobs(weak, prompts), prompts, span_logprobs(weak, answers), answers, strict=True)
    return [(p / (pe - ps), a / (ae - as_)) for p, (_, ps, pe), a, (_, as_, ae) in pairs]


def report(pair: Path) -> dict[str, Any]:
    """All figures of the model card."""
    strong, tokenizer = load(pair / "strong")
    weak, _ = load(pair / "weak")
    models, rows = (strong, weak), holdout_rows()
    found = weigh(models, tokenizer, rows, criteria="demo")
    styled = [row for row in rows if "gold_by_criteria" in row["metadata"]]
    by_criteria = {name: weigh(models, tokenizer, styled, criteria=name) for name in ("demo-brief", "demo-thorough")}
    unseen = unseen_wording_rows()
    unseen_found = weigh(models, tokenizer, unseen, criteria="demo")
    world = world_rows()
    ways = ("ratio", "ratio_mean", "strong", "weak", "shortest", "longest")
    chance = sum(1 / len(row["responses"]) for row in rows) / len(rows)
    return {
        "holdout": {name: asdict(share(rows, found, name)) for name in ways} | {"chance": round(100 * chance, 1)},
        "by_domain": shares_by(rows, found, "domain"),
        "by_subset": shares_by(rows, found, "subset"),
        "lost_to": lost_to(rows, found),
        "flips": flips(styled, by_criteria["demo-brief"], by_criteria["demo-thorough"]),
        "unseen_wording": shares_by(unseen, unseen_found, "subset"),
        "world": world_report(world, world_means(weak, tokenizer, world), _thresholds(pair)),
    }  # fmt: skip


def lost_to(rows: Sequence[Row], found: Sequence[Choices]) -> dict[str, int]:
    """How often each kind of candidate beat the right one."""
    counts: dict[str, int] = {}
    for row, chosen in zip(rows, found, strict=True):
        kind = row["responses"][chosen.ratio]["model"]
        counts[kind] = counts.get(kind, 0) + (kind != "right")
    return {kind: n for kind, n in sorted(counts.items(), key=lambda pair: -pair[1]) if n}


def _thresholds(pair: Path) -> tuple[float, float]:
    file = pair / "world.toml"
    rule = tomllib.loads((file if file.exists() else FOLDER / "world.toml").read_text())
    return float(rule["prompt_min"]), float(rule["response_min"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", type=Path, default=FOLDER)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    text = json.dumps(report(arguments.pair), indent=1)
    if arguments.json:
        arguments.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
