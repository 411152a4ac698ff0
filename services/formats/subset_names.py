"""The subset that only a file's name tells: LLMBar's four files, and the preference sets published with RewardBench.

llmbar_natural.json, Natural/dataset.json        subset natural
anthropic_helpful-00000-of-00001.parquet         subset anthropic_helpful; the rows' own subset becomes `subsubset`
"""

from __future__ import annotations

import re

from services.benchmarks.rewardbench_sets import PREFERENCE_SETS
from services.formats import llmbar
from services.formats.drafts import Fields

_LLMBAR = re.compile(r"(?<![a-z])(natural|neighbor|gptinst|gptout|manual)(?![a-z])")
_PREFERENCE = re.compile(rf"(?:^|/)({'|'.join(PREFERENCE_SETS)})(?:-\d+-of-\d+)?\.[a-z]+$")


def subset_named(place: str) -> str | None:
    """What the end of a path (folder/file) names; None for most files.

    >>> subset_named("data/llmbar_gptout.json"), subset_named("Natural/dataset.json"), subset_named("x/mine.jsonl")
    ('gptout', 'natural', None)
    """
    low = place.lower()
    found = _PREFERENCE.search(low) or _LLMBAR.search(low)
    return None if found is None else found[1]


def put_subset(row: Fields, named: str | None) -> Fields:
    """The row with the subset that its file's name gives it, where it is a row of that kind."""
    if named is None:
        return row
    if named in PREFERENCE_SETS:
        return _as_preference_set(row, named)
    return {**row, "subset": named} if llmbar.matches(row) and not row.get("subset") else row


def _as_preference_set(row: Fields, named: str) -> Fields:
    """As the rewardbench package does on loading: its own `subset` is the set's name, an earlier one moves aside."""
    if not (isinstance(row.get("prompt"), list) and isinstance(row.get("chosen"), str)):
        return row
    moved = {} if row.get("subset") in (None, named) else {"subsubset": row["subset"]}
    return {**row, **moved, "subset": named}
