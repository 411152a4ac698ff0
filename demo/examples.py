"""Examples (exemplars) from the newcomer's dataset, and how they stand before an item. Nothing is trained on them.

The text is written here as Tare writes it (scoring/conditioning.py); a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.corpus import Sample
from demo.items import Row, dataset_rows
from demo.scorer import Ask

ByDomain = dict[str, list["Example"]]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with an answer as wished and one that is not, and why."""

    prompt: str
    good: str
    bad: str
    why: str = ""


def examples_text(line: str, examples: Sequence[Example]) -> str:
    """A line and examples as one system message."""
    return "\n\n".join(part for part in (line, *(_text(n, one) for n, one in enumerate(examples, 1))) if part)


def _text(number: int, one: Example) -> str:
    text = f"Example {number}\nPrompt: {one.prompt}\nGood response: {one.good}\nBad response: {one.bad}"
    return f"{text}\nWhy: {one.why}" if one.why else text


def gold_examples(n: int) -> ByDomain:
    """The first `n` items of each domain: the gold candidate over the one that comes next."""
    found: ByDomain = {}
    for row in dataset_rows():
        best, second = sorted(row["responses"], key=lambda response: response["gold_rank"])[:2]
        found.setdefault(row["domain"], []).append(Example(row["prompt"][-1]["content"], best["text"], second["text"]))
    return {domain: examples[:n] for domain, examples in found.items()}


def as_system(examples: ByDomain) -> Ask:
    """An item under its domain's examples, in the system message, without any line."""
    return lambda row: Sample(examples_text("", examples[row["domain"]]), row["prompt"][-1]["content"], "")


def as_turns(examples: ByDomain) -> Ask:
    """An item after its domain's examples as earlier turns."""

    def ask(row: Row) -> Sample:
        turns = tuple((one.prompt, one.good) for one in examples[row["domain"]])
        return Sample("", row["prompt"][-1]["content"], "", turns)

    return ask
