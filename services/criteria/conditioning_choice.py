"""Who reads the criteria and where exemplars stand, as a run's configuration keeps it; for what may not see `scoring`.

Leaves out what it does to a conversation (scoring/conditioning.py).
"""

from __future__ import annotations

from typing import Any

from scoring.conditioning import DEFAULT, PLACEMENTS, READ_BY, Conditioning, Placement, ReadBy

__all__ = ["DEFAULT", "PLACEMENTS", "READ_BY", "Conditioning", "Placement", "ReadBy", "conditioning_of"]


def conditioning_of(configuration: dict[str, Any]) -> Conditioning:
    """A run's conditioning; runs from before it could be chosen had both models read one system message."""
    return Conditioning(**configuration.get("conditioning", {}))
