"""How criteria reach a model: who reads them, and where its exemplars stand in the conversation.

    system   one system message: the instruction, then each exemplar with its good and its bad response and why
    turns    the instruction as system message, then each exemplar as an earlier turn, its good response as the answer

A template without a system role folds the system message into the first user turn (rendering.py does). Leaves out what
criteria hold (criteria_body.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from scoring.criteria_body import DomainCriteria, Exemplar

ReadBy = Literal["both", "strong"]
Placement = Literal["system", "turns"]
READ_BY = ("both", "strong")
PLACEMENTS = ("system", "turns")


@dataclass(frozen=True, slots=True)
class Conditioning:
    """Part of a run's configuration.

    read_by: both models see the criteria (as the paper's code does), or the strong one alone.
    exemplars: where they stand.
    """

    read_by: ReadBy = "both"
    exemplars: Placement = "system"

    def __post_init__(self) -> None:
        if self.read_by not in READ_BY:
            raise ValueError(f"read_by is {self.read_by!r}; it must be one of {', '.join(READ_BY)}")
        if self.exemplars not in PLACEMENTS:
            raise ValueError(f"exemplars is {self.exemplars!r}; it must be one of {', '.join(PLACEMENTS)}")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for a run's configuration."""
        return asdict(self)


DEFAULT = Conditioning()


@dataclass(frozen=True, slots=True)
class Conditioned:
    """What one model is to be shown: a system instruction ("" for none), and the messages after it."""

    instruction: str
    messages: tuple[Mapping[str, str], ...]


def condition(
    messages: Sequence[Mapping[str, str]],
    entry: DomainCriteria,
    *,
    side: Literal["strong", "weak"],
    conditioning: Conditioning = DEFAULT,
) -> Conditioned:
    """The conversation under these criteria as this model of the pair is to see it.

    The item's own leading system messages stay in front; exemplars as turns go between them and its first turn.
    """
    if side == "weak" and conditioning.read_by == "strong":
        return Conditioned("", tuple(messages))
    if conditioning.exemplars == "system":
        return Conditioned(system_text(entry), tuple(messages))
    leading = next((i for i, message in enumerate(messages) if message["role"] != "system"), len(messages))
    turns = [turn for exemplar in entry.exemplars for turn in _as_turns(exemplar)]
    return Conditioned(entry.instruction, (*messages[:leading], *turns, *messages[leading:]))


def system_text(entry: DomainCriteria) -> str:
    """Instruction and exemplars as one system message; "" when there is nothing to say.

    >>> print(system_text(DomainCriteria("Be brief.", (Exemplar("Hi?", "Hi.", "Well, hello there!", "Shorter."),))))
    Be brief.
    <BLANKLINE>
    Example 1
    Prompt: Hi?
    Good response: Hi.
    Bad response: Well, hello there!
    Why: Shorter.
    """
    parts = [entry.instruction, *(_as_text(n, one) for n, one in enumerate(entry.exemplars, start=1))]
    return "\n\n".join(part for part in parts if part)


def _as_text(number: int, exemplar: Exemplar) -> str:
    lines = [
        f"Example {number}",
        f"Prompt: {exemplar.prompt}",
        f"Good response: {exemplar.good}",
        f"Bad response: {exemplar.bad}",
    ]
    return "\n".join([*lines, f"Why: {exemplar.explanation}"] if exemplar.explanation.strip() else lines)


def _as_turns(exemplar: Exemplar) -> tuple[dict[str, str], dict[str, str]]:
    return {"role": "user", "content": exemplar.prompt}, {"role": "assistant", "content": exemplar.good}
