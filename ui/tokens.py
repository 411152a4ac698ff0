"""The token view: a response in pieces, each coloured by strong minus weak log-prob. Pure strings, no streamlit.

Blue pulls the reward up, orange pulls it down: told apart by every common kind of colour blindness. Six steps each way,
narrow near zero, so that small differences still show next to one large token. Exact numbers stand in `title`.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.token_views import TokenSpan, TokenView
from ui.prose import folded, safe

STEPS = 6
FOLD_AT_SPANS = 1_200  # spans shown before "show all"
MINUS = "\N{MINUS SIGN}"


def nats(value: float, *, digits: int = 2) -> str:
    """A signed number with a true minus: +1.25, −0.40, 0.00.

    >>> nats(1.25), nats(-0.4), nats(-0.0001)
    ('+1.25', '−0.40', '0.00')
    """
    shown = f"{abs(value):.{digits}f}"
    if float(shown) == 0:
        return shown
    return ("+" if value > 0 else MINUS) + shown


def scale_of(views: Iterable[TokenView | None]) -> float:
    """The largest absolute difference among the views, in nats: the end of their common colour scale; never 0."""
    return max((view.max_abs_delta for view in views if view is not None), default=0.0) or 1.0


def step(delta: float, scale: float) -> int:
    """The colour step of a difference, -6 to 6: the square root of its share of the scale.

    >>> [step(delta, 9.0) for delta in (9.0, 2.25, 0.0, -2.25, -9.0)]
    [6, 3, 0, -3, -6]
    """
    size = round(STEPS * min(1.0, abs(delta) / scale) ** 0.5)
    return size if delta >= 0 else -size


def token_html(view: TokenView, scale: float) -> str:
    """A response coloured piece by piece, white space visible, the end of the turn as a small mark."""
    shown = "".join(_span(span, scale) for span in view.spans[:FOLD_AT_SPANS])
    rest = "".join(_span(span, scale) for span in view.spans[FOLD_AT_SPANS:])
    tail = folded(rest, len(view.spans), "pieces") if rest else ""
    notes = "".join(f'<div class="t-note">{safe(note)}</div>' for note in view.notes)
    return f'<div class="t-prose t-tokens" dir="auto">{shown}{tail}</div>{notes}'


def _span(span: TokenSpan, scale: float) -> str:
    level = step(span.delta, scale)
    colour = f"p{level}" if level > 0 else f"n{-level}" if level < 0 else "z"
    numbers = f"strong {nats(span.strong, digits=3)} · weak {nats(span.weak, digits=3)}"
    name = "end of turn" if span.is_end else f"“{_visible(span.text)}”"
    title = f"{safe(name)} {numbers} · difference {nats(span.delta, digits=3)} nats"
    if span.is_end:
        return f'<i class="t-end {colour}" title="{title}">end</i>'
    return f'<i class={colour} title="{title}">{_marked(span.text)}</i>'


def _visible(text: str) -> str:
    return text.replace("\n", "↵").replace("\t", "⇥")


def _marked(text: str) -> str:
    """Escaped text in which line breaks, tabs and lone white space can be seen."""
    if text and not text.strip(" "):
        return "<s>" + "·" * len(text) + "</s>"
    return safe(text).replace("\t", "<s>⇥</s>\t").replace("\n", "<s>↵</s>\n")


def legend_html(scale: float) -> str:
    """The colour scale with its numbers: what each step stands for, in nats."""
    ends = [(k / STEPS) ** 2 * scale for k in range(1, STEPS + 1)]
    down = [_swatch(f"n{k}", -ends[k - 1]) for k in range(STEPS, 0, -1)]
    up = [_swatch(f"p{k}", ends[k - 1]) for k in range(1, STEPS + 1)]
    return (
        '<div class="t-legend"><span>weak model prefers it</span>'
        f'<span class="t-mono">{nats(-scale)}</span><span class="t-scale t-tokens">{"".join(down)}'
        f'{_swatch("z", 0.0)}{"".join(up)}</span><span class="t-mono">{nats(scale)}</span>'
        "<span>strong model prefers it</span><span class='t-muted'>nats per piece; hover for exact numbers</span></div>"
    )


def _swatch(colour: str, value: float) -> str:
    return f'<i class={colour} title="{nats(value)} nats">&nbsp;</i>'
