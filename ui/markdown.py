"""Untrusted Markdown as HTML that asks nobody for anything: headings, lists, tables, code and emphasis.

Links, images and HTML are not read at all: they stand as they were written, so nothing is fetched and nothing hides
behind a word. No LaTeX, no emoji names. Pure strings, no streamlit; `prose.py` shows the same text as written.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt

from services.reviews.rows import Message
from ui.prose import ROLE_WORDS, folded, prose, safe

NEVER_READ = ("link", "image", "autolink", "html_inline", "html_block", "reference", "entity")
FENCES = ("```", "~~~")


def rendered(text: str, *, fold_at: int = 3_000) -> str:
    """A block of Markdown, the tail of a long one behind "Show all"; text without any as `prose` shows it."""
    if not text.strip():
        return prose(text)
    head, tail = cut_between_blocks(text, fold_at)
    more = folded(_html(tail), len(text), "characters") if tail else ""
    return f'<div class="t-markdown" dir="auto">{_html(head)}{more}</div>'


def _html(text: str) -> str:
    return str(_reader().render(text.replace("\x00", "\ufffd")))


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "breaks": True})
    return reader.enable(["table", "strikethrough"]).disable(list(NEVER_READ))


def cut_between_blocks(text: str, fold_at: int) -> tuple[str, str]:
    """Head and tail at the last empty line before `fold_at` that stands outside a code fence; no tail for short text.

    A text without such a line is not cut: half a table or half a fence would read as something else.
    """
    if len(text) <= fold_at * 1.2:
        return text, ""
    at, best, is_fenced = 0, 0, False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith(FENCES):
            is_fenced = not is_fenced
        at += len(line)
        if at > fold_at:
            break
        if not is_fenced and not line.strip():
            best = at
    return (text[:best], text[best:]) if best else (text, "")


def conversation(messages: Sequence[Message]) -> str:
    """The prompt as a chat, its turns as Markdown."""
    turns = "".join(
        f'<div class="t-turn t-{message.role if message.role in ROLE_WORDS else "other"}"><span class="t-role">'
        f"{safe(ROLE_WORDS.get(message.role, message.role))}</span>{rendered(message.content)}</div>"
        for message in messages
    )
    return f'<div class="t-chat" tabindex="0" role="region" aria-label="Prompt">{turns}</div>'
