"""The engine for a loaded model: the fastest that gives the plain loop's numbers on this very model.

Holds no arithmetic (plain.py).
"""

from __future__ import annotations

from typing import Any

from scoring.plain import PlainEngine
from scoring.protocol import LogprobEngine
from scoring.turns import Turns


def make_engine(
    model: Any, *, fingerprint: str, context_limit: int, turns: Turns, token_budget: int | None = None
) -> LogprobEngine:
    """An engine over a transformers model in eval mode."""
    return PlainEngine(
        model, fingerprint=fingerprint, context_limit=context_limit, turns=turns, token_budget=token_budget
    )
