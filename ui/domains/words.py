"""An item's domain in words: what it is, from where, how sure. Pure strings, no streamlit.

Leaves out finding it (services/routing/resolve.py) and HTML.
"""

from __future__ import annotations

from services.routing.resolve import ResolvedDomain
from ui.wording import percent

HINTS = {
    "router": "The strong model's first choice of a domain for this prompt, with its probability.",
    "hand": "Somebody said so by hand; that comes before the router.",
    "fixed": "The run takes this one domain for all of its items.",
    "below threshold": "The router was not sure enough, so the criteria's default counts here.",
    "problem": "The strong model could not be asked, so the criteria's default counts here. Domains says why.",
}


def domain_words(one: ResolvedDomain) -> str:
    """The domain with its source and probability.

    >>> domain_words(ResolvedDomain("safety", "router", 0.971, 0.5))
    'safety, 97 % by the router'
    >>> domain_words(ResolvedDomain(None, "below threshold", 0.44, 0.6))
    'default: below 60 %'
    """
    name = one.domain or "default"
    if one.source == "router" and one.probability is not None:
        return f"{name}, {sure(one.probability)} by the router"
    if one.source == "below threshold":
        return f"default: below {percent(one.threshold)}"
    if one.source == "problem":
        return "default: the router could not be asked"
    return f"{name}, {'by hand' if one.source == 'hand' else 'for all items'}"


def domain_hint(one: ResolvedDomain, *, column: str | None) -> str:
    """What stands behind the words, and what the file itself says where that differs."""
    hint = HINTS.get(one.source, "")
    if one.source == "below threshold" and one.probability is not None:
        hint += f" Its first choice had {sure(one.probability)}."
    return hint + (f" The file says {column}." if column and column != one.domain else "")


def sure(probability: float) -> str:
    """A probability as a percentage; 100 % only where it is certain to the last digit.

    >>> sure(0.9996), sure(1.0), sure(0.004)
    ('over 99 %', '100 %', 'under 1 %')
    """
    if 0.995 <= probability < 1:
        return "over 99 %"
    return "under 1 %" if 0 < probability < 0.005 else percent(probability)
