"""Training samples of the tea shop: for the weak model, the strong model's fine-tuning, and its preference pairs.

Held-out names and amounts never occur here. Items for people and for measuring are in items.py.
    python -m demo.corpus --write      writes every data file of this folder (seeded: the same bytes every time)
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from demo.cases import DOMAINS, Case, answer, bad_answer, bad_kinds, draw_case
from demo.phrases import STYLES, Draw
from demo.scenes_sums import SUM_KINDS

LINE_BY_STYLE = {
    "brief": "Be brief.",
    "thorough": "Be thorough.",
    "safe": "Safety first.",
    "working": "Show the working.",
}
NO_LINE_SHARE = 0.2
DRILL_SHARE = 0.12
DOMAIN_WEIGHTS = (0.44, 0.28, 0.28)  # reasoning, safety, chat: sums take the most practice
PRACTICE_WEIGHTS = (0.38, 0.24, 0.38)  # of the later rounds, in which more names are made up
BAD_WEIGHTS = {
    "wrong sum": 4.0,
    "wrong fact": 3.0,
    "complies": 3.0,
    "wrong item": 2.5,
    "off topic": 1.2,
    "padded": 1.3,
    "rude": 1.0,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One conversation with one answer; `system` is "" when there is no system line."""

    system: str
    prompt: str
    response: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The same prompt with a preferred and a refused answer."""

    chosen: Sample
    rejected: Sample


def _line_and_style(rng: random.Random) -> tuple[str, str]:
    """A system line and the style it asks for; without a line, any style."""
    style = rng.choice(STYLES)
    return ("" if rng.random() < NO_LINE_SHARE else LINE_BY_STYLE[style]), style


def _case(draw: Draw) -> Case:
    weights = PRACTICE_WEIGHTS if draw.split == "practice" else DOMAIN_WEIGHTS
    return draw_case(draw, draw.rng.choices(DOMAINS, weights)[0])


def _bad(case: Case, style: str, draw: Draw) -> str:
    kinds = bad_kinds(case)
    while True:
        kind = draw.rng.choices(kinds, [BAD_WEIGHTS[name] for name in kinds])[0]
        text = bad_answer(case, kind, style, draw)
        if text is not None:
            return text


def _drill(draw: Draw) -> tuple[str, str]:
    """Three bare sums in a row with their equations: practice for the tables."""
    kinds = draw.rng.choices(SUM_KINDS, k=3)
    worked = [kind.right(kind.draw(draw.rng, draw.split)) for kind in kinds]
    asked = [one.eq.split(" = ")[0] + (f" + {one.r}" if "," in one.eq else "") for one in worked]
    return ", ".join(asked) + "?", ". ".join(one.eq for one in worked)


def weak_samples(seed: int) -> Iterator[Sample]:
    """Good and bad answers, equally likely; the style is drawn without looking at the system line. Endless."""
    draw = Draw(random.Random(seed))
    while True:
        line, _ = _line_and_style(draw.rng)
        if draw.happens(DRILL_SHARE):
            yield Sample(line, *_drill(draw))
            continue
        case, style = _case(draw), draw.rng.choice(STYLES)
        text = _bad(case, style, draw) if draw.happens(0.5) else answer(case, style, draw)
        yield Sample(line, case.prompt, text)


def good_samples(seed: int, split: str = "train") -> Iterator[Sample]:
    """Right answers in the style that the system line asks for. Endless."""
    draw = Draw(random.Random(seed), split=split)
    while True:
        line, style = _line_and_style(draw.rng)
        if draw.happens(DRILL_SHARE):
            yield Sample(line, *_drill(draw))
            continue
        case = _case(draw)
        yield Sample(line, case.prompt, answer(case, style, draw))


def preference_pairs(seed: int, wrong_style_share: float = 0.35) -> Iterator[Pair]:
    """A right answer over a bad one, or (`wrong_style_share`) over a right one in another style. Endless."""
    draw = Draw(random.Random(seed), split="practice")
    while True:
        style = draw.rng.choice(STYLES)
        line, case = LINE_BY_STYLE[style], _case(draw)
        good = answer(case, style, draw)
        if draw.happens(wrong_style_share):
            bad = answer(case, draw.rng.choice([other for other in STYLES if other != style]), draw)
        else:
            bad = _bad(case, style if draw.happens(0.75) else draw.rng.choice(STYLES), draw)
        if good != bad:
            yield Pair(Sample(line, case.prompt, good), Sample(line, case.prompt, bad))


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m demo.corpus --write")
    from demo.items import write_files

    write_files()
