"""The pair map as an SVG, drawn from its numbers: the heat map, and the gap against accuracy. Pure."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor
from typing import Any

CELL, LEFT, TOP, RIGHT_PANEL = 52, 92, 78, 470
INK, GRID, POINT, GUIDE = "#24292f", "#d0d7de", "#0b7285", "#868e96"
LOW, MIDDLE, HIGH = (0xA3, 0x4B, 0x0F), (0x6F, 0x6A, 0x63), (0x11, 0x66, 0x60)
PLOT_LEFT, PLOT_BOTTOM = 58, 46


def map_picture(shown: dict[str, Any]) -> str:
    """Both panels side by side; white ground, so that it is read on a dark page too."""
    names = [model["name"] for model in sorted(shown["models"], key=lambda model: -model["performance"])]
    size = CELL * len(names)
    width, height = LEFT + size + 40 + RIGHT_PANEL, TOP + size + 16
    panels = _heat(shown, names) + _gaps(shown, offset=LEFT + size + 40, height=height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{panels}</svg>\n'
    )


def _heat(shown: dict[str, Any], names: Sequence[str]) -> str:
    place = {name: index for index, name in enumerate(names)}
    middle = 100 * shown["baselines"]["random"]["value"]
    values = [100 * pair["accuracy"]["value"] for pair in shown["pairs"]]
    span = max(5.0, *(abs(value - middle) for value in values))
    parts = [_text(8, 20, "Best response right, %: strong (down) over weak (across)", weight=600)]
    for name, index in place.items():
        x, y = LEFT + CELL * index + CELL / 2, TOP + CELL * index + CELL / 2 + 4
        parts.append(f'<text x="{x:.1f}" y="{TOP - 8}" transform="rotate(-35 {x:.1f} {TOP - 8})">{escape(name)}</text>')
        parts.append(_text(LEFT - 8, y, name, anchor="end"))
    for pair, value in zip(shown["pairs"], values, strict=True):
        x, y = LEFT + CELL * place[pair["weak"]], TOP + CELL * place[pair["strong"]]
        colour = _colour((value - middle) / span)
        parts.append(f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" fill="{colour}"/>')
        parts.append(_text(x + CELL / 2, y + CELL / 2 + 5, f"{value:.0f}", anchor="middle", fill="#ffffff", size=14))
    return "".join(parts)


def _gaps(shown: dict[str, Any], *, offset: int, height: int) -> str:
    points = [(pair["gap"], pair["accuracy"]) for pair in shown["pairs"]]
    far = max(abs(gap) for gap, _ in points) * 1.08 or 1.0
    low = 10 * floor(10 * min(share["low"] for _, share in points))
    high = 10 * ceil(10 * max(share["high"] for _, share in points))
    bottom = height - PLOT_BOTTOM

    def at(gap: float, percent: float) -> tuple[float, float]:
        across = (gap + far) / (2 * far)
        up = (percent - low) / (high - low)
        return offset + PLOT_LEFT + across * (RIGHT_PANEL - PLOT_LEFT - 16), bottom - up * (bottom - 40)

    parts = [_text(offset, 20, "Performance gap against accuracy, a point for each pair", weight=600)]
    for percent in range(low, high + 1, 20 if high - low > 60 else 10):
        (x0, y), (x1, _) = at(-far, percent), at(far, percent)
        parts.append(_line([(x0, y), (x1, y)], GRID))
        parts.append(_text(x0 - 6, y + 4, f"{percent} %", anchor="end"))
    for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
        x, y = at(share * far / 1.08, low)
        parts.append(_text(x, y + 16, f"{share * far / 1.08:+.2f}", anchor="middle"))
    parts.append(_line([at(0, low), at(0, high)], GRID))
    middle = 100 * shown["baselines"]["random"]["value"]
    parts.append(_line([at(-far, middle), at(far, middle)], GUIDE, is_dashed=True))
    parts.append(_text(at(far, middle)[0], at(far, middle)[1] - 5, "at random", anchor="end", fill=GUIDE))
    for gap, share in points:
        x, y = at(gap, 100 * share["value"])
        parts.append(_line([at(gap, 100 * share["low"]), at(gap, 100 * share["high"])], GUIDE))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{POINT}"/>')
    middle_x = offset + (PLOT_LEFT + RIGHT_PANEL - 16) / 2
    parts.append(_text(middle_x, height - 10, "strong minus weak, each model's own share right", anchor="middle"))
    return "".join(parts)


def _colour(place: float) -> str:
    """-1 is LOW, 0 is MIDDLE, 1 is HIGH."""
    end = HIGH if place > 0 else LOW
    mixed = [round(m + (e - m) * min(1.0, abs(place))) for m, e in zip(MIDDLE, end, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", fill: str = INK, weight: int = 400, size: int = 12
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}" '
        f'font-size="{size}">{escape(words)}</text>'
    )


def _line(places: Sequence[tuple[float, float]], colour: str, *, is_dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if is_dashed else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1"{dash}/>'
