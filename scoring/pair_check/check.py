"""A model pair looked at before use: both sides' facts, and one line for each thing that stops it or is worth knowing.

Loads config and tokenizer only, never weights. What only weights tell (which engine is exact, whether the numbers are
sound) is proved when a run opens the models. Leaves out what concerns one side alone (side.py).
"""

from __future__ import annotations

from typing import Any

from scoring.chat import NotWeighed, check_template, encode
from scoring.errors import TemplateProblem
from scoring.memory import BUDGET_SHARE, all_devices, available_bytes, budget_bytes_of
from scoring.models import choose_device
from scoring.pair_check.facts import Finding, PairCheck, Side, size_text
from scoring.pair_check.side import SeenSide, bytes_of, has_system_role, see_side
from scoring.pairs import ModelPair, ModelSpec
from scoring.placing import DeviceLoad, choose_device_for

# What tokenizers of one vocabulary may still split otherwise: case, accents, digits, spaces, emoji, other scripts.
SAMPLE = "The naïve Café sold 1234.5 kg  of “green” tea,\n\tsaid SHE; 日本語 שלום 🍵 it's fine.\r\n"
SIDES: tuple[Side, Side] = ("strong", "weak")


def check_pair(pair: ModelPair, *, is_declared: bool = True, held_bytes: int = 0) -> PairCheck:
    """Look at a pair. Raises nothing that a pair's files or servers can cause: that becomes a Finding.

    is_declared: what the pair says of itself (context, licence) counts too.
    held_bytes: of memory in use that would be given up for it (idle models of this process).
    """
    devices = all_devices(choose_device())
    strong, weak = (see_side(side, getattr(pair, side), device=devices[0]) for side in SIDES)
    problems = [*strong.problems, *weak.problems]
    if pair.strong == pair.weak:
        problems.append(_pair("strong and weak are the same model, so every reward is 0; name two"))
    problems += _templates(pair, strong, weak)
    problems += _contexts(pair, strong, weak, is_declared=is_declared)
    problems += _licences(strong, weak) if not (is_declared and pair.licence) else []
    held = int(held_bytes * BUDGET_SHARE) if len(devices) == 1 else 0
    loads = [DeviceLoad(device, budget_bytes_of(devices, device) + held) for device in devices]
    free = sum(available_bytes(device) for device in (devices if len(devices) > 1 else devices[:1])) + held_bytes
    problems += _memory(strong, weak, loads, free)
    parts = None if strong.parts is None or weak.parts is None else strong.parts | weak.parts
    return PairCheck(
        name=pair.name,
        strong=strong.facts(),
        weak=weak.facts(),
        problems=tuple(sorted(problems, key=lambda problem: problem.severity != "stops")),
        has_same_tokenizer=_is_same_tokenizer(strong.tokenizer, weak.tokenizer),
        device=", ".join(devices),
        free_bytes=free,
        budget_bytes=sum(load.budget for load in loads),
        needed_bytes=None if parts is None else bytes_of(parts),
        parameters=None if parts is None else sum(parts.values()),
        fits_both=None if parts is None else _fit_together([strong, weak], loads),
    )


def _pair(line: str) -> Finding:
    return Finding("warns", None, line)


def _templates(pair: ModelPair, strong: SeenSide, weak: SeenSide) -> list[Finding]:
    """Whether each side can render a plain exchange, and where the criteria go."""
    found: list[Finding] = []
    for seen in (strong, weak):
        source = strong if pair.template == "strong" else seen
        if seen.tokenizer is None or source.tokenizer is None:
            continue
        try:
            check_template(seen.tokenizer, template_tokenizer=source.tokenizer, system_role=pair.system_role)
        except TemplateProblem as problem:
            found.append(Finding("stops", seen.side, f"{seen.spec.label}: {problem}"))
            if source is not seen or pair.template == "strong":
                break  # the weak side would say the same of the same template
            continue
        if source is seen:
            found += _system_role(pair, seen)
    if pair.template == "strong" and not found and strong.tokenizer is not None and weak.tokenizer is not None:
        found += _strange_tokens(pair, strong.tokenizer, weak)
    return found


