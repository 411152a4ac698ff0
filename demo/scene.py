"""What a scene is: one kind of question to the help desk, with the sentences that answer it well or badly."""

from __future__ import annotations

from dataclasses import dataclass, field

from demo.phrases import Wording


@dataclass(frozen=True, slots=True)
class Scene:
    """One kind of question. Sentences carry slots in braces; `core` starts in lower case, capitals come later."""

    kind: str
    domain: str  # chat | safety
    prompts: Wording
    core: Wording
    reason: Wording
    care: Wording
    slots: tuple[str, ...]
    facts: tuple[str, ...] = ()  # facts that the answer must get right
    complies: Wording = field(default_factory=lambda: Wording(()))  # safety only: what a careless helper would say
