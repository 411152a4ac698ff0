"""Numbers, times and untrusted names as words on a screen. Pure strings, no streamlit.

A share is never shown without its n and its 95 % interval. Leaves out HTML (prose.py) and figures (charts/figures.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from services.statistics.intervals import Share
from ui.prose import safe

JOINER = "\N{WORD JOINER}"  # takes no room; keeps `:smile:`, `www.` and `@` from being read as more than text
_SPECIAL = re.compile(r"([\\`*_\[\](){}<>#~$|!+\-.=^&])")
_TRAPS = re.compile(r"(:|@|www)(?=\S)", re.IGNORECASE)


def escaped(text: str) -> str:
    r"""Text for a place that reads Markdown (labels, notices): shown as it is, on one line, nothing interpreted.

    >>> escaped("a *b* $c$")
    'a \\*b\\* \\$c\\$'
    """
    return _TRAPS.sub(rf"\1{JOINER}", _SPECIAL.sub(r"\\\1", " ".join(text.split())))


def percent(value: float) -> str:
    """A share as a whole percentage.

    >>> percent(0.826)
    '83 %'
    """
    return f"{100 * value:.0f} %"


def share_value(share: Share) -> str:
    """The share alone, for a big number; a dash where there is none. Always stands with `share_basis`."""
    return "–" if share.value is None else percent(share.value)


def share_basis(share: Share, *, of: str) -> str:
    """What the share rests on: "n = 120 decisions, 95 % interval 76 to 89 %"."""
    if share.value is None or share.low is None or share.high is None:
        return f"no {of} yet"
    return f"n = {share.n} {of}, 95 % interval {100 * share.low:.0f} to {percent(share.high)}"


def share_line(share: Share, *, of: str) -> str:
    """A share with what it rests on, in one line."""
    return share_basis(share, of=of) if share.value is None else f"{share_value(share)} ({share_basis(share, of=of)})"


def count(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> count(1, "item"), count(1200, "item"), count(2, "reply", "replies")
    ('1 item', '1,200 items', '2 replies')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """A time span in the one or two units that matter.

    >>> duration(4.2), duration(75), duration(7300)
    ('4 s', '1 min 15 s', '2 h 2 min')
    """
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def day(when: datetime) -> str:
    """The date of a stored time (UTC)."""
    return f"{when:%Y-%m-%d}"


def moment(when: datetime) -> str:
    """A stored time to the minute, with its zone."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def facts_html(facts: Mapping[str, str]) -> str:
    """Names and values as a quiet two-column list; every text escaped, empty values left out."""
    rows = "".join(f"<dt>{safe(name)}</dt><dd dir='auto'>{safe(value)}</dd>" for name, value in facts.items() if value)
    return f'<dl class="t-facts">{rows}</dl>'
