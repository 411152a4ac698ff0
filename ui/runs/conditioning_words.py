"""How a run read its criteria, in words for screens and terminals: by whom, exemplars where, domains from where.

Pure strings, no streamlit. Leaves out one item's domain (domains/words.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.criteria.conditioning_choice import DEFAULT, conditioning_of
from services.routing.choice import routing_of, routing_words

READ_BY_WORDS = {"both": "both models", "strong": "the strong model only"}
EXEMPLAR_WORDS = {"system": "in the system message", "turns": "as earlier turns"}
READ_BY_HELP = (
    "Read by both, criteria change what is taken off too. Read by the strong model only, the weak one's numbers stay "
    "those of no criteria at all, and are computed once for every set."
)
EXEMPLAR_HELP = (
    "In the system message a model reads the prompt, the good and the bad response, and why. As earlier turns it sees "
    "the prompt and the good response, as if it had answered so before."
)


def reading_facts(configuration: Mapping[str, Any]) -> dict[str, str]:
    """For a run's list of facts: name -> value."""
    conditioning = conditioning_of(dict(configuration))
    return {
        "Criteria read by": READ_BY_WORDS[conditioning.read_by],
        "Exemplars": EXEMPLAR_WORDS[conditioning.exemplars],
        "Domains": routing_words(routing_of(dict(configuration))),
    }


def reading_marks(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """What to add to a run's name so that it is not mistaken for the usual one; nothing for the usual one.

    >>> reading_marks({"conditioning": {"read_by": "strong", "exemplars": "system"}})
    ('criteria to the strong model only',)
    """
    conditioning, routing = conditioning_of(dict(configuration)), routing_of(dict(configuration))
    marks = []
    if conditioning.read_by != DEFAULT.read_by:
        marks.append("criteria to the strong model only")
    if conditioning.exemplars != DEFAULT.exemplars:
        marks.append("exemplars as turns")
    if routing.by == "fixed":
        marks.append(f"all as {routing.domain}")
    if routing.by == "router":
        marks.append("domains by the router")
    return tuple(marks)
