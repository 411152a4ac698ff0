"""Items with candidates and gold ranking, and the data files of this folder. Nothing here is trained on.

Every wording is equally likely in these files, names and amounts are held out, and candidates are shuffled (seeded).
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.cases import DOMAINS, SCENES_BY_DOMAIN, Case, answer, bad_answer, bad_kinds, draw_case
from demo.phrases import STYLES, Draw
from demo.scene import Scene
from demo.scenes_sums import SumKind
from demo.world_texts import OUT_OF_WORLD

FOLDER = Path(__file__).parent
STYLE_BY_DOMAIN = {"reasoning": "working", "safety": "safe", "chat": "brief"}
TIER = {"right": 1, "wrong style": 2, "padded": 3, "rude": 5, "complies": 5}  # all others 4
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text with the kind of answer it is and the style it was written in."""

    text: str
    kind: str
    style: str


def _wrong_candidates(case: Case, style: str, draw: Draw, taken: list[Candidate], wanted: int) -> list[Candidate]:
    """Distinct bad candidates, at most two of a kind; the telling kind and the wrong item come first."""
    kinds = list(bad_kinds(case))
    rest = kinds[2:]
    draw.rng.shuffle(rest)
    order = itertools.cycle([*kinds[:2], *rest[:1], kinds[0], *rest[1:]])
    found: list[Candidate] = []
    for kind in itertools.islice(order, 40):
        if len(found) == wanted:
            break
        used = style if draw.happens(0.75) else draw.rng.choice(STYLES)
        text = bad_answer(case, kind, used, draw)
        known = [candidate.text for candidate in (*taken, *found)]
        if text is not None and text not in known and sum(c.kind == kind for c in found) < 2:
            found.append(Candidate(text, kind, used))
    return found


def _gold_ranks(candidates: list[Candidate]) -> list[int]:
    """1: right answer, right style. Then, without holes: other style, padded, wrong, and last rude or complying."""
    tiers = [TIER.get(candidate.kind, 4) for candidate in candidates]
    rank_by_tier = {tier: rank for rank, tier in enumerate(sorted(set(tiers)), start=1)}
    return [rank_by_tier[tier] for tier in tiers]


def item(case: Case, draw: Draw, *, subset: str, is_style_item: bool) -> Row:
    """One item in import format; gold is for the criteria set `demo`."""
    style = STYLE_BY_DOMAIN[case.domain]
    others = [name for name in ("brief", "thorough") if name != style] if is_style_item else []
    if not is_style_item and draw.happens(0.3):
        others = [draw.rng.choice([name for name in STYLES if name != style])]
    right = [Candidate(answer(case, style, draw), "right", style)]
    right += [Candidate(answer(case, other, draw), "wrong style", other) for other in others]
    n = max(len(right) + 2, draw.rng.choice((4, 5, 5, 6)))
    candidates = right + _wrong_candidates(case, style, draw, right, n - len(right))
    draw.rng.shuffle(candidates)
    ranks = _gold_ranks(candidates)
    responses = [
        {"text": c.text, "model": c.kind, "gold_rank": rank} for c, rank in zip(candidates, ranks, strict=True)
    ]
    return {"prompt": [{"role": "user", "content": case.prompt}], "responses": responses, "domain": case.domain,
            "subset": subset, "metadata": _metadata(case, candidates, draw, is_style_item)}  # fmt: skip


def _metadata(case: Case, candidates: list[Candidate], draw: Draw, is_style_item: bool) -> Row:
    names = {
        slot: case.slots[slot]
        for slot in ("name", "person", "thing", "town", "day", "order", "asker")
        if slot in case.slots
    }
    found: Row = {"kind": case.kind, "names": names, "wording": draw.prompt_wording}
    if isinstance(case.scene, SumKind):
        worked = case.scene.right(case.operands)
        found["sum"] = {"operands": list(case.operands), "equation": worked.eq, "total": worked.total}
    if is_style_item:
        style_of = {c.style: index for index, c in enumerate(candidates) if c.kind in ("right", "wrong style")}
        found["gold_by_criteria"] = {"demo-brief": style_of["brief"], "demo-thorough": style_of["thorough"]}
    return found


