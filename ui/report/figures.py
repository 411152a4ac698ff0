"""The report's figures: sections of a certificate in, inline SVG out. Empty data gives "".

Leaves out the primitives (svg.py) and the words around them (sections.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ui.report import svg, words
from ui.report.svg import Frame

Json = Any
ROW = 30
STATE_KINDS = {
    "human": "s-main", "adjudication": "s-third", "auto": "s-auto", "split": "s-warn", "flagged": "s-flag",
    "skipped": "s-skip", "undecided": "s-rest",
}  # fmt: skip


def share_rows(rows: Sequence[tuple[str, Mapping[str, Json]]], *, title: str, unit: str) -> str:
    """Shares as dots with their intervals, one line each, n beside the name; the first is in the main colour."""
    known = [(name, found) for name, found in rows if found.get("value") is not None]
    if not known:
        return ""
    frame = Frame(760, 64 + ROW * len(known), 190, 14, 190, 50)
    least = min(found["value"] if found.get("low") is None else found["low"] for _, found in known)
    start = max(0, math.floor(10 * least - 0.5)) if least > 0.4 else 0  # in tenths
    to_x = svg.scale(start / 10, 1, frame.left, frame.width - frame.right)
    ticks = range(start, 11, 1 if start >= 4 else 2)
    parts = svg.x_axis(frame, to_x, [(n / 10, f"{10 * n}") for n in ticks], f"{unit} (%)")
    for place, (name, found) in enumerate(known):
        y = frame.top + ROW * (place + 0.5)
        kind = "main" if place == 0 else "other"
        parts.append(svg.text(frame.left - 12, y + 4, svg.cut(name), kind="name", anchor="end", title=name))
        if found.get("low") is not None:
            parts += _whisker(to_x(found["low"]), to_x(found["high"]), y, kind=f"w-{kind}")
        parts.append(svg.dot(to_x(found["value"]), y, kind=f"d-{kind}", title=f"{name}: {words.share(found)}"))
        parts.append(svg.text(frame.width - frame.right + 12, y + 4, _value_words(found), kind="value"))
    said = "; ".join(f"{name}: {words.share(found)}" for name, found in known)
    return svg.figure(frame, parts, label=f"{title}. {said}")


def _value_words(found: Mapping[str, Json]) -> str:
    ends = "" if found.get("low") is None else f" ({words.interval(found)})"
    return f"{words.percent(found['value'])}{ends}"


def _whisker(x1: float, x2: float, y: float, *, kind: str) -> list[str]:
    ends = [svg.line(x, y - 5, x, y + 5, kind=kind) for x in (x1, x2)]
    return [svg.line(x1, y, x2, y, kind=kind), *ends]


def state_bar(counts: Mapping[str, int]) -> str:
    """Items by where their label comes from, as one bar with a legend below it."""
    total = sum(counts.values())
    shown = [(state, counts.get(state, 0)) for state in STATE_KINDS if counts.get(state, 0)]
    if not total:
        return ""
    frame = Frame(760, 44 + 22 * math.ceil(len(shown) / 3), 0, 4, 0, 0)
    parts, x = [], 0.0
    for state, n in shown:
        width = n / total * frame.width
        name = f"{words.STATE_WORDS[state]}: {n:,}"
        parts.append(svg.bar(x, 4, max(width - 1.5, 1.0), 24, kind=STATE_KINDS[state], title=name))
        x += width
    for place, (state, n) in enumerate(shown):
        at, y = (place % 3) * 253, 50 + 22 * (place // 3)
        parts.append(svg.bar(at, y - 10, 11, 11, kind=STATE_KINDS[state]))
        parts.append(svg.text(at + 18, y, f"{words.STATE_WORDS[state]}: {n:,}", kind="tick"))
    said = ", ".join(f"{words.STATE_WORDS[state]}: {n}" for state, n in shown)
    return svg.figure(frame, parts, label=f"{total} items. {said}")


def reliability(bins: Sequence[Mapping[str, Json]]) -> str:
    """What confidence says against how often people agreed; on the diagonal both are the same."""
    known = [one for one in bins if one["agreed"]["value"] is not None]
    if not known:
        return ""
    frame = Frame(420, 380, 48, 34, 16, 48)
    low = math.floor(10 * min(min(one["confidence"], one["agreed"]["low"]) for one in known)) / 10
    to_x = svg.scale(low, 1, frame.left, frame.width - frame.right)
    to_y = svg.scale(low, 1, frame.height - frame.bottom, frame.top)
    ticks = [(n / 10, f"{10 * n}") for n in range(round(10 * low), 11, 1 if low >= 0.5 else 2)]
    parts = svg.x_axis(frame, to_x, ticks, "confidence (%)") + svg.y_axis(frame, to_y, ticks, "people agreed (%)")
    parts.append(svg.line(to_x(low), to_y(low), to_x(1), to_y(1), kind="diagonal"))
    for one in known:
        x, agreed = to_x(one["confidence"]), one["agreed"]
        parts.append(svg.line(x, to_y(agreed["low"]), x, to_y(agreed["high"]), kind="w-main"))
        title = f"confidence {words.percent(one['confidence'])}: people agreed {words.share(agreed)}"
        parts.append(svg.dot(x, to_y(agreed["value"]), kind="d-main", title=title))
    said = "; ".join(f"{words.percent(one['confidence'])}: {words.share(one['agreed'])}" for one in known)
    return svg.figure(frame, parts, label=f"Confidence against agreement. {said}")


def threshold_path(found: Mapping[str, Json], *, target: float) -> str:
    """How many wrong labels each threshold still allows, from the strictest down; tested ones joined by a line."""
    steps = [step for step in found["path"] if step[3] is not None]
    if not steps:
        return ""
    frame = Frame(760, 300, 48, 34, 28, 48)
    margins = [step[0] for step in steps]
    to_x = svg.scale(min(margins), max(margins), frame.width - frame.right, frame.left)  # strictest at the left
    highest = max(1.6 * target, min(1.0, max((step[3] for step in steps if step[4]), default=target)))
    y_ticks = svg.steps(highest)
    to_y = svg.scale(0, y_ticks[-1], frame.height - frame.bottom, frame.top)
    spread = [min(margins) + (max(margins) - min(margins)) * n / 5 for n in range(6)]
    parts = svg.x_axis(frame, to_x, [(m, f"{m:.2f}") for m in spread], "accepted from this margin on")
    parts += svg.y_axis(frame, to_y, [(n, f"{100 * n:g}") for n in y_ticks], "wrong labels, at most (%)")
    parts.append(svg.line(frame.left, to_y(target), frame.width - frame.right, to_y(target), kind="target"))
    parts.append(svg.path([(to_x(step[0]), to_y(step[3])) for step in steps if step[4]], kind="p-main"))
    later = [(to_x(step[0]), to_y(step[3])) for step in steps if not step[4] and step[3] <= y_ticks[-1]]
    parts += [svg.dot(x, y, radius=1.6, kind="d-other") for x, y in later]
    if found.get("threshold") is not None:
        at = next(step for step in steps if step[0] == found["threshold"])
        parts.append(svg.dot(to_x(at[0]), to_y(at[3]), kind="d-main", title=f"margin {words.number(at[0])}"))
    label = f"Wrong labels at most, by threshold; the target is {words.percent(target)}"
    return svg.figure(frame, parts, label=label)


def agreement_matrix(pairs: Sequence[Mapping[str, Json]]) -> str:
    """Cohen's kappa of every two people; the darker the more they agree beyond chance."""
    people = list(dict.fromkeys(person for pair in pairs for person in pair["people"]))
    if len(people) < 3 or len(people) > 14:
        return ""  # two are one number; more than 14 are a table
    cell, left = 62, 150
    frame = Frame(left + cell * len(people) + 10, 40 + cell * len(people), left, 30, 10, 10)
    parts = []
    for place, person in enumerate(people):
        middle = cell * (place + 0.5)
        parts.append(
            svg.text(left - 10, frame.top + middle + 4, svg.cut(person, 18), kind="name", anchor="end", title=person)
        )
        name = person if len(person) < 9 else person[:8] + "…"
        parts.append(svg.text(left + middle, frame.top - 10, name, kind="tick", anchor="middle", title=person))
    for pair in pairs:
        kappa = pair["cohens_kappa"]["value"]
        for row, column in ((0, 1), (1, 0)):
            x = left + cell * people.index(pair["people"][column])
            y = frame.top + cell * people.index(pair["people"][row])
            title = f"{pair['people'][0]} and {pair['people'][1]}: {words.coefficient(pair['cohens_kappa'])}"
            shade = 0.08 if kappa is None else 0.08 + 0.55 * max(0.0, kappa)
            parts.append(svg.bar(x + 2, y + 2, cell - 4, cell - 4, kind="s-main", title=title, opacity=shade))
            shown = "–" if kappa is None else f"{kappa:.2f}"
            parts.append(svg.text(x + cell / 2, y + cell / 2 + 4, shown, kind="value", anchor="middle"))
    return svg.figure(frame, parts, label="Cohen's kappa of every two people")
