"""Two responses side by side as HTML: what differs is marked, long stretches that are the same are folded away.

    A                                       B
    They come to [21.50] in all.            They come to [22.50] in all.
    ------------------ 120 words the same, show ------------------
    ... and so on

What begins a text and is the same is folded too, so the first difference is always in view. Pure strings, no
streamlit; every text is escaped. Leaves out the choice of the two (compare.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.comparison import Comparison, Moved, Movement, Stretch, compare, first_difference, pieces
from ui.prose import safe
from ui.tokens import nats
from ui.wording import count

FOLD_FROM, KEPT = 40, 12  # words: a stretch that long is folded, so many of it stay on either side
OPEN, CLOSE = "\ue000", "\ue001"  # stand for a mark while Markdown is read; no text may hold them
TAG = re.compile(r"<[^>]*>")
WORD = re.compile(r"\w")


def columns_html(heads: tuple[str, str], comparison: Comparison) -> str:
    """Both texts as they were written. `heads` are HTML."""
    rows = "".join(_row(left, right, n_folded) for left, right, n_folded in _rows(comparison))
    head = "".join(f'<div class="t-cell t-cellhead">{one}</div>' for one in heads)
    return f'<div class="t-compare">{head}{rows}</div>'


def _row(left: str, right: str, n_folded: int) -> str:
    """A stretch of the two columns, or one that is folded over both (`left` is what it says)."""
    if n_folded:
        words = count(n_folded, "word")
        return (
            f'<details class="t-same"><summary>{words} the same</summary>'
            f'<div class="t-prose" dir="auto">{left}</div></details>'
        )
    cells = (f'<div class="t-cell t-prose" dir="auto">{text}</div>' for text in (left, right))
    return "".join(cells)


def _rows(comparison: Comparison) -> Iterator[tuple[str, str, int]]:
    """(left HTML, right HTML, 0) or (folded HTML, "", words)."""
    left, right = "", ""
    last = len(comparison.stretches) - 1
    for place, stretch in enumerate(comparison.stretches):
        if not stretch.is_same:
            left += _marked("del", stretch.left)
            right += _marked("ins", stretch.right)
            continue
        words, others = pieces(stretch.left), pieces(stretch.right)
        start, end = (0 if place == 0 else KEPT), len(words) - (0 if place == last else KEPT)
        if len(words) < FOLD_FROM or end - start < FOLD_FROM - 2 * KEPT or last == 0:
            left, right = left + safe(stretch.left), right + safe(stretch.right)
            continue
        left, right = left + safe("".join(words[:start])), right + safe("".join(others[:start]))
        if left or right:
            yield left, right, 0
        yield safe("".join(words[start:end])), "", end - start
        left, right = safe("".join(words[end:])), safe("".join(others[end:]))
    if left or right:
        yield left, right, 0


def _marked(tag: str, text: str) -> str:
    """What one text has and the other has not; a lone line break has a sign of its own."""
    if not text:
        return ""
    said, space = text.rstrip(), text[len(text.rstrip()) :]
    if not said:
        said, space = space.replace("\n", "↵\n"), ""
    return f'<{tag} class="t-{tag}">{safe(said)}</{tag}>{safe(space)}'


def rendered_html(heads: tuple[str, str], left: str, right: str) -> str:
    """Both texts as Markdown, words that differ marked, the paragraphs that both begin with folded away."""
    from ui.markdown import rendered  # the parser is loaded when somebody first asks for it

    left, right = _clean(left), _clean(right)
    lead = left.rfind("\n\n", 0, first_difference([left, right])) + 1
    lead = lead if len(pieces(left[:lead])) >= FOLD_FROM and left[:lead].count("```") % 2 == 0 else 0
    comparison = compare(left[lead:], right[lead:])
    cells = []
    for tag, side in (("del", "left"), ("ins", "right")):
        text = "".join(_sentinels(stretch, side) for stretch in comparison.stretches)
        cells.append(_with_marks(rendered(text, fold_at=len(text) + 1), tag))
    head = "".join(f'<div class="t-cell t-cellhead">{one}</div>' for one in heads)
    fold = ""
    if lead:
        begun = rendered(left[:lead], fold_at=lead + 1)
        words = count(len(pieces(left[:lead])), "word")
        fold = f'<details class="t-same"><summary>{words} the same</summary>{begun}</details>'
    body = "".join(f'<div class="t-cell">{cell}</div>' for cell in cells)
    return f'<div class="t-compare">{head}{fold}{body}</div>'


def _clean(text: str) -> str:
    return text.replace(OPEN, "\ufffd").replace(CLOSE, "\ufffd")


def _sentinels(stretch: Stretch, side: str) -> str:
    """The stretch with a sign round each word that differs; the signs of Markdown stay, so it reads the same."""
    text: str = getattr(stretch, side)
    if stretch.is_same:
        return text
    return "".join(
        f"{OPEN}{piece.rstrip()}{CLOSE}{piece[len(piece.rstrip()) :]}" if WORD.match(piece) else piece
        for piece in pieces(text)
    )


def _with_marks(html: str, tag: str) -> str:
    """The signs as marks; those that came to stand inside a tag (the language of a code block) are dropped."""
    bare = TAG.sub(lambda found: found[0].replace(OPEN, "").replace(CLOSE, ""), html)
    return bare.replace(OPEN, f'<{tag} class="t-{tag}">').replace(CLOSE, f"</{tag}>")


def movement_html(movement: Movement, *, suggested: str, other: str, is_wrong: bool, left: str) -> str:
    """The words that put the suggested response ahead, the largest first, with how far each moved the reward.

    Args:
        suggested, other: letters of the two; `left` is the one in the left column, whose marks it shares.
        is_wrong: the other one is what the person chose.
    """
    title = f"What put {suggested} ahead of {other}"
    if is_wrong:
        title = f"What made the run prefer {suggested} to your choice {other}"
    largest = max((one.nats for one in movement.moved), default=0.0) or 1.0
    rows = "".join(_moved_row(one, largest, letters=(suggested, other), left=left) for one in movement.moved)
    gap = f"{nats(movement.gap)} nats between them, summed over tokens"
    rest = f'<div class="t-muted">{gap}; all other words together {nats(movement.rest)}.</div>'
    return f'<section class="t-moved"><h4>{safe(title)}</h4><ol>{rows}</ol>{rest}</section>'


def _moved_row(one: Moved, largest: float, *, letters: tuple[str, str], left: str) -> str:
    suggested, other = letters
    if one.is_end:
        where = f"the end of {suggested}'s turn"
    elif one.is_shared:
        where = f"in both, weighs more in {suggested}"
    else:
        where = f"in {suggested}" if one.in_suggested else f"in {other}, held it back"
    tag = "del" if (suggested if one.in_suggested else other) == left else "ins"
    text = safe(one.before) + _marked(tag, one.word or "end") + safe(one.after)
    width = 100 * one.nats / largest
    return (
        f'<li><span class="t-track"><span class="t-bar t-plus" style="left:0;width:{width:.0f}%"></span></span>'
        f'<b class="t-mono">{nats(one.nats)}</b><span class="t-context" dir="auto">{text}</span>'
        f'<span class="t-muted">{safe(where)}</span></li>'
    )
