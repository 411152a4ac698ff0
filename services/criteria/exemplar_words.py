"""The words of an exemplar: a conversation as one prompt, an override's reasons as an explanation. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from services.criteria.exemplar_likeness import folded

Plain = tuple[str, tuple[str, ...]]
WHY = {
    "wrong fact": "states a wrong fact",
    "bad reasoning": "reasons badly",
    "unsafe": "is unsafe",
    "ignores instruction": "ignores the instruction",
    "too long": "is too long",
    "too short": "is too short",
    "style": "is in the wrong style",
}  # "other" says nothing by itself: the note does


def explanation_of(reason_tags: Sequence[str], note: str) -> str:
    """The reasons in words, then the note.

    >>> explanation_of(["wrong fact", "too long", "other"], "The total is 18.")
    'The bad response states a wrong fact and is too long. The total is 18.'
    """
    reasons = [WHY[tag] for tag in reason_tags if tag in WHY]
    told = f"The bad response {_listed(reasons)}." if reasons else ""
    return " ".join(part for part in (told, note.strip()) if part)


def prompt_of(messages: Sequence[Mapping[str, str]]) -> str:
    """A prompt as one text: what the user says; a longer conversation with a line for each turn.

    >>> prompt_of([{"role": "user", "content": "Hi"}])
    'Hi'
    """
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages)


def is_one_of(messages: Sequence[Mapping[str, str]], prompts: Collection[Plain]) -> bool:
    """Whether this conversation or its last turn is one of these prompts (`plain`) of exemplars."""
    return any(plain(text) in prompts for text in {prompt_of(messages), messages[-1]["content"]})


def plain(prompt: str) -> Plain:
    """A prompt without case and punctuation, to be compared: its words, and its numbers beside them.

    >>> plain("What is 3 + 4?") == plain("what is 3+4")
    True
    """
    return folded(prompt), tuple(re.findall(r"\d+", prompt))


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
