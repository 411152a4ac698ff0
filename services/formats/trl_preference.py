"""TRL preference rows: `chosen` and `rejected`, as texts or messages, with an explicit `prompt` or one they share.

https://huggingface.co/docs/trl/dataset_formats, "Preference". A text prompt that is a transcript waiting for its reply
(our own trl-standard export of a conversation) is read as turns.
"""

from __future__ import annotations

from typing import Any

from services.formats import pairs
from services.formats.drafts import Fields, ItemDraft, Message, make_item
from services.formats.messages import (
    finish_prompt,
    is_message_list,
    parse_messages,
    parse_prompt,
    read_number,
    reply_text,
    require_text,
    split_conversations,
)
from services.formats.problems import BadRow
from services.formats.transcripts import is_transcript_prompt, read_transcript_prompt

CERTIFICATE = ("certificate_sha256", "certificate_json")  # of our own exports: it speaks of the dataset it came from
USED = frozenset({"prompt", "chosen", "rejected", "score_chosen", "score_rejected", *CERTIFICATE})


def matches(row: Fields) -> bool:
    """Whether there are two sides."""
    return {"chosen", "rejected"} <= row.keys()


def explain(row: Fields) -> str:
    """What the columns mean, told from one row."""
    prompt = "explicit prompt" if row.get("prompt") else "the prompt is what chosen and rejected share"
    kind = "messages" if is_message_list(row.get("chosen")) else "texts"
    return f"{prompt}, chosen (better) and rejected as {kind}; {pairs.SAID}"


def parse(row: Fields) -> ItemDraft:
    """One item with two candidates.

    Raises:
        BadRow: a side is missing or of another kind than the other, or no prompt can be told.
    """
    notes: list[str] = []
    prompt, chosen, rejected = _split(row, notes)
    prompt = finish_prompt(prompt, notes)
    candidates = pairs.better_and_worse(
        prompt,
        chosen,
        rejected,
        chosen_score=read_number(row.get("score_chosen"), "score_chosen"),
        rejected_score=read_number(row.get("score_rejected"), "score_rejected"),
    )
    return make_item(prompt, candidates, row=row, used=USED, notes=notes)


def _split(row: Fields, notes: list[str]) -> tuple[list[Message], str, str]:
    chosen, rejected = row.get("chosen"), row.get("rejected")
    if is_message_list(chosen) and is_message_list(rejected):
        return _split_messages(row.get("prompt"), chosen, rejected, notes)
    chosen, rejected = require_text(chosen, "chosen"), require_text(rejected, "rejected")
    prompt = row.get("prompt")
    if prompt is None:
        return _split_texts(chosen, rejected)
    if isinstance(prompt, str) and is_transcript_prompt(prompt):
        return read_transcript_prompt(prompt), chosen.removeprefix(" "), rejected.removeprefix(" ")
    return parse_prompt(prompt), chosen, rejected


def _split_messages(prompt: Any, chosen: Any, rejected: Any, notes: list[str]) -> tuple[list[Message], str, str]:
    """Whole conversations carry their prompt (UltraFeedback repeats its first turn as `prompt`); replies do not."""
    sides = parse_messages(chosen, "chosen"), parse_messages(rejected, "rejected")
    if all(side[0]["role"] != "assistant" for side in sides):
        return split_conversations(*sides, notes)
    if prompt is None:
        raise BadRow("chosen and rejected begin with an assistant turn and there is no prompt")
    return parse_prompt(prompt), reply_text(sides[0], "chosen"), reply_text(sides[1], "rejected")


def _split_texts(chosen: str, rejected: str) -> tuple[list[Message], str, str]:
    """Two texts that begin alike: the shared beginning, up to a whole word, is the prompt."""
    if chosen == rejected:
        raise BadRow("there is no prompt column, and chosen and rejected are the same text")
    end = 0
    for n, (one, other) in enumerate(zip(chosen, rejected, strict=False)):
        if one != other:
            break
        end = n if one.isspace() else end
    prompt = chosen[:end].strip()
    if not prompt:
        raise BadRow("there is no prompt column, and chosen and rejected share no beginning that could be the prompt")
    return [{"role": "user", "content": prompt}], chosen[end:].strip(), rejected[end:].strip()
