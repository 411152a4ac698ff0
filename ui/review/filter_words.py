"""A filter in words. Pure strings; every one of them may hold names from files, so it is escaped where it is shown."""

from __future__ import annotations

from services.reviews.filters import Filters, Margin

TITLES = {
    "states": "Label",
    "verdicts": "Decided as",
    "annotators": "Decided by",
    "reasons": "Reason",
    "margin": "Margin",
    "badges": "Badge",
    "domains": "Domain",
    "subsets": "Subset",
    "sources": "Source model",
}  # field of Filters -> what it is called, in the order of the panel
VALUES = {
    "verdicts": {"accept": "accepted", "override": "overridden", "skip": "skipped", "flag": "flagged"},
    "states": {
        "human": "settled by people",
        "adjudication": "adjudicated",
        "auto": "accepted unlooked",
        "split": "people split",
    },
    "badges": {
        "noise": "within numeric noise",
        "flip": "length flips it",
        "world": "out of the pair's world",
        "unweighed": "not weighed",
    },
}
NONE = {"domains": "no domain", "subsets": "no subset", "sources": "no model named"}


def value_words(field: str, value: str | None) -> str:
    """One value.

    >>> value_words("badges", "flip"), value_words("domains", None)
    ('length flips it', 'no domain')
    """
    if value is None:
        return NONE.get(field, "none")
    return VALUES.get(field, {}).get(value, value)


def margin_words(margin: Margin) -> str:
    """A range of margins.

    >>> margin_words((None, 0.5)), margin_words((0.5, 2.0)), margin_words((2.0, None))
    ('below 0.5', '0.5 to 2', '2 and more')
    """
    low, high = (None if end is None else f"{end:g}" for end in margin)
    if low is None:
        return f"below {high}"
    return f"{low} and more" if high is None else f"{low} to {high}"


def filter_words(filters: Filters) -> str:
    """The whole filter in one line.

    >>> filter_words(Filters(words="brew", verdicts=("override", "tie"), margin=(None, 0.5)))
    'says “brew” · overridden or tie · margin below 0.5'
    """
    parts = [f"says “{filters.words.strip()}”"] if filters.words.strip() else []
    for field, title in TITLES.items():
        chosen = getattr(filters, field)
        if field == "margin":
            parts += [] if chosen is None else [f"margin {margin_words(chosen)}"]
        elif chosen:
            words = " or ".join(value_words(field, value) for value in chosen)
            parts.append(words if field in VALUES else f"{title.lower()} {words}")
    return " · ".join(parts)
