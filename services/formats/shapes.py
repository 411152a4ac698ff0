"""What the rows of a file are: the known shapes, and which of them the first rows fit best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.formats import (
    best_of_n,
    helpsteer2,
    hh,
    llmbar,
    nectar,
    rewardbench,
    rewardbench2,
    tare_rows,
    trl_preference,
)
from services.formats.drafts import Fields, ItemDraft
from services.formats.problems import UnknownFormat


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of row. `parse` raises BadRow."""

    name: str
    title: str
    matches: Callable[[Fields], bool]
    explain: Callable[[Fields], str]
    parse: Callable[[Fields], ItemDraft]


SHAPES = tuple(
    Shape(name, title, module.matches, module.explain, module.parse)
    for name, title, module in (
        ("tare", "Tare's own export", tare_rows),
        ("rewardbench", "RewardBench", rewardbench),
        ("rewardbench-2", "RewardBench 2", rewardbench2),
        ("helpsteer2", "HelpSteer2-preference", helpsteer2),
        ("nectar", "Nectar", nectar),
        ("best-of-n", "Best of N", best_of_n),
        ("llmbar", "LLMBar", llmbar),
        ("hh", "HH-RLHF", hh),
        ("trl", "TRL preference", trl_preference),
    )
)
FORMATS = tuple(shape.name for shape in SHAPES)


def shape_named(name: str) -> Shape:
    """The shape of that name.

    Raises:
        UnknownFormat: there is none.
    """
    for shape in SHAPES:
        if shape.name == name:
            return shape
    raise UnknownFormat(f"there is no format {name!r}; choose one of {', '.join(FORMATS)}, or leave it out")


def find_shape(rows: Sequence[Fields]) -> Shape:
    """The shape that most of these rows fit; the earlier in SHAPES where two fit equally.

    Raises:
        UnknownFormat: none fits any row.
    """
    counts = {shape.name: sum(shape.matches(row) for row in rows) for shape in SHAPES}
    best = max(SHAPES, key=lambda shape: counts[shape.name])
    if counts[best.name]:
        return best
    columns = ", ".join(repr(name[:30]) for name in list(rows[0])[:12]) or "none"
    raise UnknownFormat(
        f"the rows have the columns {columns}; needed are prompt and responses, or chosen and rejected, "
        "or input, output_1 and output_2"
    )