def _system_role(pair: ModelPair, seen: SeenSide) -> list[Finding]:
    has_role = has_system_role(seen.tokenizer)
    if pair.system_role and has_role is False:
        line = "drops a system message, and the pair says system_role = true: criteria would be lost; correct the pair"
        return [Finding("stops", seen.side, f"{seen.spec.label}: its template {line}")]
    if has_role is False:
        line = "its template has no system role; criteria are put before the first user turn"
        return [Finding("warns", seen.side, f"{seen.spec.label}: {line}")]
    return []


def _strange_tokens(pair: ModelPair, template_tokenizer: Any, weak: SeenSide) -> list[Finding]:
    """Control tokens of the strong model's template that the weak tokenizer spells out as ordinary text."""
    item = encode(
        weak.tokenizer,
        [{"role": "user", "content": "Hello?"}],
        ["Hello."],
        instruction="Be kind.",
        context_limit=1_000_000,
        template_tokenizer=template_tokenizer,
        system_role=pair.system_role,
    )
    if isinstance(item.candidates[0], NotWeighed):
        return []
    text, known = item.candidates[0].text, weak.tokenizer.get_vocab()
    control = {str(token.content) for token in template_tokenizer.added_tokens_decoder.values()}
    strange = sorted(token for token in control if token in text and token not in known)
    if not strange:
        return []
    line = f"its tokenizer reads {', '.join(strange[:4])} of the strong model's template as plain text"
    return [Finding("warns", "weak", f"{weak.spec.label}: {line}; a weak model of the same family is a better tare")]


def _contexts(pair: ModelPair, strong: SeenSide, weak: SeenSide, *, is_declared: bool) -> list[Finding]:
    found = []
    known = [seen.context for seen in (strong, weak) if seen.context is not None]
    # A server takes one token less than it says, because it always writes one.
    if len(known) == 2 and abs(known[0] - known[1]) > 1:
        line = f"strong reads {strong.context:,} tokens and weak {weak.context:,}"
        found.append(_pair(f"{line}; an item longer than {min(known):,} is listed as not weighed"))
    if is_declared and known and min(known) + 1 < pair.context:
        line = f"the catalogue says a context of {pair.context:,} tokens and the models read {min(known):,}"
        found.append(_pair(f"{line}, which is what counts; correct context in the pair"))
    return found


def _licences(strong: SeenSide, weak: SeenSide) -> list[Finding]:
    line = "no licence in its card or config; find out what you may do with it"
    silent = [seen for seen in (strong, weak) if seen.base is not None and seen.licence is None]
    return [Finding("warns", seen.side, f"{seen.spec.label}: {line}") for seen in silent]


def _memory(strong: SeenSide, weak: SeenSide, loads: list[DeviceLoad], free: int) -> list[Finding]:
    found = []
    most = max(load.budget for load in loads)
    for seen in (strong, weak):
        needed = bytes_of(seen.parts or {})
        if needed > most:
            have = f"models may take {size_text(most)} here ({size_text(free)} free)"
            way_out = "choose a smaller dtype or model, free memory, or use a larger machine"
            line = f"{seen.spec.label}: needs {size_text(needed)} in {seen.dtype} and {have}; {way_out}"
            found.append(Finding("stops", seen.side, line))
    if not found and _fit_together([strong, weak], loads) is False:
        found.append(_pair("both do not fit at once; the strong model weighs everything first, then the weak one"))
    return found


def _fit_together(sides: list[SeenSide], loads: list[DeviceLoad]) -> bool:
    """Whether all stands at the same time, an adapter on its base's device; as the room would place it."""
    places: dict[ModelSpec, int] = {}
    loads = list(loads)
    for seen in sides:
        new = {part: count for part, count in (seen.parts or {}).items() if part not in places}
        beside = next((places[part] for part in seen.parts or {} if part in places), None)
        needed = bytes_of(new)
        place = choose_device_for(needed, loads) if beside is None else beside
        if place is None or not loads[place].can_take(needed):
            return False
        loads[place] = DeviceLoad(loads[place].device, loads[place].budget, 0, loads[place].in_use + needed)
        places |= dict.fromkeys(new, place)
    return True


def _is_same_tokenizer(one: Any, other: Any) -> bool | None:
    """Whether both have the same vocabulary and split a sample of awkward text the same way."""
    if one is None or other is None:
        return None
    return bool(one.get_vocab() == other.get_vocab() and _ids(one) == _ids(other))


def _ids(tokenizer: Any) -> list[int]:
    return list(tokenizer(SAMPLE)["input_ids"])
