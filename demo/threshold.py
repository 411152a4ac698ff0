"""Chooses the thresholds under which an item counts as out of the pair's world, and writes them to world.toml.

    python -m demo.threshold [--pair demo]

Uses in-world text alone, from a draw of its own; evaluate.py measures the errors on other draws and texts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from demo.corpus import Sample
from demo.evaluate import line_for, load, span_logprobs
from demo.items import FOLDER, Row, holdout_rows
from demo.tokens import encode

CALIBRATION_SEED = 451  # another draw than the held-out file's
SAFETY = 0.3  # nats below the least likely in-world item


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


def choose(means: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A little below the least likely in-world item, for prompts and for responses."""
    return round(min(p for p, _ in means) - SAFETY, 1), round(min(r for _, r in means) - SAFETY, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", type=Path, default=FOLDER)
    pair = parser.parse_args().pair
    weak, tokenizer = load(pair / "weak")
    means = item_means(weak, tokenizer, holdout_rows(CALIBRATION_SEED))
    prompt_min, response_min = choose(means)
    lines = [
        "# An item is out of the pair's world when the mean token log-prob (nats) under the weak model of its last",
        "# user message is below prompt_min, or that of all its candidates' tokens pooled (end of turn included) is",
        f"# below response_min. Each is {SAFETY} nats below the least likely of {len(means)} in-world items with held-out names",
        "# and amounts (python -m demo.threshold); errors on other draws and on foreign text are in README.md.",
        'model = "weak"',
        f"prompt_min = {prompt_min}",
        f"response_min = {response_min}",
    ]
    (pair / "world.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
