r"""HH-RLHF's transcripts: turns split by "\n\nHuman: " and "\n\nAssistant: ".

    "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: 2+2?\n\nAssistant:"    a prompt, waiting for its reply

Text before the first speaker is the system message (HH-RLHF has none; our own export writes it there).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.formats.drafts import Message

_SPEAKER = re.compile(r"\n\n(Human|Assistant):")
_ROLE = {"Human": "user", "Assistant": "assistant"}
_NAME = {"user": "Human", "assistant": "Assistant"}


def is_transcript(text: str) -> bool:
    """Whether the text begins with a speaker."""
    return _SPEAKER.match(_opened(text)) is not None


def is_transcript_prompt(text: str) -> bool:
    """Whether the text is a transcript that stops where the assistant would speak."""
    return text.rstrip().endswith("\n\nAssistant:") and "\n\nHuman:" in text


def read_transcript(text: str) -> list[Message]:
    """The turns, each without the space around it. A last "Assistant:" with nothing after it is an empty turn."""
    before, *rest = _SPEAKER.split(_opened(text))
    turns = [{"role": _ROLE[name], "content": said.strip()} for name, said in zip(rest[::2], rest[1::2], strict=True)]
    return [{"role": "system", "content": before.strip()}, *turns] if before.strip() else turns


def read_transcript_prompt(text: str) -> list[Message]:
    """The turns before the place where the assistant would speak."""
    return read_transcript(text)[:-1]


def write_transcript(messages: Sequence[Message]) -> str:
    """The prompt as a transcript that waits for its reply; a system message goes before the first speaker."""
    parts = [
        message["content"] if message["role"] == "system" else f"\n\n{_NAME[message['role']]}: {message['content']}"
        for message in messages
    ]
    return "".join(parts) + "\n\nAssistant:"


def _opened(text: str) -> str:
    """Some files have lost the two line ends before the first speaker."""
    return f"\n\n{text.lstrip()}" if re.match(r"\s*(Human|Assistant):", text) else text
