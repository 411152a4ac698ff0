"""A filter in the address, there and back, and in words."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.reviews.filters import BADGES, STATES, VERDICTS_KNOWN, Filters
from services.reviews.rows import REASON_TAGS
from ui import frame
from ui.review.filter_query import FIELDS, from_query, to_query
from ui.review.filter_words import TITLES, filter_words

NAMES = ("chat", "a,b", "~", "\\", "c\\,d", " x ", "ü&=?#", "", None)


def some(chance: random.Random, values: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return tuple(dict.fromkeys(chance.choices(values, k=chance.randrange(4))))


@pytest.mark.parametrize("seed", range(40))
def test_every_filter_comes_back_from_its_address(seed: int) -> None:
    chance = random.Random(seed)
    names = tuple(name for name in NAMES if name != "")
    filters = Filters(
        words=chance.choice(["", "tea pot", '"a b" c,d']),
        domains=some(chance, names),
        subsets=some(chance, names),
        sources=some(chance, names),
        annotators=some(chance, tuple(name for name in names if name is not None)),
        margin=chance.choice([None, (None, 0.5), (-1.25, 2.0), (1e-05, None)]),
        verdicts=some(chance, VERDICTS_KNOWN),
        reasons=some(chance, REASON_TAGS),
        states=some(chance, STATES),
        badges=some(chance, BADGES),
    )  # fmt: skip
    assert from_query(to_query(filters)) == (None if filters.is_empty else filters)
    assert set(to_query(filters)) <= set(frame.FILTERS)


def test_an_old_link_to_a_badge_still_holds() -> None:
    assert from_query({"only": "noise"}) == Filters(badges=("noise",))


@pytest.mark.parametrize(
    "query",
    [
        {"only": "<img>"}, {"verdict": "maybe"}, {"margin": "x"}, {"margin": ".."}, {"margin": "nan..inf"},
        {"find": "  "}, {"label": "~"}, {"item": "7"}, {},
    ],
)  # fmt: skip
def test_what_is_not_understood_asks_for_nothing(query: dict[str, str]) -> None:
    assert from_query(query) is None


def test_what_is_understood_beside_it_still_counts() -> None:
    assert from_query({"verdict": "maybe,tie", "find": "x" * 999}) == Filters(words="x" * 200, verdicts=("tie",))


def test_every_thing_one_can_filter_by_has_a_name_in_the_address_and_in_words() -> None:
    fields = set(Filters.__dataclass_fields__)
    assert fields == {*FIELDS.values(), "words", "margin"} == {*TITLES, "words"}
    assert set(frame.FILTERS) == {*FIELDS, "find", "margin"}
    for field in fields - {"words", "margin", "verdicts", "reasons", "states", "badges"}:
        assert "<b>" in filter_words(replace(Filters(), **{field: ("<b>",)}))
