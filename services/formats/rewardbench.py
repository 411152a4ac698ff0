"""RewardBench: `prompt`, `chosen`, `rejected` and the `subset` that decides which section a row counts in.

Also the preference sets published beside it (allenai/pref-test-sets), whose prompts are messages; there the subset is
the name of the file (subset_names.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.benchmarks.rewardbench_sets import PREFERENCE_SETS, SECTION_OF, domain_of
from services.formats import pairs
from services.formats.drafts import Fields, ItemDraft, make_item
from services.formats.messages import finish_prompt, parse_prompt, require_text
from services.formats.problems import BadRow

USED = frozenset({"prompt", "chosen", "rejected", "chosen_model", "rejected_model"})


def matches(row: Fields) -> bool:
    """Whether the row is a pair of texts of a subset that RewardBench knows."""
    is_known = row.get("subset") in SECTION_OF or row.get("subset") in PREFERENCE_SETS
    return is_known and all(isinstance(row.get(side), str) for side in ("chosen", "rejected")) and "prompt" in row


def explain(_row: Fields) -> str:
    """What the columns mean."""
    return f"chosen (better) and rejected, the subset names the section; {pairs.SAID}"


def parse(row: Fields) -> ItemDraft:
    """One item with two candidates, its domain that of its section unless the row has one.

    Raises:
        BadRow: no prompt, a side that is not text, no subset.
    """
    notes: list[str] = []
    subset = row.get("subset")
    if not isinstance(subset, str) or not subset.strip():
        raise BadRow("the subset is missing; RewardBench's score is made of its subsets")
    prompt = finish_prompt(parse_prompt(row.get("prompt")), notes)
    sides = (require_text(row.get("chosen"), "chosen"), require_text(row.get("rejected"), "rejected"))
    models = {1.0: _model(row.get("chosen_model")), 2.0: _model(row.get("rejected_model"))}
    candidates = [
        replace(candidate, source_model=models[candidate.gold_rank or 2.0])
        for candidate in pairs.better_and_worse(prompt, *sides)
    ]
    domain = domain_of(subset.strip())
    kept = row if domain is None or "domain" in row else {**row, "domain": domain}
    return make_item(prompt, candidates, row=kept, used=USED, notes=notes)


def _model(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
