"""The words of an exemplar: a conversation as one prompt, an override's reasons as an explanation. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.exemplar_likeness import folded

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


def is_same_prompt(messages: Sequence[Mapping[str, str]], prompt: str) -> bool:
    """Whether an exemplar's prompt is this conversation or its last turn, whatever the case and punctuation.

    Numbers count: `folded` makes them one sign, so the texts are compared beside it.
    """
    return any(_plain(text) == _plain(prompt) for text in (prompt_of(messages), messages[-1]["content"]))


def _plain(text: str) -> tuple[str, tuple[str, ...]]:
    digits = "".join(sign if sign.isdigit() else " " for sign in text)
    return folded(text), tuple(digits.split())


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
