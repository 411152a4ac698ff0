"""A checked pair in words: facts of both sides beside each other, what is said of both, findings. No streamlit."""

from __future__ import annotations

from collections.abc import Sequence

from services.pairs.check import PairCheck, SideFacts, size_text

UNKNOWN = "–"
SIDE_WORDS = {"strong": "Strong", "weak": "Weak", None: "Both"}
SEVERITY_WORDS = {"stops": "stops it", "warns": "worth knowing"}
TEMPLATE_WORDS = {True: "with a system role", False: "without a system role", None: "cannot be tried"}
KIND_WORDS = {"hub": "model of the hub", "folder": "local folder", "adapter": "adapter over a base", "server": "server"}


def fact_rows(check: PairCheck) -> tuple[tuple[str, str, str], ...]:
    """(fact, strong, weak), in the order a person asks for them; what is known of neither is left out."""
    strong, weak = _facts(check.strong), _facts(check.weak)
    return tuple((name, strong[name], weak[name]) for name in strong if {strong[name], weak[name]} != {UNKNOWN})


def both_lines(check: PairCheck) -> tuple[str, ...]:
    """What holds for the pair as a whole."""
    lines = []
    if check.has_same_tokenizer is not None:
        same = "Both split text the same way."
        other = "The tokenizers differ; each model sums its own tokens."
        lines.append(same if check.has_same_tokenizer else other)
    if check.needed_bytes is not None:
        have = f"{size_text(check.budget_bytes)} for models here ({size_text(check.free_bytes)} free on {check.device})"
        lines.append(f"Both together need {size_text(check.needed_bytes)} of {have}.")
    return tuple(lines)


def verdict(check: PairCheck) -> str:
    """The whole in one line."""
    n_stops = len(check.stops)
    n_warns = len(check.problems) - n_stops
    if n_stops:
        return f"{_things(n_stops)} to mend before this pair can weigh."
    return "Nothing stands in the way." + (f" {_things(n_warns)} worth knowing." if n_warns else "")


def parameters_text(count: int) -> str:
    """A number of parameters as people say it.

    >>> parameters_text(935_040), parameters_text(134_515_008), parameters_text(7_241_732_096)
    ('0.94 M', '135 M', '7.2 B')
    """
    if count >= 1e9:
        return f"{count / 1e9:.1f} B"
    return f"{count / 1e6:.2f} M" if count < 10e6 else f"{count / 1e6:.0f} M"


def parameters_line(check: PairCheck) -> str:
    """As a catalogue says it: "135 M each", "7.2 B over 135 M"; empty when one is not known."""
    counts = (check.strong.parameters, check.weak.parameters)
    if counts[0] is None or counts[1] is None:
        return ""
    strong, weak = map(parameters_text, (counts[0], counts[1]))
    return f"{strong} each" if strong == weak else f"{strong} over {weak}"


def _facts(side: SideFacts) -> dict[str, str]:
    return {
        "Model": side.label,
        "Kind": KIND_WORDS[side.kind],
        "Where": side.place or UNKNOWN,
        "Architecture": side.architecture or UNKNOWN,
        "Parameters": UNKNOWN if side.parameters is None else parameters_text(side.parameters),
        "Context": UNKNOWN if side.context is None else f"{side.context:,} tokens",
        "Vocabulary": UNKNOWN if side.vocabulary is None else f"{side.vocabulary:,} tokens",
        "Chat template": _template(side),
        "Computes in": side.dtype or UNKNOWN,
        "Memory": _memory(side),
        "Engine, likely": side.engine or UNKNOWN,
        "Licence": side.licence or ("not stated in its files" if side.parameters else UNKNOWN),
    }


def _template(side: SideFacts) -> str:
    if side.has_template is None:
        return UNKNOWN
    return TEMPLATE_WORDS[side.has_system_role] if side.has_template else "none of its own"


def _memory(side: SideFacts) -> str:
    if side.kind == "server":
        return "none here"
    return UNKNOWN if side.needed_bytes is None else size_text(side.needed_bytes)


def _things(n: int) -> str:
    return "1 thing" if n == 1 else f"{n} things"


def finding_rows(check: PairCheck) -> Sequence[tuple[str, str, str]]:
    """(severity, side, line) in words, what stops first."""
    return [(SEVERITY_WORDS[one.severity], SIDE_WORDS[one.side], one.line) for one in check.problems]
