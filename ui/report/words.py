"""Figures of a certificate as words. Pure strings; no number without what it rests on.

Leaves out escaping (page.py escapes whatever it writes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any
ORDER_WORDS = {
    "random": "uniformly at random",
    "stratified": "at random within strata",
    "uncertainty": "least certain first",
    "margin": "smallest margin first",
    "change": "suggestion differs from another run",
    "flip": "length flips it",
    "disagree": "annotators disagree",
    "file": "in file order",
}
STATE_WORDS = {
    "adjudication": "settled by an adjudicator",
    "human": "settled by people",
    "auto": "accepted unlooked",
    "split": "people differ",
    "flagged": "flagged",
    "skipped": "skipped",
    "undecided": "undecided",
}


def percent(value: float, *, digits: int = 1) -> str:
    """A share as a percentage.

    >>> percent(0.9254), percent(1.0)
    ('92.5 %', '100 %')
    """
    shown = f"{100 * value:.{digits}f}"
    return f"{shown.removesuffix('.' + '0' * digits)} %"


def share(found: Mapping[str, Json] | None, *, of: str = "") -> str:
    """A share with its n and interval in one line."""
    if not found or found.get("value") is None:
        return f"no {of} yet" if of else "none to count"
    ends = "" if found.get("low") is None else f"{interval(found)}, "
    return f"{percent(found['value'])} ({ends}{_rests_on(found, of)})"


def basis(found: Mapping[str, Json], *, of: str = "") -> str:
    """What a share rests on: n and the 95 % interval."""
    n = _rests_on(found, of)
    return n if found.get("low") is None else f"95 % interval {interval(found)}, {n}"


def _rests_on(found: Mapping[str, Json], of: str) -> str:
    return f"n = {found['n']:,}" + (f" {of}" if of else "")


def interval(found: Mapping[str, Json]) -> str:
    """The 95 % interval of a share."""
    return f"{percent(found['low']).removesuffix(' %')} to {percent(found['high'])}"


def coefficient(found: Mapping[str, Json] | None) -> str:
    """A coefficient (alpha, kappa, tau) with its interval."""
    if not found or found.get("value") is None:
        return "cannot be told"
    ends = "" if found.get("low") is None else f"{found['low']:.2f} to {found['high']:.2f}, "
    return f"{found['value']:.2f} ({ends}n = {found['n']:,} items)"


def points(found: Mapping[str, Json]) -> str:
    """A difference of two shares in percentage points, with its interval."""
    if found.get("value") is None:
        return "cannot be told yet"
    ends = "" if found.get("low") is None else f" ({signed(found['low'])} to {signed(found['high'])})"
    return f"{signed(found['value'])} points{ends}"


def signed(value: float) -> str:
    """A share as percentage points with its sign.

    >>> signed(0.034), signed(-0.0001)
    ('+3.4', '0.0')
    """
    shown = f"{100 * value:+.1f}"
    return "0.0" if shown in ("+0.0", "-0.0") else shown.replace("-", "\N{MINUS SIGN}")


def number(value: float) -> str:
    """A margin or a small number, as short as it can be."""
    return f"{value:.4g}"


def count(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> count(1, "item"), count(1200, "item")
    ('1 item', '1,200 items')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
