"""A filter as it stands in the address of Review, there and back. Pure: no streamlit.

    find=brew&domain=chat,safety&margin=0.5..2&verdict=override&by=Ada&reason=style&source=m&label=split&only=noise

Values of one thing are joined by commas; a comma, backslash or a lone `~` within a value gets a backslash, a lone `~`
stands for items without a value. What is not understood counts as not asked for: an old link never breaks the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from services.errors import Refused
from services.reviews.filters import WORDS_LIMIT, Filters, Margin

NO_VALUE = "~"
FIELDS = {
    "domain": "domains",
    "subset": "subsets",
    "verdict": "verdicts",
    "by": "annotators",
    "reason": "reasons",
    "source": "sources",
    "label": "states",
    "only": "badges",
}  # name in the address -> field of Filters
MAY_LACK = ("domain", "subset", "source")
PART = re.compile(r"((?:[^\\,]|\\.)*)(?:,|$)")
RANGE = re.compile(r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)?\.\.(-?\d+(?:\.\d+)?(?:e-?\d+)?)?")


def to_query(filters: Filters) -> dict[str, str]:
    """The names and values of the address; goes into `frame.page_link(frame.REVIEW, ..., **to_query(filters))`.

    >>> to_query(Filters(words="tea", domains=("a,b", None), margin=(0.5, None)))
    {'find': 'tea', 'margin': '0.5..', 'domain': 'a\\\\,b,~'}
    """
    query = {"find": filters.words.strip()} if filters.words.strip() else {}
    if filters.margin is not None:
        query["margin"] = "..".join("" if end is None else f"{end:g}" for end in filters.margin)
    for name, field in FIELDS.items():
        values: tuple[str | None, ...] = getattr(filters, field)
        if values:
            query[name] = ",".join(map(_written, values))
    return query


def from_query(query: Mapping[str, str]) -> Filters | None:
    """The filter that an address asks for; None for none."""
    filters = Filters(words=query.get("find", "").strip()[:WORDS_LIMIT], margin=_margin(query.get("margin", "")))
    for name, field in FIELDS.items():
        values = tuple(dict.fromkeys(_read(query.get(name, ""), may_lack=name in MAY_LACK)))
        more: dict[str, Any] = {field: tuple(_known(field, values))}
        filters = replace(filters, **more)
    return None if filters.is_empty else filters


def _known(field: str, values: Iterable[str | None]) -> Iterable[str | None]:
    """The values that the filter takes; words of a closed list that are not on it are dropped."""
    for value in values:
        alone: dict[str, Any] = {field: (value,)}
        try:
            Filters(**alone)
        except Refused:
            continue
        yield value


def _written(value: str | None) -> str:
    if value is None:
        return NO_VALUE
    text = value.replace("\\", "\\\\").replace(",", "\\,")
    return "\\" + text if value == NO_VALUE else text


def _read(text: str, *, may_lack: bool) -> Iterable[str | None]:
    for match in PART.finditer(text):
        part = match[1]
        if part == NO_VALUE and may_lack:
            yield None
        elif part:
            yield re.sub(r"\\(.)", r"\1", part)


def _margin(text: str) -> Margin | None:
    """`0.5..2`: at least, below; either end may be missing."""
    found = RANGE.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return None
    end: Callable[[str | None], float | None] = lambda part: None if part is None else float(part)  # noqa: E731
    return end(found[1]), end(found[2])
