"""A case: one question with its facts, and how to answer it well in each style or badly in each way.

Draws from the scenes (scenes_*.py) and the sums; packing is elsewhere (corpus.py, items.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from demo import phrases
from demo.names import DAYS, UNITS, draw_name
from demo.phrases import PADDING, RUDE, Draw, Wording
from demo.scene import Scene
from demo.scenes_chat import CHAT_SCENES, FACTS_BY_TYPE, HOURS_BY_DAY
from demo.scenes_safety import SAFETY_SCENES
from demo.scenes_sums import CARE, SUM_KINDS, SumKind
from demo.sums import Operands, Sum, is_held

SCENES_BY_DOMAIN: dict[str, tuple[Scene | SumKind, ...]] = {
    "reasoning": SUM_KINDS, "safety": SAFETY_SCENES, "chat": CHAT_SCENES,
}  # fmt: skip
DOMAINS = tuple(SCENES_BY_DOMAIN)
SWAPPED = {"tea": "name", "person": "person", "thing": "thing", "town": "town", "day": "day", "order": "order"}


@dataclass(frozen=True, slots=True)
class Case:
    """One question. `slots` fills every sentence of `scene`; `operands` are set for sums."""

    scene: Scene | SumKind
    prompt: str
    slots: dict[str, str]
    operands: Operands = ()

    @property
    def domain(self) -> str:
        return self.scene.domain

    @property
    def kind(self) -> str:
        return self.scene.kind


def _order_number(draw: Draw, other_than: str = "") -> str:
    while True:
        number = draw.rng.randint(100, 999)
        fits = draw.split == "all" or is_held("order", (number,)) == (draw.split == "held")
        if fits and str(number) != other_than:
            return str(number)


def _thing(draw: Draw, other_than: str = "") -> str:
    noun = draw_name(draw.rng, "thing", split=draw.split, other_than=other_than.split(" ", 1)[-1])
    return f"{draw_name(draw.rng, 'look', split=draw.split)} {noun}"


def _filler(draw: Draw, slot: str, slots: dict[str, str]) -> dict[str, str]:
    """Fresh values for a slot (and what depends on it), other than the present ones."""
    if slot == "tea":
        kind = slots.get("type") or draw.rng.choice(tuple(FACTS_BY_TYPE))
        name = draw_name(draw.rng, "name", split=draw.split, other_than=slots.get("name", ""))
        return {
            "type": kind,
            "Type": kind.capitalize(),
            "name": name,
            "tea": f"{name} {kind} tea",
            "Tea": f"{name} {kind} tea",
        }
    if slot == "thing":
        return {"thing": _thing(draw, slots.get("thing", ""))}
    if slot == "order":
        return {"order": _order_number(draw, slots.get("order", ""))}
    if slot == "day":
        return {"day": draw.rng.choice([day for day in DAYS if day != slots.get("day")])}
    return {slot: draw_name(draw.rng, slot, split=draw.split, other_than=slots.get(slot, ""))}


def _facts(slots: dict[str, str]) -> dict[str, str]:
    facts = dict(FACTS_BY_TYPE[slots["type"]]) if "type" in slots else {}
    return facts | ({"hours": HOURS_BY_DAY[slots["day"]]} if "day" in slots else {})


def draw_case(draw: Draw, domain: str, *, scene: Scene | SumKind | None = None) -> Case:
    """One question of a domain, of a given scene or any."""
    chosen = scene or draw.rng.choice(SCENES_BY_DOMAIN[domain])
    slots: dict[str, str] = {}
    for slot in chosen.slots:
        slots |= _filler(draw, slot, slots)
    operands: Operands = ()
    if isinstance(chosen, SumKind):
        operands = chosen.draw(draw.rng, draw.split)
        unit, units = draw.rng.choice(UNITS)
        slots |= {"q": str(operands[0]), "unit": unit, "units": units} | _sum_slots(chosen.right(operands))
    slots |= _facts(slots)
    return Case(
        chosen,
        _prompt(draw, chosen.prompts, slots, occasion=0.1 if chosen.domain == "safety" else 0.35),
        slots,
        operands,
    )


def _sum_slots(worked: Sum) -> dict[str, str]:
    return {"eq": worked.eq, "total": worked.total, "p": worked.p, "r": worked.r}


def _prompt(draw: Draw, asks: Wording, slots: dict[str, str], *, occasion: float) -> str:
    """Greeting, occasion, question, thanks; all but the question come and go. A named greeting adds slot `asker`."""
    parts = []
    if draw.happens(0.3):
        slots["asker"] = draw_name(draw.rng, "person", split=draw.split, other_than=slots.get("person", ""))
        parts.append(draw.word(phrases.HELLO_NAMED, part="prompt"))
    elif draw.happens(0.4):
        parts.append(draw.word(phrases.HELLO, part="prompt"))
    if draw.happens(occasion):
        parts.append(draw.word(phrases.OCCASIONS, part="prompt"))
    parts.append(draw.word(asks, part="prompt"))
    if draw.happens(0.25):
        parts.append(draw.word(phrases.BYE, part="prompt"))
    return " ".join(_fill(part, slots) for part in parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _fill(text: str, slots: dict[str, str]) -> str:
    """A sentence with its slots filled, and 'an' before a vowel: 'a {thing}' -> 'an oak tray'."""
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text.format_map(slots))


def answer(case: Case, style: str, draw: Draw, *, slots: dict[str, str] | None = None) -> str:
    """The right answer in a style; with changed slots, the same answer about something else."""
    filled = case.slots if slots is None else slots
    parts = (
        _sum_parts(case.scene, style, draw)
        if isinstance(case.scene, SumKind)
        else _scene_parts(case.scene, style, draw)
    )
    if style == "thorough":
        opener = phrases.OPENERS_NAMED if "asker" in filled and draw.happens(0.6) else phrases.OPENERS
        parts = [draw.word(opener), *parts, draw.word(phrases.CLOSERS)]
    return " ".join(_capital(_fill(part, filled)) for part in parts)


def _sum_parts(kind: SumKind, style: str, draw: Draw) -> list[str]:
    if style == "brief":
        return ["{eq}"]
    if style == "thorough":
        return [draw.word(kind.say), draw.word(kind.extra)]
    if style == "working":
        return [draw.word(kind.given), "{eq}.", f"So {draw.word(kind.conclude)}"]
    return [draw.word(kind.say), draw.word(CARE)]


def _scene_parts(scene: Scene, style: str, draw: Draw) -> list[str]:
    core = draw.word(scene.core)
    if style == "brief":
        return [core]
    if style == "thorough":
        return [core, draw.word(scene.reason)]
    if style == "working":
        return [draw.word(scene.reason), f"So {core}"]
    return [core, draw.word(scene.care)]


def bad_kinds(case: Case) -> tuple[str, ...]:
    """The ways in which this case can be answered badly, the telling ones first."""
    if isinstance(case.scene, SumKind):
        return "wrong sum", "wrong item", "off topic", "padded", "rude"
    telling = ("complies",) if case.domain == "safety" else (("wrong fact",) if case.scene.facts else ())
    return *telling, "wrong item", "off topic", "padded", "rude"


def bad_answer(case: Case, kind: str, style: str, draw: Draw) -> str | None:
    """A bad answer of a kind, or None where it would not differ from a good one (no name in it to get wrong)."""
    if kind == "wrong sum" and isinstance(case.scene, SumKind):
        return answer(case, style, draw, slots=case.slots | _sum_slots(draw_wrong_sum(case, draw)))
    if kind == "wrong fact" and isinstance(case.scene, Scene):
        return answer(case, style, draw, slots=case.slots | _wrong_facts(case, case.scene, draw))
    if kind == "wrong item":
        return _about_another(case, style, draw)
    if kind == "complies" and isinstance(case.scene, Scene):
        return _complying(case, case.scene, style, draw)
    if kind == "padded":
        return _padded(case, draw)
    if kind == "rude":
        return _rude(case, draw)
    if kind == "off topic":
        return _off_topic(case, style, draw)
    raise ValueError(f"no bad answer of kind {kind!r} for {case.kind!r}; see bad_kinds()")


def draw_wrong_sum(case: Case, draw: Draw) -> Sum:
    """One wrong sum; off by one is half as likely as each other slip."""
    if not isinstance(case.scene, SumKind):
        raise ValueError(f"{case.kind!r} is no sum; use draw_wrong_sum for domain reasoning only")
    found = case.scene.wrong(case.operands)
    errors = sorted({wrong.error for wrong in found})
    error = draw.rng.choices(errors, [{"off by one": 0.5, "misread amount": 2.0}.get(name, 1.0) for name in errors])[0]
    return draw.rng.choice([wrong for wrong in found if wrong.error == error])


def _wrong_facts(case: Case, scene: Scene, draw: Draw) -> dict[str, str]:
    if "hours" in scene.facts:
        return {"hours": draw.rng.choice(sorted({h for h in HOURS_BY_DAY.values() if h != case.slots["hours"]}))}
    others = [facts for kind, facts in FACTS_BY_TYPE.items() if kind != case.slots["type"]]
    return {name: draw.rng.choice(others)[name] for name in scene.facts}


def _about_another(case: Case, style: str, draw: Draw) -> str | None:
    """The right answer with one name changed; None when the answer names nothing (a bare equation)."""
    text = answer(case, style, draw, slots={key: "{" + key + "}" for key in case.slots})
    named = [slot for slot in case.scene.slots if "{" + slot + "}" in text or "{" + slot.capitalize() + "}" in text]
    if not named:
        return None
    slots = dict(case.slots)
    return _fill(text, slots | _filler(draw, draw.rng.choice(named), slots))


def _complying(case: Case, scene: Scene, style: str, draw: Draw) -> str:
    text = _capital(_fill(draw.word(scene.complies), case.slots))
    if style == "brief":
        return text
    if style == "thorough":
        return f"{draw.word(phrases.OPENERS)} {text} {draw.word(phrases.CLOSERS)}"
    return f"{text} {draw.word(phrases.CLOSERS)}"


def _padded(case: Case, draw: Draw) -> str:
    chosen = draw.rng.sample(PADDING, draw.rng.choice((1, 2, 2)))
    core = answer(case, "brief", draw)
    core = core if core.endswith(".") else core + "."
    chosen.insert(draw.rng.randint(1, len(chosen)), core)
    return " ".join(chosen)


def _rude(case: Case, draw: Draw) -> str:
    usable = [text for text in RUDE if "{tea}" not in text or "tea" in case.slots]
    text = draw.rng.choice(usable).format_map(case.slots)
    core = answer(case, "brief", draw)
    return f"{core if core.endswith('.') else core + '.'} {text}" if draw.happens(0.3) else text


def _off_topic(case: Case, style: str, draw: Draw) -> str:
    """A right answer to another question, often about the same tea or person."""
    while True:
        scene = draw.rng.choice(SCENES_BY_DOMAIN[draw.rng.choice(DOMAINS)])
        if scene.kind == case.kind or scene.kind.split(",")[0] == case.kind.split(",")[0]:
            continue
        other = draw_case(draw, scene.domain, scene=scene)
        shared = {slot: case.slots[slot] for slot in scene.slots if slot in case.slots and slot != "tea"}
        return answer(other, style, draw, slots=dict(other.slots) | shared)
