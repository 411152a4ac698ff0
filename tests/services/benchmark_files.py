"""Rows in exactly the schema in which each benchmark is published, small and in our own words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def rewardbench_row(subset: str, number: int = 0, **more: Any) -> dict[str, Any]:
    """allenai/reward-bench, split `filtered`."""
    return {
        "prompt": f"Which tea is number {number}?",
        "chosen": f"Number {number} is sencha.",
        "chosen_model": "good-model",
        "rejected": f"No idea about {number}.",
        "rejected_model": "bad-model",
        "subset": subset,
        "id": number,
        **more,
    }


def preference_set_row(number: int = 0, **more: Any) -> dict[str, Any]:
    """allenai/preference-test-sets: the set is the name of the file."""
    prompt = [{"role": "user", "content": f"Tea {number}?"}]
    return {"prompt": prompt, "chosen": f"Sencha {number}.", "rejected": "No.", "id": number, **more}


def rewardbench2_row(subset: str, id: str, chosen: list[str], rejected: list[str], **more: Any) -> dict[str, Any]:
    """allenai/reward-bench-2, split `test`."""
    n = len(chosen) + len(rejected)
    return {
        "id": id,
        "prompt": f"Name a tea. ({subset} {id})",
        "chosen": chosen,
        "rejected": rejected,
        "num_correct": len(chosen),
        "num_incorrect": len(rejected),
        "total_completions": n,
        "models": [f"model-{place}" for place in range(n)],
        "subset": subset,
        "additional_metadata": {"category": None, "correct": None, "index": None, "method": None},
        **more,
    }


def helpsteer2_row(strength: int | None, number: int = 0, **more: Any) -> dict[str, Any]:
    """nvidia/HelpSteer2, preference/preference.jsonl."""
    return {
        "split": "train",
        "prompt": f"How warm is tea {number}?",
        "response_1": f"Tea {number} is hot.",
        "response_2": f"Tea {number} is seventy degrees warm.",
        "preference_strength": strength,
        "preference_statement": "Response 2 is better.",
        "preference_elaboration": "It says how warm.",
        "three_most_similar_preferences": [{"statement": "s", "elaboration": "e"}],
        "all_preferences_unprocessed": [{"strength": strength, "statement": "s", "elaboration": "e"}],
        **more,
    }


def nectar_row(ranks: list[float], number: int = 0, **more: Any) -> dict[str, Any]:
    """berkeley-nest/Nectar, data/rlaif.parquet."""
    return {
        "prompt": f"\n\nHuman: Which tea suits evening {number}?\n\nAssistant: ",
        "answers": [
            {"answer": f"Answer {place} to {number}.", "model": f"m{place}", "rank": rank}
            for place, rank in enumerate(ranks)
        ],
        "turns": 1,
        "num_responses": len(ranks),
        "source": ["lmsys-chat-1m"],
        "good_natured": True,
        **more,
    }


def llmbar_row(label: int, number: int = 0) -> dict[str, Any]:
    """princeton-nlp/LLMBar: the subset is the name of the file."""
    return {"input": f"Name tea {number}.", "output_1": f"Sencha {number}.", "output_2": "Coffee.", "label": label}


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """The rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
