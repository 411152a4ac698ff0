"""The router's question about a request, and training samples that answer it with the domain's name.

The text is written here as Tare writes it (scoring/router.py): the demo is made without the product, and a test
compares the two. Nothing held out occurs in the samples.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from demo.cases import DOMAINS, draw_case
from demo.corpus import Sample
from demo.phrases import Draw

DEFINITIONS = {
    "chat": "everyday questions, advice and small requests that a shop or assistant simply answers",
    "reasoning": "questions with numbers, quantities or steps to work out",
    "safety": "requests that could harm somebody or reveal what is private, and that may have to be refused",
}


def routing_question(request: str) -> str:
    """The whole user turn."""
    kinds = "\n".join(f"- {name}: {text}" for name, text in DEFINITIONS.items())
    return f"What kind of request is this? The kinds:\n{kinds}\n\nRequest:\n{request}\n\nKind:"


def routing_samples(seed: int) -> Iterator[Sample]:
    """Questions about requests of every domain, equally often, with the domain's name as the answer. Endless."""
    draw = Draw(random.Random(seed), split="practice")
    while True:
        domain = draw.rng.choice(DOMAINS)
        yield Sample("", routing_question(draw_case(draw, domain).prompt), domain)
