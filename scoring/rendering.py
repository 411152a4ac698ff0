"""A conversation through a chat template, with the exact place of the response in what comes out.

The response is found by rendering a sentinel in its place and comparing: text = head + response + tail must hold to
the letter, or the response is refused. Nothing is searched for in the text, so a response that quotes the prompt, or
a template that trims, cannot move the mask. Does not tokenize (chat.py).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from scoring.encoder import TextEncoder
from scoring.errors import TemplateProblem

Message = Mapping[str, str]

_SPECIAL_NAMES = ("bos_token", "eos_token", "unk_token", "pad_token")
# Templates that write today's date would give other ids tomorrow: a resumed run could not repeat its numbers.
# The date is the one that Llama 3.1's template falls back to.
_FIXED_CLOCK = "{%- macro strftime_now(format) -%}26 Jul 2024{%- endmacro -%}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One rendered conversation.

        text    <|user|>Why?<|assistant|> Because.<|end|>
                                         ^start   ^text_end
                                ^prompt_end             ^response_end      (= text_end when the end is not counted)

    All are character positions. prompt_end lies before response_start when the template writes white space of its own
    between its prompt and a response. lead: characters the template trimmed from the response's beginning.
    """

    text: str
    response_start: int
    response_end: int
    text_end: int
    prompt_end: int
    lead: int


@dataclass(frozen=True, slots=True)
class _Located:
    head: str
    body: str
    tail: str
    lead: int


