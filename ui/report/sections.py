"""The report's sections about labels: the headline, how items were drawn, accuracy, calibration, labels unlooked.

Each takes the certificate and gives HTML, "" where it has nothing to say. Leaves out people (people_sections.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.report import blocks, figures, words

Json = Any
LATEST = -1  # of several samples under one run the latest is the one to quote


def headline(certificate: Mapping[str, Json]) -> str:
    """What a reader in a hurry should take away."""
    counts = certificate["counts"]
    states, by = counts["by_state"], counts["settled_by"]
    n_people = by.get("human", 0) + by.get("adjudication", 0)
    found = quoted(certificate)
    cards = [("Items", f"{counts['items']:,}", f"{states['undecided']:,} undecided")]
    cards.append(("Settled by people", f"{n_people:,}", _left_open(states)))
    if by.get("auto"):
        cards.append(("Accepted unlooked", f"{by['auto']:,}", "under the bound below"))
    if found is not None:
        basis = words.basis(found["bound"], of="looks")
        cards.insert(0, ("People would choose the suggestion", words.percent(found["bound"]["value"]), basis))
    return blocks.said(_headline(found), kind="said") + blocks.facts(cards) + _bar(states, by)


def quoted(certificate: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """The accuracy to quote: of the latest sample with a look."""
    found = [one for one in certificate["accuracy"] if one["bound"]["value"] is not None]
    return found[LATEST] if found else None


def _headline(found: Mapping[str, Json] | None) -> str:
    if found is None:
        return (
            "No bound can be stated: people have not looked at a random sample of this run's suggestions. The counts "
            "below say what was decided, not how good the undecided labels are."
        )
    bound = found["bound"]
    return (
        f"Of the {found['n_suggestions']:,} suggestions of this run, people would choose at least "
        f"{words.percent(bound['low'])} and at most {words.percent(bound['high'])} (95 % confidence). That rests on "
        f"{words.count(found['n_counted'], 'item')} drawn at random and looked at by people"
        + (f", and {words.count(found['n_known_before'], 'item')} settled before." if found["n_known_before"] else ".")
    )


def _left_open(states: Mapping[str, int]) -> str:
    names = ("split", "flagged", "skipped")
    found = [f"{states[name]:,} {words.STATE_WORDS[name]}" for name in names if states.get(name)]
    return "open: " + ", ".join(found) if found else "none left open"


def _bar(states: Mapping[str, int], by: Mapping[str, int]) -> str:
    unsettled = {state: n for state, n in states.items() if state != "settled"}
    return blocks.figure(figures.state_bar(dict(by) | unsettled), "Where the label of each item comes from.")


def drawing(certificate: Mapping[str, Json]) -> str:
    """How items were drawn for people: only what was drawn at random proves something about the rest."""
    plans = certificate["plans"]
    if not plans:
        return blocks.said(
            "No plan was made: items were decided as people came to them, which proves nothing about the rest."
        )
    rows = [
        (
            plan["name"] or f"plan {plan['plan_id']}",
            words.ORDER_WORDS.get(plan["order"], plan["order"]),
            f"{plan['draw']['n']:,}",
            words.percent(plan["configuration"].get("blind_share") or 0, digits=0),
            f"{sum(look['n'] for look in plan['looks_decided']):,}",
            plan["seed"],
            _drawn_again(plan),
        )
        for plan in plans
    ]
    heads = ("Plan", "Items drawn", "Drawn", "Blind", "Looks", "Seed", "Drawn again from the seed")
    note = (
        "Only items drawn at random, uniformly or within strata, count for the bounds below. On a blind look the "
        "suggestion stays hidden until the decision is in."
    )
    return blocks.table(heads, rows, numbers=(2, 3, 4), hashes=(5,)) + blocks.said(note, kind="quiet")


def _drawn_again(plan: Mapping[str, Json]) -> str:
    if not plan["is_sample"]:
        return "no sample"
    return "the same items" if plan["is_as_seeded"] else "NOT the same items"


def accuracy(certificate: Mapping[str, Json]) -> str:
    """The share of suggestions that people agree with, sample by sample."""
    names = {plan["plan_id"]: plan["name"] or f"plan {plan['plan_id']}" for plan in certificate["plans"]}
    strata = {plan["plan_id"]: plan["configuration"].get("strata") for plan in certificate["plans"]}
    parts = [
        _accuracy(names.get(one["plan_id"], ""), one, strata=strata.get(one["plan_id"]))
        for one in certificate["accuracy"]
    ]
    return "".join(parts) or blocks.said("There is no random sample under this run yet.")


def _accuracy(name: str, found: Mapping[str, Json], *, strata: str | None) -> str:
    if not found["n_counted"]:
        return blocks.heading(name) + blocks.said("Nobody has looked at an item of it yet.")
    rows = [("All looks", found["bound"]), ("Blind looks only", found["blind_looks_only"])]
    rows += [(one["domain"] or "no domain", one) for one in found["by_domain"]]
    if strata != "domain":  # else they stand there already
        rows += [(one["stratum"] or "no stratum", one) for one in found["by_stratum"]]
    drawn = figures.share_rows(rows, title="Suggestions people agree with", unit="suggestions people agree with")
    notes = [
        f"Counted: {words.count(found['n_counted'], 'item')} of the sample, {found['n_agree']:,} of them agreed with"
    ]
    notes += (
        [f"{found['n_unresolved']:,} left unresolved, taken at their worst on both ends"]
        if found["n_unresolved"]
        else []
    )
    otherwise, beyond = found["n_decided_otherwise"], found["n_beyond_first_gap"]
    notes += [f"{otherwise:,} decided in another way than on the sample's own look"] if otherwise else []
    notes += [f"{beyond:,} decided after the first gap in the order and not counted yet"] if beyond else []
    caption = f"{'; '.join(notes)}. Method: {found['bound']['method']}."
    return blocks.heading(name) + blocks.figure(drawn, caption)


def auto_accepts(certificate: Mapping[str, Json]) -> str:
    """The labels accepted unlooked, the bound they were accepted under, and whether they still stand."""
    found = certificate["auto_accepts"]
    if not found:
        return blocks.said("No label was accepted unlooked.")
    return "".join(_auto_accept(one) for one in found)


def _auto_accept(found: Mapping[str, Json]) -> str:
    target = words.percent(found["target_error"])
    standing = (
        f"{found['n_accepted']:,} labels were accepted unlooked"
        if found["n_standing"] == found["n_accepted"]
        else f"{found['n_accepted']:,} labels were accepted unlooked; {found['n_standing']:,} of them still stand"
    )
    line = f"{standing}, so that at most {target} of them are wrong ({words.percent(found['level'])} confidence)."
    if not found["is_as_applied"]:
        line += " The looks do NOT give the thresholds that were applied."
    rows = [_threshold_row(one) for one in found["thresholds"]]
    heads = ("Domain", "From margin", "Labels", "Looks above", "Not agreed with", "Wrong, at most")
    drawn = [
        blocks.figure(
            figures.threshold_path(one, target=found["target_error"]),
            f"{_domain(one)}: the bound at each threshold, from the strictest down; the dashed line is the target.",
        )
        for one in found["thresholds"]
    ]
    return blocks.said(line) + blocks.table(heads, rows, numbers=range(1, 6)) + "".join(drawn)


def _threshold_row(one: Mapping[str, Json]) -> Sequence[str]:
    if one["threshold"] is None:
        return (_domain(one), "none", "–", "–", "–", one["reason"])
    return (
        _domain(one), words.number(one["threshold"]), f"{one['n_accepted']:,}", f"{one['n_looks']:,}",
        f"{one['n_errors']:,}", words.percent(one["error_at_most"]),
    )  # fmt: skip


def _domain(one: Mapping[str, Json]) -> str:
    return "All domains" if one["domain"] is None else one["domain"] or "no domain"


def calibration(certificate: Mapping[str, Json]) -> str:
    """How far the confidence shown beside a suggestion can be trusted."""
    found = certificate["calibration"]
    if found is None:
        return blocks.said("Too few decisions to say how often people agree at a given margin.")
    curve = found["overall"]
    brier, error, balance = (curve[key] for key in ("brier", "expected_calibration_error", "balance_score"))
    plain = words.number(curve["brier_of_plain_share"])
    n = words.count(balance["n"], "decision")
    cards = [
        ("Brier score", words.number(brier["value"]), f"0 is perfect, the plain share scores {plain}; n = {n}"),
        ("Expected calibration error", words.percent(error["value"]), words.basis(error, of="decisions")),
        ("Balance score", f"{words.signed(balance['value'])} points", _balance_words(balance, n)),
    ]
    caption = (
        f"Fitted on {words.count(curve['n'], 'decision')} ({curve['method']}, cross-validated), 95 % Wilson intervals. "
        "On the diagonal, confidence is right."
    )
    note = (
        "Confidence guides the order of looking and is shown beside a suggestion. No bound in this report rests on it."
    )
    drawn = blocks.figure(figures.reliability(curve["bins"]), caption)
    return blocks.facts(cards) + drawn + blocks.said(note, kind="quiet")


def _balance_words(balance: Mapping[str, Json], n: str) -> str:
    ends = "" if balance["low"] is None else f"{words.signed(balance['low'])} to {words.signed(balance['high'])}, "
    return f"{ends}n = {n}; above 0 the confidence is too high"
