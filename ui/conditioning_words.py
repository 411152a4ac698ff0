"""Who reads the criteria and where exemplars stand, in words for screens and terminals. Pure strings, no streamlit."""

from __future__ import annotations

from services.conditioning_choice import DEFAULT, Conditioning

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


def conditioning_facts(conditioning: Conditioning) -> dict[str, str]:
    """For a list of facts: name -> value."""
    return {
        "Criteria read by": READ_BY_WORDS[conditioning.read_by],
        "Exemplars": EXEMPLAR_WORDS[conditioning.exemplars],
    }


def conditioning_marks(conditioning: Conditioning) -> tuple[str, ...]:
    """What to add to a run's name so that it is not mistaken for the usual one; nothing for the usual one.

    >>> conditioning_marks(Conditioning(read_by="strong"))
    ('criteria to the strong model only',)
    """
    marks = []
    if conditioning.read_by != DEFAULT.read_by:
        marks.append("criteria to the strong model only")
    if conditioning.exemplars != DEFAULT.exemplars:
        marks.append("exemplars as turns")
    return tuple(marks)
