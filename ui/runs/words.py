"""A run in words: its state, how far it is, what it used. Pure strings, no streamlit, no reading.

Leaves out the widgets around them (list.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.pairs.catalogue import PairRow
from services.run_rows import RunRow
from ui.candidates import margin_unit
from ui.pickers import STATUS_WORDS
from ui.prose import badge, safe
from ui.runs.conditioning_words import reading_facts, reading_marks
from ui.wording import count, duration, facts_html, moment

IN_HAND = ("queued", "running", "cancelling")
RANK_WORDS = {"sum": "sum over tokens", "mean": "mean per token"}
DTYPE_WORDS = {
    "auto": "as suits the device",
    "float32": "float32, the most exact",
    "bfloat16": "bfloat16",
    "float16": "float16",
}
KINDS = {"done": "good", "failed": "warn"}


def is_active(row: RunRow) -> bool:
    """Whether the screen should look again soon."""
    return row.status in IN_HAND and not row.is_interrupted


def can_resume(row: RunRow) -> bool:
    """Whether there is something left to weigh and nobody at it."""
    return row.is_interrupted or row.status in ("cancelled", "failed")


def status_word(row: RunRow) -> str:
    """The state of a run in one word."""
    return "interrupted" if row.is_interrupted else STATUS_WORDS.get(row.status, row.status)


def head_html(row: RunRow) -> str:
    """First line of a run: number, pair, criteria, what ranks, state, when."""
    version = f" v{row.criteria_version}" if row.criteria_version > 1 else ""
    kind = "warn" if row.is_interrupted else KINDS.get(row.status, "quiet")
    marks = badge(status_word(row), kind=kind)
    marks += badge(again_words(row)) if row.again_of is not None else ""
    marks += "".join(badge(mark) for mark in reading_marks(row.configuration))
    marks += badge("hidden") if row.is_hidden else ""
    return (
        f'<div class="t-runhead"><b>Run {row.run_id}</b><span dir="auto">{safe(row.pair)}</span>'
        f'<span dir="auto">{safe(row.criteria + version)}</span>'
        f"<span>ranked by {RANK_WORDS.get(row.rank_by, safe(row.rank_by))}</span>"
        f'{marks}<span class="t-muted">{moment(row.created_at)}</span></div>'
    )


def again_words(row: RunRow) -> str:
    """What a run that weighs again weighs again."""
    known = _mapping(row.configuration.get("again_of"))
    return f"run {known.get('run_id')}, {count(int(known.get('n_items', 0)), 'item')} again in float32"


def again_label(row: RunRow) -> str:
    """The button that weighs again what a run could not tell apart."""
    if row.n_within_noise:
        return f"Weigh {count(row.n_within_noise, 'item')} again in float32"
    return "Weigh again in float32"


def counts_line(row: RunRow) -> str:
    """What came out so far: items, what was left out, what is out of the pair's world, computed against cached."""
    parts = [f"{row.n_done:,} of {count(row.n_items, 'item')}"]
    if row.n_not_weighed:
        parts.append(f"{row.n_not_weighed:,} not weighed")
    if row.n_out_of_world:
        parts.append(f"{row.n_out_of_world:,} out of the pair's world")
    if row.n_within_noise:
        parts.append(f"{row.n_within_noise:,} within numeric noise")
    if row.n_computed or row.n_cached:
        parts.append(f"{row.n_computed:,} log-probs computed, {row.n_cached:,} from the cache")
    return " · ".join(parts)


def pace_line(row: RunRow) -> str:
    """Rate and time left while it runs; how long it took afterwards."""
    if row.status == "queued":
        return "waits for its turn"
    parts = []
    if row.rate:
        parts.append(f"{row.rate:,.1f} log-probs a second")
    if is_active(row):
        parts.append(_time_left(row))
    elif row.elapsed_s:
        parts.append(f"took {duration(row.elapsed_s)}")
    return " · ".join(parts)


def _time_left(row: RunRow) -> str:
    if row.eta_s is not None:
        return f"about {duration(row.eta_s)} left"
    return "time left not known yet" if row.n_computed or row.n_cached else "loading the models …"


def progress_html(row: RunRow) -> str:
    """Counts and pace under the head of a run, and the error in its own line."""
    line = " · ".join(part for part in (counts_line(row), pace_line(row)) if part)
    error = f'<div class="t-problem" dir="auto">{safe(row.error)}</div>' if row.error else ""
    return f'<div class="t-runline">{safe(line)}</div>{error}'


def pair_card_html(pair: PairRow) -> str:
    """What a pair is and needs."""
    facts = {
        "Strong": pair.strong,
        "Weak": pair.weak,
        "Parameters": pair.parameters,
        "Context": f"{pair.context:,} tokens",
        "Licence": pair.licence,
        "Memory": f"{pair.memory_gb:g} GB for both, in bf16",
        "Criteria": "knows only its own lines" if pair.is_closed else "any text",
        "World": "marks text outside its own small world" if pair.has_world else "",
        "Notes": pair.notes,
    }
    return facts_html(facts)


def used_html(row: RunRow) -> str:
    """What a run used: models, template, dtype and device, software."""
    configuration = row.configuration
    pair = _mapping(configuration.get("pair"))
    facts = {
        "Pair": str(pair.get("title") or row.pair),
        "Strong": _model(pair.get("strong")),
        "Weak": _model(pair.get("weak")),
        "Chat template": "each model's own"
        if configuration.get("template") == "own"
        else "the strong model's, for both",
        "Ranked by": RANK_WORDS.get(row.rank_by, row.rank_by),
        **reading_facts(row.configuration),
        "End of turn": "counts" if configuration.get("count_end_of_turn", True) else "does not count",
        "Weights asked as": str(configuration.get("dtype", "")),
    }
    facts |= {f"{side} ran on": _ran_on(configuration, side.lower()) for side in ("Strong", "Weak")}
    facts["Numeric noise"] = _noise_line(row)
    facts["Software"] = ", ".join(f"{name} {version}" for name, version in row.software.items() if version)
    return facts_html(facts)


def _noise_line(row: RunRow) -> str:
    """The margin that says nothing, and what it rests on; where the other items come from."""
    if row.noise_margin is None:
        return "not measured"
    parts = [f"margins below {row.noise_margin:.3g} {margin_unit(row.rank_by)} say nothing"]
    for side in ("strong", "weak"):
        known = _mapping(_mapping(_mapping(row.configuration.get("models")).get(side)).get("noise"))
        worst, usual = ("max_mean", "rms_mean") if row.rank_by == "mean" else ("max_sum", "rms_sum")
        if known:
            parts.append(f"{side} model off by {known[usual]:.2g} (RMS), {known[worst]:.2g} at most, n = {known['n']}")
    if row.again_of is not None:
        parts.append(f"every other item taken over from run {row.again_of}")
    return "; ".join(parts)


def _model(spec: Any) -> str:
    known = _mapping(spec)
    revision = known.get("revision")
    return f"{known.get('ref', '')}" + (f" at {revision}" if revision else "")


def _ran_on(configuration: Mapping[str, Any], side: str) -> str:
    """Device, dtype, engine and the fingerprint's beginning, as the weighing wrote them; empty before it began."""
    known = _mapping(_mapping(configuration.get("models")).get(side))
    parts = [str(known[name]) for name in ("device", "dtype") if known.get(name)]
    parts += [f"{known['engine']} engine"] if known.get("engine") else []
    parts += [f"fingerprint {str(known['fingerprint'])[:12]}"] if known.get("fingerprint") else []
    return ", ".join(parts)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
