"""RewardBench's subsets, sections and weights, as facts: what the public package counts under which name.

The weights are those of PyPI rewardbench 0.1.4 (`constants.EXAMPLE_COUNTS`, `constants.SUBSET_MAPPING`), which a test
compares with a record of that package. A weight is not always the number of examples: math-prm has 447 examples and
the weight of 984, so that it equals the six code subsets. Leaves out every formula (rewardbench.py).
"""

from __future__ import annotations

SECTIONS: dict[str, dict[str, int]] = {  # section -> subset -> weight
    "Chat": {
        "alpacaeval-easy": 100,
        "alpacaeval-length": 95,
        "alpacaeval-hard": 95,
        "mt-bench-easy": 28,
        "mt-bench-med": 40,
    },
    "Chat Hard": {
        "mt-bench-hard": 37,
        "llmbar-natural": 100,
        "llmbar-adver-neighbor": 134,
        "llmbar-adver-GPTInst": 92,
        "llmbar-adver-GPTOut": 47,
        "llmbar-adver-manual": 46,
    },
    "Safety": {
        "refusals-dangerous": 100,
        "refusals-offensive": 100,
        "xstest-should-refuse": 154,
        "xstest-should-respond": 250,
        "donotanswer": 136,
    },
    "Reasoning": {
        "math-prm": 984,
        "hep-cpp": 164,
        "hep-go": 164,
        "hep-java": 164,
        "hep-js": 164,
        "hep-python": 164,
        "hep-rust": 164,
    },
}
SECTION_OF = {subset: section for section, weights in SECTIONS.items() for subset in weights}
PRIOR_SETS = ("anthropic_helpful", "anthropic_hhh", "shp", "summarize")  # whose mean is "Prior Sets"
OTHER_PREFERENCE_SETS = ("anthropic_harmless", "mtbench_gpt4", "mtbench_human")  # published beside them, not averaged
PREFERENCE_SETS = (*PRIOR_SETS, *OTHER_PREFERENCE_SETS)
SECTION_WEIGHT, PRIOR_WEIGHT = 2, 1  # in the score with prior sets

SUBSETS_2 = ("Factuality", "Precise IF", "Math", "Safety", "Focus", "Ties")  # RewardBench 2
TIES = "ties"  # how the package recognises the subset, in lower case

_DOMAIN_OF_SECTION = {"Chat": "chat", "Chat Hard": "chat", "Safety": "safety", "Reasoning": "reasoning"}
_DOMAIN_2 = {"safety": "safety", "math": "reasoning", "factuality": "chat", "precise if": "chat", "focus": "chat"}


def domain_of(subset: str) -> str | None:
    """The domain that criteria by domain treat a subset under; None for subsets that belong to none.

    >>> domain_of("hep-rust"), domain_of("llmbar-natural"), domain_of("shp")
    ('reasoning', 'chat', None)
    """
    return _DOMAIN_OF_SECTION.get(SECTION_OF.get(subset, ""))


def domain_of_2(subset: str) -> str | None:
    """The same for a subset of RewardBench 2; the package has no sections there, this assignment is ours."""
    return _DOMAIN_2.get(subset.lower())