class ChatWriter:
    """One tokenizer's special tokens with one chat template (its own, or the strong model's)."""

    def __init__(self, tokenizer: Any, *, template_tokenizer: Any = None, system_role: bool | None = None) -> None:
        source = template_tokenizer if template_tokenizer is not None else tokenizer
        self._template = template_of(source)
        self.encoder = TextEncoder(tokenizer, self._template)
        # The model's own special tokens, under the template of whichever model it is: the weak model's turn ends
        # with the token that ends its texts.
        self._names: dict[str, Any] = dict.fromkeys(_SPECIAL_NAMES, "") | dict(tokenizer.special_tokens_map)
        clock = _FIXED_CLOCK if "strftime_now" in self._template else ""
        self._source = clock + self._template
        self.has_system_role = self._tries_system_role() if system_role is None else system_role

    def write(self, messages: Sequence[Message], *, add_generation_prompt: bool = False) -> str:
        """The template's text. Raises TemplateProblem when it refuses the messages."""
        from transformers.utils.chat_template_utils import render_jinja_template

        try:
            rendered = render_jinja_template(
                conversations=[[dict(message) for message in messages]],
                chat_template=self._source,
                add_generation_prompt=add_generation_prompt,
                **self._names,
            )
        except (TemplateError, TypeError, ValueError, KeyError, IndexError) as error:
            roles = ", ".join(message["role"] for message in messages[:6]) + (", ..." if len(messages) > 6 else "")
            reason = " ".join(str(error).split())[:200]
            raise TemplateProblem(
                f"the chat template refuses turns of {roles} ({reason}); change the item's messages or the pair"
            ) from error
        return str(rendered[0][0])

    def conversation(self, messages: Sequence[Message], instruction: str) -> list[Message]:
        """The messages with the criteria: in one system message, or folded into the first user turn."""
        leading = next((i for i, message in enumerate(messages) if message["role"] != "system"), len(messages))
        turns = list(messages[leading:])
        system = "\n\n".join(part for part in [*(m["content"] for m in messages[:leading]), instruction] if part)
        if not system:
            return turns
        if self.has_system_role:
            return [{"role": "system", "content": system}, *turns]
        first = next((i for i, message in enumerate(turns) if message["role"] == "user"), None)
        if first is None:
            raise TemplateProblem("there is no user turn to fold the criteria into; a prompt ends in a user turn")
        turns[first] = {**turns[first], "content": f"{system}\n\n{turns[first]['content']}"}
        return turns

    def open_turn(self, messages: Sequence[Message], instruction: str) -> "OpenTurn":
        """The prompt, ready to be answered. The messages are marked text."""
        turns = self.conversation(messages, instruction)
        sentinel = _sentinel(*(message["content"] for message in turns))
        head, tail = _split_at(self.write([*turns, _answer(sentinel)]), sentinel, "response")
        end = self.encoder.control.first_end_in(tail)
        marker = tail[:end] if end is not None else tail.rstrip()
        return OpenTurn(self, turns, head, tail, marker, self._prompt_end(turns, head))

    def locate_last_user(self, messages: Sequence[Message], instruction: str) -> tuple[str, int]:
        """(text up to the end of the last user message's content, where that content begins)."""
        last = max((i for i, message in enumerate(messages) if message["role"] == "user"), default=None)
        if last is None:
            raise TemplateProblem("there is no user turn; a prompt ends in a user turn")
        content = messages[last]["content"]

        def write(text: str) -> str:
            changed = [*messages[:last], {**messages[last], "content": text}, *messages[last + 1 :]]
            return self.write(self.conversation(changed, instruction), add_generation_prompt=True)

        sentinel = _sentinel(*(message["content"] for message in messages))
        located = _fit(write, *_split_at(write(sentinel), sentinel, "last user message"), content, "last user message")
        return located.head + located.body, len(located.head)

    def _prompt_end(self, turns: Sequence[Message], head: str) -> int:
        """Where the prompt ends: before white space that the template writes only once there is a response.

        Old Mistral templates prompt with "[/INST]" and answer with " Hello": the space belongs to the first token of
        the response, "▁Hello", as the model was trained.
        """
        try:
            prompt = self.write(turns, add_generation_prompt=True)
        except TemplateProblem:
            return len(head)
        is_prefix = head.startswith(prompt) and not head[len(prompt) :].strip()
        return len(prompt) if is_prefix else len(head)

    def _tries_system_role(self) -> bool:
        """Whether a system message's text comes out."""
        probe = _sentinel("system role")
        try:
            text = self.write([{"role": "system", "content": probe}, {"role": "user", "content": "a"}, _answer("b")])
        except TemplateProblem:
            return False
        return probe in text


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A rendered prompt whose answer is still missing; `close` adds one. Everything is marked text."""

    writer: ChatWriter
    turns: Sequence[Message]
    head: str
    tail: str
    end_of_turn: str
    prompt_end: int

    @property
    def prompt_text(self) -> str:
        """What every candidate of the item is conditioned on."""
        return self.head[: self.prompt_end]

    def close(self, response: str, *, count_end_of_turn: bool) -> Rendered:
        """The conversation with this response. Raises TemplateProblem when the template alters the response."""
        located = _fit(
            lambda text: self.writer.write([*self.turns, _answer(text)]), self.head, self.tail, response, "response"
        )
        text_end = len(self.head) + len(located.body)
        text = self.head + located.body + (self.end_of_turn if count_end_of_turn else "")
        return Rendered(text, len(self.head), len(text), text_end, self.prompt_end, located.lead)


def template_of(tokenizer: Any) -> str:
    """The tokenizer's chat template. Raises TemplateProblem when it has none."""
    try:
        return str(tokenizer.get_chat_template())
    except ValueError as error:
        raise TemplateProblem(
            "the tokenizer has no chat template; set template = 'strong' in the pair and choose a strong model with one"
        ) from error


def _answer(text: str) -> Message:
    return {"role": "assistant", "content": text}


def _sentinel(*texts: str) -> str:
    """A word that occurs in none of the texts, the same each time for the same texts."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return f"tare{digest.hexdigest()[:32]}tare"


def _split_at(text: str, sentinel: str, what: str) -> tuple[str, str]:
    parts = text.split(sentinel)
    if len(parts) != 2:
        raise TemplateProblem(
            f"the chat template writes the {what} {len(parts) - 1} times; it must write it exactly once, unaltered"
        )
    return parts[0], parts[1]


def _fit(write: Callable[[str], str], head: str, tail: str, content: str, what: str) -> _Located:
    """Where `content` lies, checked to the letter; templates may trim white space at its ends, nothing else."""
    text = write(content)
    for body in (content, content.strip(), content.lstrip(), content.rstrip()):
        if text == head + body + tail:
            return _Located(head, body, tail, content.index(body) if body else 0)
    raise TemplateProblem(f"the chat template alters the {what} ({len(content)} characters), so its tokens are unknown")
