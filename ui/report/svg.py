"""Small figures as inline SVG: no script, no font, no file; colours are classes of the report's style sheet.

Pure strings. A figure carries its words (`aria-label`), so that it can be read without being seen. Every text is
escaped. Leaves out what is drawn (figures.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ui.prose import safe

LABEL_LIMIT = 24  # characters of a name beside an axis; the whole name is its tooltip

Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the plot lies inside the figure, in pixels of the view box."""

    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def inner_width(self) -> int:
        """Between the axes."""
        return self.width - self.left - self.right

    @property
    def inner_height(self) -> int:
        """Between the axes."""
        return self.height - self.top - self.bottom


def figure(frame: Frame, parts: Sequence[str], *, label: str) -> str:
    """The whole figure; it shrinks with the page and never grows."""
    return (
        f'<svg class="fig" viewBox="0 0 {frame.width} {frame.height}" style="max-width:{frame.width}px" role="img" '
        f'aria-label="{safe(label)}">{"".join(parts)}</svg>'
    )


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """Values low..high to pixels start..end; what lies outside stays at the edge."""
    span = high - low or 1.0

    def to_pixel(value: float) -> float:
        return start + (min(max(value, low), high) - low) / span * (end - start)

    return to_pixel


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start", title: str = "") -> str:
    """A line of text; `kind` are classes."""
    hint = f"<title>{safe(title)}</title>" if title else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{hint}{safe(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, kind: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def dot(x: float, y: float, *, radius: float = 5, kind: str, title: str = "") -> str:
    """A round mark with its tooltip."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="{kind}"><title>{safe(title)}</title></circle>'


def bar(x: float, y: float, width: float, height: float, *, kind: str, title: str = "", opacity: float = 1.0) -> str:
    """A filled rectangle with its tooltip."""
    shade = "" if opacity >= 1 else f' fill-opacity="{opacity:.2f}"'
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" class="{kind}"{shade}>'
        f"<title>{safe(title)}</title></rect>"
    )


def path(points: Sequence[tuple[float, float]], *, kind: str) -> str:
    """A line through points; nothing for fewer than two."""
    if len(points) < 2:
        return ""
    steps = " ".join(f"{'M' if n == 0 else 'L'}{x:.1f} {y:.1f}" for n, (x, y) in enumerate(points))
    return f'<path d="{steps}" class="{kind}"/>'


def x_axis(frame: Frame, to_x: Scale, ticks: Sequence[tuple[float, str]], title: str) -> list[str]:
    """Grid lines, numbers and the axis title below the plot."""
    bottom = frame.height - frame.bottom
    parts = [line(to_x(value), frame.top, to_x(value), bottom, kind="grid") for value, _ in ticks]
    parts += [text(to_x(value), bottom + 16, words, kind="tick", anchor="middle") for value, words in ticks]
    return [*parts, text(frame.left + frame.inner_width / 2, bottom + 34, title, kind="axis", anchor="middle")]


def y_axis(frame: Frame, to_y: Scale, ticks: Sequence[tuple[float, str]], title: str) -> list[str]:
    """Grid lines and numbers to the left of the plot, the title above it."""
    right = frame.width - frame.right
    parts = [line(frame.left, to_y(value), right, to_y(value), kind="grid") for value, _ in ticks]
    parts += [text(frame.left - 7, to_y(value) + 4, words, kind="tick", anchor="end") for value, words in ticks]
    return [*parts, text(frame.left, frame.top - 10, title, kind="axis")]


def cut(words: str, limit: int = LABEL_LIMIT) -> str:
    """A name short enough to stand beside an axis, on one line."""
    shown = " ".join(words.split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def steps(high: float, *, n: int = 5) -> list[float]:
    """About `n` round numbers from 0 to at least `high`.

    >>> steps(0.13)
    [0.0, 0.05, 0.1, 0.15]
    """
    if high <= 0:
        return [0.0, 1.0]
    raw, power = high / n, 1.0
    while power > raw:
        power /= 10
    while power * 10 <= raw:
        power *= 10
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * (1 - 1e-9))
    count = round(high / step + 0.4999)
    return [round(step * place, 12) for place in range(max(count, 1) + 1)]
