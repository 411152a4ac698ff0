"""Look here again: the undecided most like the overridden, the decided at odds with what is most like them."""

from __future__ import annotations

import pytest
from certified_desk import CertifiedDesk, write_certified_desk

from db.session import Sessions
from services.influence import look_again
from services.statistics.likeness import nearest, vectors

TEA = ["green tea from Japan", "green tea from China", "green tea in spring", "green tea on ice"]
POTS = [
    "a pot of clay with a lid",
    "a pot of glass with a lid",
    "a pot of iron with a lid",
    "a pot of steel with a lid",
]


@pytest.fixture
def shop(fresh_db: Sessions) -> CertifiedDesk:
    """Tea at places 0 to 3, pots at places 4 to 7."""
    return write_certified_desk(fresh_db, [*TEA, *POTS])


def test_what_is_like_an_overridden_item_comes_first_and_carries_its_reason(shop: CertifiedDesk) -> None:
    shop.choose(0, 1, tags=["wrong fact"])
    shop.choose(1, 1, tags=["wrong fact", "style"])
    shop.choose(4, 0)
    found = look_again(shop.sessions, dataset_id=shop.dataset_id, run_id=shop.run_id)
    assert (found.n_overridden, found.n_agreed, found.n_undecided, found.n_left_out) == (2, 1, 5, 0)
    assert {one.item_id for one in found.like_overridden} == {shop.item_ids[2], shop.item_ids[3]}, "no pot is like them"
    first = found.like_overridden[0]
    assert (first.reason, first.n_alike) == ("wrong fact", 2)
    assert first.nearest_item_id in shop.item_ids[:2]
    assert 0 < first.likeness < 1
    assert [one.score for one in found.like_overridden] == sorted(
        (o.score for o in found.like_overridden), reverse=True
    )


def test_a_decided_item_whose_neighbours_went_the_other_way_is_at_odds(shop: CertifiedDesk) -> None:
    for place in (0, 1, 2):
        shop.choose(place, 0)
    shop.choose(3, 1)
    for place in (4, 5, 6, 7):
        shop.choose(place, 1)
    found = look_again(shop.sessions, dataset_id=shop.dataset_id, run_id=shop.run_id)
    first = found.at_odds[0]
    assert first.item_id == shop.item_ids[3], "overridden among accepted tea"
    assert not first.agrees
    assert first.n_other == 3
    assert first.nearest_item_id in shop.item_ids[:3]
    assert not {one.item_id for one in found.at_odds} & set(shop.item_ids[4:]), "all pots went one way"


def test_without_an_override_there_is_nothing_to_be_like(shop: CertifiedDesk) -> None:
    shop.choose(0, 0)
    found = look_again(shop.sessions, dataset_id=shop.dataset_id, run_id=shop.run_id)
    assert found.like_overridden == ()
    assert found.at_odds == ()
    assert look_again(shop.sessions, dataset_id=shop.dataset_id, run_id=shop.run_id + 1).n_agreed == 0


def test_texts_without_a_word_are_like_nothing(fresh_db: Sessions) -> None:
    assert vectors(["", "...", "!"]).shape == (3, 1)
    places, cosines = nearest(vectors(["...", "!"]), vectors(["...", "!"]), 3, is_same=True)
    assert places.shape == (2, 1)
    assert not cosines.any()


def test_signs_without_spaces_between_words_are_compared_one_by_one() -> None:
    rows = vectors(["緑茶を飲む", "緑茶を買う", "鉄の鍋"])
    places, cosines = nearest(rows, rows, 2, is_same=True)
    assert places[0, 0] == 1
    assert cosines[0, 0] > 0.2 > cosines[0, 1]


def test_nearest_is_the_naive_sort_over_all_cosines() -> None:
    texts = [f"{a} {b} {c}" for a in ("tea", "pot") for b in ("green", "black", "old") for c in ("one", "two")]
    rows = vectors(texts)
    naive = (rows @ rows.T).toarray()
    places, cosines = nearest(rows[:5], rows, 4)
    for row in range(5):
        assert sorted(naive[row], reverse=True)[:4] == pytest.approx(list(cosines[row]), abs=1e-6)
        assert naive[row][places[row]] == pytest.approx(cosines[row], abs=1e-6)
