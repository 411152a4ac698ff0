"""From messages and responses to token requests: which ids go to the model, and which of them are the response.

    prompt_ids   the same for every candidate of an item, or their rewards could not be compared
    whole        the whole rendered conversation is tokenized; offsets say which tokens are the response's
    is_split     the response would merge into the prompt's last token: it is tokenized after prompt_ids instead

Control-token text inside messages and responses stays plain text (control_tokens.py). Nothing is truncated: what does
not fit is NotWeighed with its numbers. Weighs nothing (engine/plain.py).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

from scoring.encoder import EncodedText, TextEncoder
from scoring.errors import TemplateProblem
from scoring.protocol import LogprobRequest
from scoring.rendering import ChatWriter, Message, OpenTurn, Rendered, template_of

__all__ = [
    "EncodedCandidate",
    "EncodedItem",
    "NotWeighed",
    "Rendered",
    "check_template",
    "encode",
    "encode_prompt_check",
    "render",
]


@dataclass(frozen=True, slots=True)
class EncodedCandidate:
    """One response ready to be weighed.

    token_spans: for each response token its characters [start, end) in the response as given; tokens of the end of
        turn (the last `end_token_count`) lie after len(response). White space the template puts before a response
        is part of its first token, or a token of its own with the span (0, 0).
    is_split: tokenized after the prompt's ids because whole it would have merged into them.
    text: the text sent to the model, from the first character of the prompt.
    has_control_text: the response spells a control token; it was encoded as plain text.
    """

    request: LogprobRequest
    is_split: bool
    token_spans: tuple[tuple[int, int], ...]
    end_token_count: int
    text: str
    has_control_text: bool = False


@dataclass(frozen=True, slots=True)
class NotWeighed:
    """Why a response cannot be weighed: the kind, and one line with the numbers."""

    reason: Literal["empty response", "too long", "template"]
    detail: str


@dataclass(frozen=True, slots=True)
class EncodedItem:
    """One item for one model. end_of_turn_ids: what ends a response, where a sampler stops; may be empty."""

    prompt_text: str
    prompt_ids: tuple[int, ...]
    candidates: tuple[EncodedCandidate | NotWeighed, ...]
    end_of_turn_ids: tuple[int, ...] = ()


def encode(
    tokenizer: Any,
    messages: Sequence[Message],
    responses: Sequence[str],
    *,
    instruction: str,
    count_end_of_turn: bool = True,
    context_limit: int,
    template_tokenizer: Any = None,
    system_role: bool | None = None,
) -> EncodedItem:
    """All candidates of one item for one model; with no responses, just the prompt (for sampling).

    Args:
        instruction: the criteria; "" for none.
        context_limit: tokens of prompt and response together.
        template_tokenizer: whose chat template renders (the strong model's); None: the tokenizer's own.
        system_role: whether that template has one; None: tried.

    Raises:
        TemplateProblem: the template refuses this item's messages; the item cannot be weighed, others may be.
    """
    writer = _writer(tokenizer, template_tokenizer, system_role)
    turn = writer.open_turn(_marked(writer.encoder, messages), writer.encoder.control.mark(instruction))
    prompt = writer.encoder.encode(turn.prompt_text)
    if not prompt.ids:
        raise TemplateProblem("the prompt has no token to condition on; use a template or tokenizer that begins a turn")
    candidates = tuple(
        _candidate(turn, prompt, response, count_end_of_turn=count_end_of_turn, context_limit=context_limit)
        for response in responses
    )
    end_ids = writer.encoder.encode_continuation(turn.end_of_turn).ids if turn.end_of_turn else ()
    return EncodedItem(writer.encoder.control.unmark(turn.prompt_text), prompt.ids, candidates, end_ids)


def encode_prompt_check(
    tokenizer: Any,
    messages: Sequence[Message],
    *,
    instruction: str = "",
    context_limit: int,
    template_tokenizer: Any = None,
    system_role: bool | None = None,
) -> LogprobRequest | None:
    """The tokens of the last user message's content as a request, to see how likely the pair finds the prompt.

    None when there is no such token or the text does not fit. Raises TemplateProblem like `encode`.
    """
    writer = _writer(tokenizer, template_tokenizer, system_role)
    marked = writer.encoder.control.mark(instruction)
    text, start = writer.locate_last_user(_marked(writer.encoder, messages), marked)
    encoded = writer.encoder.encode(text)
    is_content = tuple(index > 0 and end > max(start, begin) for index, (begin, end) in enumerate(encoded.offsets))
    if not any(is_content) or len(encoded.ids) > context_limit:
        return None
    return LogprobRequest(encoded.ids, is_content)


def render(
    tokenizer: Any,
    messages: Sequence[Message],
    response: str,
    *,
    instruction: str,
    count_end_of_turn: bool,
    template_tokenizer: Any = None,
    system_role: bool | None = None,
) -> Rendered:
    """The exact text for one response, with the response's place in it. Raises TemplateProblem."""
    writer = _writer(tokenizer, template_tokenizer, system_role)
    control = writer.encoder.control
    turn = writer.open_turn(_marked(writer.encoder, messages), control.mark(instruction))
    rendered = turn.close(control.mark(response), count_end_of_turn=count_end_of_turn)
    places = (rendered.response_start, rendered.response_end, rendered.text_end, rendered.prompt_end, rendered.lead)
    return Rendered(control.unmark(rendered.text), *places)


def check_template(tokenizer: Any, *, template_tokenizer: Any = None, system_role: bool | None = None) -> None:
    """Try the template on a plain exchange, before a run begins. Raises TemplateProblem if no item could work."""
    item = encode(
        tokenizer,
        [{"role": "user", "content": "Hello?"}],
        ["Hello."],
        instruction="Be kind.",
        context_limit=1_000_000,
        template_tokenizer=template_tokenizer,
        system_role=system_role,
    )
    for candidate in item.candidates:
        if isinstance(candidate, NotWeighed):
            raise TemplateProblem(candidate.detail)


def _candidate(
    turn: OpenTurn, prompt: EncodedText, response: str, *, count_end_of_turn: bool, context_limit: int
) -> EncodedCandidate | NotWeighed:
    if not response:
        return NotWeighed("empty response", "the response has 0 characters; there is nothing to weigh")
    control = turn.writer.encoder.control
    try:
        marked = control.mark(response)
        rendered = turn.close(marked, count_end_of_turn=count_end_of_turn)
    except TemplateProblem as problem:
        return NotWeighed("template", str(problem))
    tokens, is_split = _response_tokens(turn.writer.encoder, rendered, prompt)
    ends = [_is_end(turn.writer.encoder, rendered, i, span) for i, span in zip(tokens.ids, tokens.offsets, strict=True)]
    has_text = any(
        not is_end and end > rendered.response_start for is_end, (_, end) in zip(ends, tokens.offsets, strict=True)
    )
    if not has_text:
        detail = f"no token is left of the response's {len(response)} characters of white space; nothing to weigh"
        return NotWeighed("empty response", detail)
    total = len(prompt.ids) + len(tokens.ids)
    if total > context_limit:
        return NotWeighed(
            "too long",
            f"{total} tokens (prompt {len(prompt.ids)}, response {len(tokens.ids)}) exceed the context limit of "
            f"{context_limit}; shorten them or choose a model with a longer context",
        )
    mask = (False,) * len(prompt.ids) + (True,) * len(tokens.ids)
    return EncodedCandidate(
        request=LogprobRequest(prompt.ids + tokens.ids, mask),
        is_split=is_split,
        token_spans=_spans(tokens, ends, rendered, len(response)),
        end_token_count=sum(ends),
        text=control.unmark(rendered.text),
        has_control_text=marked != response,
    )


def _response_tokens(encoder: TextEncoder, rendered: Rendered, prompt: EncodedText) -> tuple[EncodedText, bool]:
    """The tokens after the prompt's, with offsets into the whole text, and whether they had to be split off."""
    whole = encoder.encode(rendered.text)
    size = len(prompt.ids)
    begins_after = all(start >= rendered.prompt_end for start, _ in whole.offsets[size : size + 1])
    if whole.ids[:size] == prompt.ids and begins_after:
        return EncodedText(whole.ids[size:], whole.offsets[size:]), False
    rest = encoder.encode_continuation(rendered.text[rendered.prompt_end :])
    shift = rendered.prompt_end
    return EncodedText(rest.ids, tuple((start + shift, end + shift) for start, end in rest.offsets)), True


def _is_end(encoder: TextEncoder, rendered: Rendered, token_id: int, span: tuple[int, int]) -> bool:
    """Whether a token is the end of turn's: after the text, or a control token that swallowed its last white space."""
    start, end = span
    return start >= rendered.text_end or (token_id in encoder.control_ids and end > rendered.text_end)


def _spans(tokens: EncodedText, ends: Sequence[bool], rendered: Rendered, length: int) -> tuple[tuple[int, int], ...]:
    """Token offsets as spans of the response as given, before any trimming by the template."""

    def in_response(position: int) -> int:
        inside = min(max(position, rendered.response_start), rendered.text_end)
        return inside - rendered.response_start + (rendered.lead if position > rendered.response_start else 0)

    def after(position: int) -> int:
        return length + max(position - rendered.text_end, 0)

    return tuple(
        (after(start), after(end)) if is_end else (in_response(start), in_response(end))
        for is_end, (start, end) in zip(ends, tokens.offsets, strict=True)
    )


def _marked(encoder: TextEncoder, messages: Sequence[Message]) -> list[Message]:
    """The messages with control text replaced by stand-ins; roles and contents must be texts."""
    for message in messages:
        if not isinstance(message.get("role"), str) or not isinstance(message.get("content"), str):
            raise TemplateProblem(f"a message has the keys {sorted(message)}; it needs role and content, both texts")
    return [{"role": message["role"], "content": encoder.control.mark(message["content"])} for message in messages]


_writers: WeakKeyDictionary[Any, dict[tuple[str, bool | None], ChatWriter]] = WeakKeyDictionary()
_writers_lock = threading.Lock()


def _writer(tokenizer: Any, template_tokenizer: Any, system_role: bool | None) -> ChatWriter:
    """The writer for this tokenizer and template, made once; it goes when the tokenizer goes."""
    source = tokenizer if template_tokenizer is None else template_tokenizer
    key = (template_of(source), system_role)
    with _writers_lock:
        by_template = _writers.setdefault(tokenizer, {})
        if key not in by_template:
            by_template[key] = ChatWriter(tokenizer, template_tokenizer=source, system_role=system_role)
        return by_template[key]