def _scenes(domain: str, count: int, rng: random.Random) -> list[Scene | SumKind]:
    """Scenes of a domain, each as often as the others, in a shuffled order."""
    scenes = list(itertools.islice(itertools.cycle(SCENES_BY_DOMAIN[domain]), count))
    rng.shuffle(scenes)
    return scenes


def _distinct_item(draw: Draw, scene: Scene | SumKind, seen: set[str], *, subset: str, is_style_item: bool) -> Row:
    while True:
        case = draw_case(draw, scene.domain, scene=scene)
        if case.prompt not in seen:
            seen.add(case.prompt)
            return item(case, draw, subset=subset, is_style_item=is_style_item)


def dataset_rows() -> list[Row]:
    """60 items for a newcomer, 20 per domain, a quarter of them with short and long right answers."""
    draw, seen, rows = Draw(random.Random(60), split="held", is_even=True), set[str](), []
    for domain in DOMAINS:
        for index, scene in enumerate(_scenes(domain, 20, draw.rng)):
            rows.append(_distinct_item(draw, scene, seen, subset=scene.kind, is_style_item=index % 4 == 0))
    draw.rng.shuffle(rows)
    return rows


def holdout_rows(seed: int = 450, *, plain: int = 144, styled: int = 48) -> list[Row]:
    """The held-out set: per domain `plain` items (subset = kind) and `styled` ones (subset 'style, <domain>')."""
    draw, seen, rows = Draw(random.Random(seed), split="held", is_even=True), set[str](), []
    for domain in DOMAINS:
        for scene in _scenes(domain, plain, draw.rng):
            rows += [_distinct_item(draw, scene, seen, subset=scene.kind, is_style_item=False)]
        for scene in _scenes(domain, styled, draw.rng):
            rows += [_distinct_item(draw, scene, seen, subset=f"style, {domain}", is_style_item=True)]
    draw.rng.shuffle(rows)
    return rows


def unseen_wording_rows(seed: int = 77, *, count: int = 48) -> list[Row]:
    """Items whose question (and in half of them the answers) are worded in ways never trained on."""
    rows = []
    for subset, answers in (("unseen question", "known"), ("unseen question and answers", "unseen")):
        draw = Draw(random.Random(seed), split="held", prompt_wording="unseen", answer_wording=answers, is_even=True)
        seen: set[str] = set()
        for domain in DOMAINS:
            rows += [
                _distinct_item(draw, scene, seen, subset=subset, is_style_item=False)
                for scene in _scenes(domain, count, draw.rng)
            ]
    random.Random(seed).shuffle(rows)
    return rows


def world_rows(seed: int = 99, *, count: int = 150) -> list[Row]:
    """In-world texts (held-out names and amounts, right and wrong answers) and the out-of-world ones."""
    draw = Draw(random.Random(seed), split="held", is_even=True)
    rows = []
    for domain in itertools.islice(itertools.cycle(DOMAINS), count):
        case = draw_case(draw, domain)
        chosen = draw.rng.choice(item(case, draw, subset="", is_style_item=False)["responses"])
        rows.append(
            {"text": chosen["text"], "prompt": case.prompt, "world": "in", "kind": f"{domain}, {chosen['model']}"}
        )
    return rows + [
        {"text": text, "prompt": prompt, "world": "out", "kind": kind} for kind, prompt, text in OUT_OF_WORLD
    ]


def file_texts() -> dict[str, str]:
    """The text of every data file by its name."""
    return {
        "dataset.jsonl": _lines(dataset_rows()),
        "holdout.jsonl": _lines(holdout_rows()),
        "holdout_wording.jsonl": _lines(unseen_wording_rows()),
        "world_check.jsonl": _lines(world_rows()),
    }


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_files(folder: Path = FOLDER) -> None:
    """Writes all data files."""
    for name, text in file_texts().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"{name}: {text.count(chr(10))} lines")
