"""The report's sections about people: agreement, anchoring, position, fatigue, self-consistency, gold.

Each takes the certificate and gives HTML. People are called what the certificate calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ui.report import blocks, figures, words

Json = Any


def agreement(certificate: Mapping[str, Json]) -> str:
    """How far people agree with each other, beyond what chance gives."""
    found = certificate["agreement"]
    if found is None:
        return blocks.said("No two people decided on the same item, so their agreement cannot be told.")
    blind = certificate["agreement_on_blind_looks"]
    cards = [
        ("Same answer", *_split(words.share(found["same_answer"], of="pairs of answers"))),
        ("Krippendorff's alpha, nominal", *_split(words.coefficient(found["alpha_nominal"]))),
        ("Krippendorff's alpha, ordinal", *_split(words.coefficient(found["alpha_ordinal"]))),
    ]
    for name, key in (
        ("Cohen's kappa, mean of pairs", "cohens_kappa"),
        ("Kendall's tau-b of rankings", "kendalls_tau_b"),
    ):
        if found[key]["value"] is not None:
            cards.append((name, *_split(words.coefficient(found[key]))))
    if blind is not None:
        cards.append(("Alpha on blind looks only", *_split(words.coefficient(blind["alpha_nominal"]))))
    rows = [
        (" and ".join(pair["people"]), words.share(pair["same_answer"]), words.coefficient(pair["cohens_kappa"]))
        for pair in found["pairs"]
    ]
    matrix = blocks.figure(figures.agreement_matrix(found["pairs"]), "Cohen's kappa of every two people.")
    return blocks.facts(cards) + matrix + blocks.table(("People", "Same answer", "Cohen's kappa"), rows)


def anchoring(certificate: Mapping[str, Json]) -> str:
    """How much more often people agree with a suggestion that they see."""
    found = certificate["anchoring"]["overall"]
    shown, blind = found["agreed_when_shown"], found["agreed_when_blind"]
    if shown["value"] is None or blind["value"] is None:
        return blocks.said(
            "There are no blind looks beside shown ones, so it cannot be told how far a suggestion leads people."
        )
    difference = words.points(found["difference"])
    line = f"Agreement when the suggestion is shown, less agreement when it is hidden: {difference}. "
    line += _led(found["difference"])
    by_person = certificate["anchoring"]["by_person"]
    rows = [("Suggestion shown", shown), ("Suggestion hidden", blind)]
    table = [
        (
            one["person"],
            words.share(one["agreed_when_shown"]),
            words.share(one["agreed_when_blind"]),
            words.points(one["difference"]),
        )
        for one in by_person
    ]
    heads = ("Person", "Agreed when shown", "Agreed when hidden", "Difference")
    drawn = figures.share_rows(rows, title="Agreement with the suggestion", unit="looks that agree with the suggestion")
    return blocks.said(line) + blocks.figure(drawn) + blocks.table(heads, table)


def _led(difference: Mapping[str, Json]) -> str:
    low, high = difference["low"], difference["high"]
    if low is not None and low > 0:
        return "That part of the agreement is the suggestion's doing."
    if high is not None and high < 0:
        return "People who see the suggestion go against it more often."
    return "The interval holds 0: there is no sign that people are led, nor proof that they are not."


def habits(certificate: Mapping[str, Json]) -> str:
    """Position bias, fatigue, self-consistency and accuracy against gold, person by person."""
    parts = (("position", _position), ("fatigue", _fatigue), ("self_consistency", _consistency), ("gold", _gold))
    return "".join(section(certificate[name]) for name, section in parts)


def _position(found: Mapping[str, Json]) -> str:
    overall = found["overall"]
    first = overall["first_place_chosen"]
    if first["value"] is None:
        return ""
    line = (
        f"On shuffled looks the first place was chosen {words.share(first, of='looks')}; chance alone gives "
        f"{words.percent(overall['expected'])} ({_p_words(overall['p_value'])})."
    )
    return f"<h3>First place</h3>{blocks.said(line)}" + _table(
        found["by_person"], "First place chosen", lambda one: words.share(one["first_place_chosen"])
    )


def _p_words(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _fatigue(found: Mapping[str, Json]) -> str:
    overall = found["overall"]
    if not overall["n_sittings"]:
        return ""
    per = 100 if overall["longest"] >= 100 else 10  # never more answers than somebody gave
    which = "looks drawn at random" if overall["on_random_looks_only"] else "answers in the order people took them"
    line = (
        f"Over {words.count(overall['n_sittings'], 'sitting')} (a pause of more than 30 minutes ends one; {which}), "
        f"change per {per} answers: agreement with the suggestion {_agreement_trend(overall, per)}, "
        f"seconds {_speed_trend(overall, per)}."
    )
    rows = [
        (
            one["person"], f"{one['n_sittings']:,}", f"{one['longest']:,}", _agreement_trend(one, per),
            _speed_trend(one, per),
        )
        for one in found["by_person"]
    ]  # fmt: skip
    heads = ("Person", "Sittings", "Longest, answers", f"Agreement per {per}", f"Seconds per {per}")
    table = blocks.table(heads, rows, numbers=(1, 2)) if len(rows) > 1 else ""
    return f"<h3>Over a sitting</h3>{blocks.said(line)}{table}"


def _agreement_trend(found: Mapping[str, Json], per: int) -> str:
    trend = found["agreement_per_100_answers"]
    return _with_n(words.points(_scaled(trend, lambda end: end * per / 100)), trend["n"])


def _speed_trend(found: Mapping[str, Json], per: int) -> str:
    trend = found["speed_per_100_answers"]
    scaled = _scaled(trend, lambda end: (1 + end) ** (per / 100) - 1)  # a factor, less 1
    return _with_n(words.points(scaled).replace(" points", " %"), trend["n"])


def _scaled(trend: Mapping[str, Json], to: Callable[[float], float]) -> dict[str, Json]:
    return dict(trend) | {end: to(trend[end]) for end in ("value", "low", "high") if trend[end] is not None}


def _with_n(figure: str, n: int) -> str:
    return f"{figure}, n = {n:,}"


def _consistency(found: Mapping[str, Json]) -> str:
    overall = found["overall"]["same_answer"]
    if overall["value"] is None:
        return ""
    line = f"Shown an item again, people gave the same answer {words.share(overall, of='repeats')}."
    return f"<h3>The same item again</h3>{blocks.said(line)}" + _table(
        found["by_person"], "Same answer", lambda one: words.share(one["same_answer"])
    )


def _gold(found: Mapping[str, Json]) -> str:
    overall = found["overall"]
    if overall["right"]["value"] is None:
        return ""
    line = (
        f"Where the file says which response is best, people chose it {words.share(overall['right'], of='choices')}; "
        f"the suggestion is right on {words.share(overall['suggestion_right'], of='of the same')}."
    )
    return f"<h3>Against gold</h3>{blocks.said(line)}" + _table(
        found["by_person"], "Right", lambda one: words.share(one["right"])
    )


def _table(rows: Sequence[Mapping[str, Json]], head: str, described: Any) -> str:
    if len(rows) < 2:
        return ""
    return blocks.table(("Person", head), [(one["person"], described(one)) for one in rows])


def _split(line: str) -> tuple[str, str]:
    """A number and what it rests on, from "number (basis)"."""
    value, _, rest = line.partition(" (")
    return value, rest.removesuffix(")")
