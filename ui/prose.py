"""Untrusted text as HTML: escaped, its direction found, long ones folded. Pure strings, no streamlit.

Everything a model, a file or a person wrote goes to the page through `safe`; nothing in it is ever interpreted (no
HTML, no Markdown, no LaTeX). Leaves out tokens (tokens.py) and whole candidates (candidates.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from services.reviews.rows import Message

FOLD_AT = 3_000  # characters shown before "show all"
LEAD_FROM, LEAD_KEPT = 1_500, 200  # characters: a lead so long is folded, so much of its end stays
ROLE_WORDS = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}


def safe(text: str) -> str:
    """Text as HTML that shows exactly that text, also inside an attribute."""
    return escape(text.replace("\x00", "\ufffd"), quote=True)


def prose(text: str, *, fold_at: int = FOLD_AT, lead: int = 0) -> str:
    """A block of text as written: line breaks kept, right-to-left found, the tail of a long one behind "Show all".

    `lead`: so many characters begin every response alike; a long lead is folded, so that what differs is in view.
    """
    if not text.strip():
        return f'<div class="t-prose t-empty">{"empty" if not text else "only white space"}</div>'
    start = lead_cut(text, lead)
    head, tail = cut(text[start:], fold_at)
    more = folded(safe(tail), len(text), "characters") if tail else ""
    return f'<div class="t-prose" dir="auto">{same_lead(safe(text[:start]), start)}{safe(head)}{more}</div>'


def lead_cut(text: str, lead: int) -> int:
    """Where a lead that all share may be folded: at white space, a line or two before it ends; 0 for a short one.

    >>> lead_cut("one two " * 300, 1_800)
    1600
    """
    if lead < LEAD_FROM:
        return 0
    end = lead - LEAD_KEPT
    return max(text.rfind(" ", 0, end), text.rfind("\n", 0, end)) + 1 or end


def same_lead(inner_html: str, n: int) -> str:
    """HTML of what all responses begin with, hidden until it is asked for; nothing where n is 0."""
    if not n:
        return ""
    words = f"The first {n:,} characters are the same in every response"
    return f'<details class="t-fold"><summary>{words}</summary>{inner_html}</details>…'


def folded(inner_html: str, n: int, unit: str) -> str:
    """HTML that is hidden until it is asked for; `n` says how much the whole is."""
    return f'<details class="t-fold"><summary>Show all ({n:,} {unit})</summary>{inner_html}</details>'


def cut(text: str, fold_at: int) -> tuple[str, str]:
    """Head and tail at the last white space before `fold_at`; a tail that would be short is not cut off.

    >>> cut("one two three four", 8)
    ('one two ', 'three four')
    """
    if len(text) <= fold_at * 1.2:
        return text, ""
    at = max(text.rfind(" ", fold_at // 2, fold_at), text.rfind("\n", fold_at // 2, fold_at)) + 1
    at = at or fold_at
    return text[:at], text[at:]


def conversation(messages: Sequence[Message]) -> str:
    """The prompt as a chat, turn by turn; a long one scrolls."""
    turns = "".join(_turn(message) for message in messages)
    return f'<div class="t-chat" tabindex="0" role="region" aria-label="Prompt">{turns}</div>'


def _turn(message: Message) -> str:
    role = message.role if message.role in ROLE_WORDS else "other"
    word = ROLE_WORDS.get(message.role, message.role)
    return f'<div class="t-turn t-{role}"><span class="t-role">{safe(word)}</span>{prose(message.content)}</div>'


def badge(text: str, *, kind: str = "quiet", title: str = "") -> str:
    """A small label. Kinds: quiet, warn, good."""
    hint = f' title="{safe(title)}"' if title else ""
    return f'<span class="t-badge t-badge-{kind}"{hint}>{safe(text)}</span>'
