"""The growth curve as an SVG, drawn from the numbers: time and peak memory against distinct tokens, log-log. Pure."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 48
INK, GRID, LINE, GUIDE = "#24292f", "#d0d7de", "#0b7285", "#868e96"


def growth_picture(points: Sequence[dict[str, Any]]) -> str:
    """Two panels side by side; the dashed line is exact proportion to the first point."""
    time = [(point["distinct_tokens"], point["median_s"]) for point in points]
    memory = [(point["distinct_tokens"], max(point["peak_bytes"], 1) / 1e6) for point in points]
    panels = _panel(time, 0, "Time, seconds", is_guided=True) + _panel(memory, WIDTH, "Peak memory over resident, MB")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}" width="{2 * WIDTH}" '
        f'height="{HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{panels}</svg>\n'
    )


def _panel(points: Sequence[tuple[float, float]], offset: int, title: str, *, is_guided: bool = False) -> str:
    xs, ys = _decades([x for x, _ in points]), _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - xs[0]) / (xs[-1] - xs[0])
        up = (log10(y) - ys[0]) / (ys[-1] - ys[0])
        return offset + LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text x="{offset + LEFT}" y="22" font-weight="600">{escape(title)}</text>']
    for decade in xs:
        x, low = place(10.0**decade, 10.0 ** ys[0])
        parts.append(_line([(x, low), (x, TOP)], GRID))
        parts.append(f'<text x="{x:.1f}" y="{low + 18:.1f}" text-anchor="middle">{_number(10.0**decade)}</text>')
    for decade in ys:
        left, y = place(10.0 ** xs[0], 10.0**decade)
        parts.append(_line([(left, y), (offset + WIDTH - RIGHT, y)], GRID))
        parts.append(f'<text x="{left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{_number(10.0**decade)}</text>')
    middle = offset + (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle">distinct tokens</text>')
    if is_guided:
        (x0, y0), (x1, _) = points[0], points[-1]
        parts.append(_line([place(x0, y0), place(x1, y0 * x1 / x0)], GUIDE, dashed=True))
    places = [place(x, y) for x, y in points]
    parts.append(_line(places, LINE, width=2))
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{LINE}"/>' for x, y in places]
    return "".join(parts)


def _decades(values: Sequence[float]) -> range:
    """Powers of ten around the values, at least one decade wide."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return range(low, max(high, low + 1) + 1)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _line(places: Sequence[tuple[float, float]], colour: str, *, width: int = 1, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'
