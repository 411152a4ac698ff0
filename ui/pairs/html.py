"""A pair of the catalogue and a checked pair as HTML: pure strings, every text escaped. Leaves out the widgets."""

from __future__ import annotations

from services.pairs.catalogue import PairRow
from services.pairs.check import FreeMemory, PairCheck, size_text
from ui.pairs.check_words import both_lines, fact_rows, finding_rows, verdict
from ui.prose import badge, safe

# A pair computes in float32 on a CPU unless it says otherwise: twice its bf16 size. A tenth is for the work.
ON_CPU, FOR_WORK = 2.0, 1.1


def card_html(pair: PairRow, memory: FreeMemory | None) -> str:
    """One pair of the catalogue: what it is, what it needs, where it comes from."""
    marks = badge("your file", kind="accent") if pair.is_own else badge("built in")
    room = room_words(pair, memory)
    marks += badge(room, kind="warn", title="Check it to see the exact figures.") if room else ""
    facts = [
        pair.parameters,
        f"{pair.context:,} tokens",
        memory_words(pair.memory_gb),
        pair.licence,
        _performances(pair),
        "its own list of criteria" if pair.is_closed else "",
    ]
    notes = f'<div class="t-pair-notes" dir="auto">{safe(pair.notes)}</div>' if pair.notes else ""
    name = f'<span class="t-pair-name">{safe(pair.name)}</span>'
    models = f'{safe(pair.strong)} <span class="t-muted">over</span> {safe(pair.weak)}'
    return (
        f'<div class="t-pair-head"><b dir="auto">{safe(pair.title)}</b>{name}{marks}</div>'
        f'<div class="t-pair-models" dir="auto">{models}</div>'
        f'<div class="t-pair-facts">{"".join(f"<span>{safe(fact)}</span>" for fact in facts if fact)}</div>{notes}'
    )


def memory_words(memory_gb: float) -> str:
    """The weights of both, in the unit that fits.

    >>> memory_words(0.004), memory_words(29.0), memory_words(0)
    ('4.0 MB in bf16', '29.0 GB in bf16', 'no memory here')
    """
    return f"{size_text(round(memory_gb * 1e9))} in bf16" if memory_gb else "no memory here"


def room_words(pair: PairRow, memory: FreeMemory | None) -> str:
    """What is wrong with the room on this machine, roughly, by what the catalogue says; empty when it fits."""
    if memory is None:
        return ""
    needed = pair.memory_gb * 1e9 * FOR_WORK * (ON_CPU if memory.device == "cpu" else 1.0)
    if needed <= memory.budget_bytes:
        return ""
    return "one model after the other" if needed / 2 <= memory.budget_bytes else "too large for this machine"


def memory_line(memory: FreeMemory | None) -> str:
    """What is free here, for the head of the list."""
    if memory is None:
        return "What is free on this machine's GPU is known after the first check."
    is_host = memory.device == "cpu"
    have = f"{size_text(memory.free_bytes)} free on {'this machine' if is_host else memory.device}"
    more = " On a CPU they compute in float32, which takes twice what they take in bf16." if is_host else ""
    return f"{have}; models may take {size_text(memory.budget_bytes)} of it.{more}"


def check_html(check: PairCheck) -> str:
    """Verdict, findings, then the facts of both sides beside each other; what differs stands out."""
    findings = "".join(
        f"<li><span>{badge(severity, kind='warn' if severity == 'stops it' else 'quiet')}</span>"
        f'<span class="t-muted">{safe(side)}</span><span dir="auto">{safe(line)}</span></li>'
        for severity, side, line in finding_rows(check)
    )
    rows = "".join(
        f'<tr{_differs(name, strong, weak)}><th scope="row">{safe(name)}</th><td dir="auto">{safe(strong)}</td>'
        f'<td dir="auto">{safe(weak)}</td></tr>'
        for name, strong, weak in fact_rows(check)
    )
    both = "".join(f'<div class="t-pair-facts"><span>{safe(line)}</span></div>' for line in both_lines(check))
    return (
        f'<div class="t-verdict">{safe(verdict(check))}</div><ul class="t-findings">{findings}</ul>'
        '<table class="t-sides"><colgroup><col><col><col></colgroup><thead><tr><th></th><th scope="col">Strong</th>'
        f'<th scope="col">Weak</th></tr></thead><tbody>{rows}</tbody></table>{both}'
    )


def _differs(name: str, strong: str, weak: str) -> str:
    """Only what should be told apart: names and places always differ."""
    return ' class="t-differs"' if strong != weak and name not in ("Model", "Where", "Kind") else ""


def _performances(pair: PairRow) -> str:
    if pair.strong_performance is None and pair.weak_performance is None:
        return ""
    numbers = ("–" if value is None else f"{value:g}" for value in (pair.strong_performance, pair.weak_performance))
    return "performance {} over {}".format(*numbers)
