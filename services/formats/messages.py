"""Chat messages out of a file: OpenAI and Hugging Face keys (`role`, `content`) or ShareGPT's (`from`, `value`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from services.formats.drafts import MERGED_TURNS, Message
from services.formats.problems import BadRow

ROLES = ("system", "user", "assistant")
SHAREGPT_ROLE = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}


def is_message_list(value: Any) -> bool:
    """Whether this is a list of chat messages (an empty list is not)."""
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)


def parse_messages(value: Sequence[Any], what: str) -> list[Message]:
    """Messages with known roles and plain text; `what` names them in errors ("the prompt").

    Raises:
        BadRow: an unknown role, a system message that is not first, content that is not text.
    """
    messages = [_parse_message(part, f"message {n} of {what}") for n, part in enumerate(value, 1)]
    for n, message in enumerate(messages, 1):
        if message["role"] == "system" and n > 1:
            raise BadRow(f"message {n} of {what} is a system message; only the first may be one")
    return messages


def parse_prompt(value: Any) -> list[Message]:
    """A prompt as messages: a string is one user turn.

    Raises:
        BadRow: missing, not text, or as `parse_messages`.
    """
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if is_message_list(value):
        return parse_messages(value, "the prompt")
    if value is None or value == []:
        raise BadRow("the prompt is missing")
    raise BadRow(f"the prompt is {kind_of(value)}; it must be text or a list of messages")


def finish_prompt(messages: Sequence[Message], notes: list[str]) -> list[Message]:
    """The prompt with neighbouring turns of one speaker merged, checked to end in a user turn that says something.

    Raises:
        BadRow: empty, or ends in another turn.
    """
    merged = merge_turns(messages)
    if len(merged) < len(messages):
        notes.append(MERGED_TURNS)
    if not merged or all(message["role"] == "system" for message in merged):
        raise BadRow("the prompt is empty")
    if merged[-1]["role"] != "user":
        raise BadRow(f"the prompt ends in {_turn(merged[-1])}; it must end in a user turn")
    if not merged[-1]["content"].strip():
        raise BadRow("the prompt is empty")
    return merged


def merge_turns(messages: Sequence[Message]) -> list[Message]:
    """Neighbouring turns of one speaker as one, with a blank line between (chat templates refuse two in a row)."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1] = {"role": message["role"], "content": f"{merged[-1]['content']}\n\n{message['content']}"}
        else:
            merged.append(dict(message))
    return merged


def reply_text(messages: Sequence[Message], what: str) -> str:
    """The text of a response given as messages: assistant turns only, merged.

    Raises:
        BadRow: nothing, or a turn of somebody else.
    """
    for message in messages:
        if message["role"] != "assistant":
            raise BadRow(f"{what} holds {_turn(message)}; a response must be one assistant turn")
    if not messages:
        raise BadRow(f"{what} has no assistant turn")
    return merge_turns(messages)[0]["content"]


def shared_turns(one: Sequence[Message], other: Sequence[Message]) -> int:
    """How many turns two conversations have in common at their beginning."""
    n = 0
    while n < min(len(one), len(other)) and one[n] == other[n]:
        n += 1
    return n


def split_conversations(
    chosen: Sequence[Message], rejected: Sequence[Message], notes: list[str]
) -> tuple[list[Message], str, str]:
    """The shared prompt and the two replies of two whole conversations.

    When the replies are the same or one is the beginning of the other, the shared part would swallow a reply; so the
    prompt never reaches past the last user turn that both share.

    Raises:
        BadRow: they differ before their last reply.
    """
    n = shared_turns(chosen, rejected)
    while n and chosen[n - 1]["role"] != "user":
        n -= 1
    replies = (chosen[n:], rejected[n:])
    if not n or any(message["role"] != "assistant" for reply in replies for message in reply):
        raise BadRow("chosen and rejected part before their last reply; they must share every turn up to it")
    if max(len(reply) for reply in replies) > 1:
        notes.append(MERGED_TURNS)
    return list(chosen[:n]), reply_text(replies[0], "chosen"), reply_text(replies[1], "rejected")


def require_text(value: Any, what: str) -> str:
    """The value when it is text.

    Raises:
        BadRow: missing, or something else.
    """
    if isinstance(value, str):
        return value
    raise BadRow(f"{what} is missing" if value is None else f"{what} is {kind_of(value)}; it must be text")


def read_number(value: Any, what: str) -> float | None:
    """A number as a float, from a JSON number or a table's cell; None where there is none (empty, NaN, infinite).

    Raises:
        BadRow: something else, or an integer that no float can hold.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise BadRow(f"{what} is {kind_of(value)}; it must be a number")
    try:
        number = float(value)
    except ValueError:
        raise BadRow(f"{what} is {str(value)[:30]!r}; it must be a number") from None
    except OverflowError:
        raise BadRow(f"{what} is a number of {int(value).bit_length()} bits; give one below 1e308") from None
    return number if math.isfinite(number) else None


def kind_of(value: Any) -> str:
    """What a JSON value is, in words: "a number", "a list"."""
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "missing" if value is None else type(value).__name__)


def _parse_message(part: Any, what: str) -> Message:
    if not isinstance(part, dict):
        raise BadRow(f"{what} is {kind_of(part)}; it must be an object with role and content")
    if "role" in part:
        role, content = part["role"], part.get("content")
    else:
        role, content = SHAREGPT_ROLE.get(str(part.get("from")), part.get("from")), part.get("value")
    if role not in ROLES:
        raise BadRow(f"{what} has the role {_shown(role)}; allowed are system, user and assistant")
    return {"role": role, "content": _content(content, what)}


def _content(content: Any, what: str) -> str:
    """Plain text, also where it is wrapped as [{"type": "text", "text": ...}]."""
    if not isinstance(content, list):
        return require_text(content, f"the content of {what}")
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise BadRow(f"{what} has a part that is not text; only text can be weighed")
        texts.append(require_text(part.get("text"), f"the text of {what}"))
    return "".join(texts)


def _turn(message: Message) -> str:
    return f"{'an' if message['role'] == 'assistant' else 'a'} {message['role']} turn"


def _shown(role: Any) -> str:
    return repr(str(role)[:30])
