"""Nectar: a transcript as `prompt`, and `answers`, each with its `rank` (1 is best; a float, ties may share one).

The published answers stand in the order of their ranks; their places are drawn from the row's content, and the
metadata's `file_order` remembers where each stood. `source` becomes the subset.
"""

from __future__ import annotations

from typing import Any

from services.formats import pairs
from services.formats.drafts import NULL_RESPONSE, SUBSET_LIMIT, CandidateDraft, Fields, ItemDraft, Message, make_item
from services.formats.messages import finish_prompt, is_message_list, kind_of, parse_prompt, read_number, require_text
from services.formats.problems import BadRow
from services.formats.transcripts import is_transcript_prompt, read_transcript_prompt

USED = frozenset({"prompt", "answers"})


def matches(row: Fields) -> bool:
    """Whether there is a prompt with a list of answers that carry a text."""
    answers = row.get("answers")
    return "prompt" in row and is_message_list(answers) and all("answer" in part for part in answers or ())


def explain(_row: Fields) -> str:
    """What the columns mean; {n} becomes the number of responses."""
    return f"each a prompt with {{n}} ranked answers, rank 1 is best; {pairs.SAID_OF_MANY}"


def parse(row: Fields) -> ItemDraft:
    """One item with as many candidates as there are answers.

    Raises:
        BadRow: no prompt, answers that are no list, an answer that is not text, a rank that is not a number.
    """
    notes: list[str] = []
    prompt = finish_prompt(_prompt(row.get("prompt")), notes)
    given = row.get("answers")
    if not isinstance(given, list):
        raise BadRow(f"answers is {kind_of(given)}; it must be a list")
    inside = [_parse_answer(value, n) for n, value in enumerate(given, 1) if value is not None]
    if len(inside) < len(given):
        notes.append(NULL_RESPONSE)
    order = pairs.drawn_order(prompt, [candidate.text for candidate in inside])
    kept = {**row, pairs.FILE_ORDER: order}
    used, subset = USED, _subset(row.get("source"))
    if subset and "subset" not in row:
        kept["subset"], used = subset, USED | {"source"}
    return make_item(prompt, [inside[place] for place in order], row=kept, used=used, notes=notes)


def _prompt(value: Any) -> list[Message]:
    is_transcript = isinstance(value, str) and is_transcript_prompt(value)
    return read_transcript_prompt(value) if is_transcript else parse_prompt(value)


def _parse_answer(value: Any, n: int) -> CandidateDraft:
    if not isinstance(value, dict):
        raise BadRow(f"answer {n} is {kind_of(value)}; it must be an object with answer and rank")
    model = value.get("model")
    return CandidateDraft(
        require_text(value.get("answer"), f"the text of answer {n}"),
        source_model=model if isinstance(model, str) and model else None,
        gold_rank=read_number(value.get("rank"), f"the rank of answer {n}"),
    )


def _subset(source: Any) -> str | None:
    """The sources in one label; None when they make none that fits."""
    parts = [part for part in source if isinstance(part, str)] if isinstance(source, list) else [source]
    label = " + ".join(part for part in parts if isinstance(part, str) and part.strip())
    return label if 0 < len(label) <= SUBSET_LIMIT else None
