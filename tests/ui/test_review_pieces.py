"""Pieces of the Review screen without a screen: rankings in the making, the side list's words, the lease's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from desk_rows import look_row, recent_row

from ui.collecting import APART_S, AT_MOST, Collections
from ui.review.keys import KEYS, keys_html
from ui.review.lease import clock_html, seconds_left
from ui.review.ranking import Draft, place_words
from ui.review.reasons import TAG_KEYS
from ui.review.recent import recent_label, steps_among

NOON = datetime(2026, 1, 1, 12, 0, 0)


def typed(keys: str) -> Draft:
    """A draft after these keys: a digit places that candidate, 0 ties, u takes back."""
    draft = Draft()
    for key in keys:
        if key == "0":
            draft = draft.tied()
        else:
            draft = draft.without_last() if key == "u" else draft.with_next(int(key))
    return draft


@pytest.mark.parametrize(
    ("keys", "places"),
    [
        ("241", ((2,), (4,), (1,))),
        ("2401", ((2,), (4, 1))),
        ("20401", ((2, 4, 1),)),
        ("2204", ((2, 4),)),
        ("20u4", ((2,), (4,))),
        ("204u3", ((2,), (3,))),
        ("2uuu", ()),
        ("03", ((3,),)),
    ],
)
def test_keys_make_a_ranking(keys: str, places: tuple[tuple[int, ...], ...]) -> None:
    assert typed(keys).places == places


def test_nobody_is_ranked_twice_whatever_is_typed() -> None:
    draft = typed("1102203301")
    assert sorted(draft.placed) == [1, 2, 3]


def test_a_place_after_a_tie_counts_those_before_it() -> None:
    assert place_words(((1, 2, 3), (4,))) == {1: "1st, tied", 2: "1st, tied", 3: "1st, tied", 4: "4th"}
    assert place_words(()) == {}


def test_the_side_list_says_what_was_said() -> None:
    assert recent_label(recent_row(position=11, verdict="accept", chosen_letter="B")) == "12 · B"
    assert recent_label(recent_row(position=0, verdict="override", ranking_letters=("B", "AC"))) == "1 · B > A=C"
    assert recent_label(recent_row(position=4, verdict="skip")) == "5 · skipped"


def test_arrows_step_through_the_latest_and_end_at_what_is_undecided() -> None:
    rows = [recent_row(item_id=item_id) for item_id in (30, 20, 10)]
    assert steps_among(rows, 99) == (30, None), "the item to be decided stands after the latest"
    assert steps_among(rows, 30) == (20, None)
    assert steps_among(rows, 20) == (10, 30)
    assert steps_among(rows, 10) == (None, 20)
    assert steps_among([], 99) == (None, None)


def test_an_item_decided_twice_is_one_step() -> None:
    rows = [recent_row(item_id=item_id) for item_id in (30, 20, 30, 10)]
    assert steps_among(rows, 20) == (10, 30)


def test_a_lease_has_seconds_left_until_it_is_over_and_none_once_closed() -> None:
    look = look_row(leased_until=NOON + timedelta(seconds=90))
    assert seconds_left(look, now=NOON) == 90.0
    assert seconds_left(look, now=NOON + timedelta(minutes=5)) == 0.0
    assert seconds_left(look_row(leased_until=NOON, closed_as="decided"), now=NOON) is None
    assert seconds_left(look_row(leased_until=None), now=NOON) is None


def test_the_clock_ticks_in_the_style_sheet_and_stands_out_near_the_end() -> None:
    assert "--t-from:1800;animation-duration:1800s" in clock_html(1800.2)
    assert "t-lease-soon" not in clock_html(1800.2)
    assert "t-lease-soon" in clock_html(45.0)
    assert "animation-duration:1s" in clock_html(0.2), "an animation of no length would not run"


def test_the_style_sheet_has_no_bracket_before_a_letter() -> None:
    """Streamlit's sanitizer drops a whole sheet in which one stands."""
    import re
    from pathlib import Path

    for sheet in Path(__file__).parents[2].glob("ui/*.css"):
        assert not re.search(r"<[/\w]", sheet.read_text(encoding="utf-8")), sheet.name


def test_every_reason_has_a_key_of_its_own_and_the_panel_tells_it() -> None:
    told = keys_html()
    letters = next(name for _, keys in KEYS for name, _ in keys if name.startswith("W G"))
    assert sorted(letters.split()) == sorted(TAG_KEYS.values())
    assert letters in told
    others = {name for _, keys in KEYS for name, _ in keys if len(name) == 1}
    assert not others & set(TAG_KEYS.values()), "a reason's letter means nothing else"


def test_lasting_objects_are_set_aside_after_a_slow_collection_only_and_seldom() -> None:
    watch = Collections()
    assert not watch.is_due(0.0), "nothing was slow yet"
    watch.latest_s = 0.08
    assert watch.is_due(0.0)
    watch.set_aside_at, watch.n_set_aside = 0.0, 1
    assert not watch.is_due(APART_S / 2)
    assert watch.is_due(APART_S)
    watch.n_set_aside = AT_MOST
    assert not watch.is_due(10 * APART_S)


def test_full_collections_are_timed_and_young_ones_are_not() -> None:
    watch = Collections()
    watch("start", {"generation": 0})
    watch("stop", {"generation": 0})
    assert watch.latest_s == 0.0
    watch("start", {"generation": 2})
    watch("stop", {"generation": 2})
    assert watch.latest_s > 0.0
