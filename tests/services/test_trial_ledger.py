"""The ledger of a trial on items written down by hand: what is a fix, what a regression, and what they amount to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from service_builders import Reviewer, draft, item_ids, make_dataset

from db.queries_trials import items_by_id
from db.session import Sessions
from services.exports.items import with_findings
from services.trials.ledger import Compared, Known, Ranked, ledger, truth_of

A, B, C = 11, 12, 13
NOBODY = Known(None, frozenset())


def item(before: list[list[int]], after: list[list[int]], known: Known = NOBODY, **more: float | int) -> Compared:
    """Candidates A, B and C under a run and under a draft, with margins of 2 and 3 nats."""
    return Compared(
        item_id=int(more.get("item_id", 1)),
        position=int(more.get("item_id", 1)) - 1,
        prompt="p",
        domain="chat",
        candidate_ids=(A, B, C),
        known=known,
        before=Ranked(before, float(more.get("margin_before", 2.0))),
        after=Ranked(after, float(more.get("margin_after", 3.0))),
        noise_margin=0.5,
    )


def right(*candidate_ids: int) -> Known:
    return Known("decision", frozenset(candidate_ids))


def test_a_flip_towards_the_truth_is_a_fix_and_one_away_from_it_a_regression() -> None:
    found = ledger([item([[A], [B], [C]], [[B], [A], [C]], right(B)), item([[B], [A]], [[A], [B]], right(B))])
    assert [(flip.kind, flip.before, flip.after, flip.right) for flip in found.flips] == [
        ("fix", "A", "B", "B"),
        ("regression", "B", "A", "B"),
    ]


def test_a_flip_between_two_wrong_ones_is_neither() -> None:
    found = ledger([item([[A], [B], [C]], [[C], [A], [B]], right(B))])
    assert [flip.kind for flip in found.flips] == ["other"]
    assert (found.fixes.value, found.regressions.value) == (0.0, 0.0)


def test_without_a_truth_a_flip_is_unjudged_and_counts_in_no_share() -> None:
    found = ledger([item([[A], [B]], [[B], [A]])])
    assert (found.n("unjudged"), found.before.n, found.fixes.n, found.change.n) == (1, 0, 0, 0)


def test_the_same_best_is_no_flip_whatever_happens_below_it() -> None:
    assert ledger([item([[A], [B], [C]], [[A], [C], [B]], right(B))]).flips == ()


def test_a_tie_at_the_top_shares_the_credit() -> None:
    """B is right: A alone earns 0, A with B a half, B alone 1."""
    half_fixed = ledger([item([[A], [B], [C]], [[A, B], [C]], right(B))])
    half_lost = ledger([item([[B], [A]], [[A, B]], right(B))])
    assert [(flip.kind, flip.after) for flip in half_fixed.flips] == [("fix", "A=B")]
    assert (half_fixed.before.value, half_fixed.after.value) == (0.0, 0.5)
    assert [flip.kind for flip in half_lost.flips] == ["regression"]
    assert half_lost.after.value == 0.5


def test_a_tie_that_loses_a_wrong_member_is_other_when_nothing_right_was_in_it() -> None:
    assert [flip.kind for flip in ledger([item([[A, C], [B]], [[A], [B, C]], right(B))]).flips] == ["other"]


def test_a_candidate_that_the_draft_leaves_unranked_earns_nothing() -> None:
    found = ledger([item([[B], [A], [C]], [[A], [C]], right(B))])
    assert [flip.kind for flip in found.flips] == ["regression"]


def test_shares_and_their_difference_are_those_counted_by_hand() -> None:
    """Ten items that have a truth: 2 fixes, 1 regression, 3 right both times, 4 wrong both times: 4 right, then 5."""
    fixes = [item([[A], [B]], [[B], [A]], right(B), item_id=n) for n in (1, 2)]
    lost = [item([[B], [A]], [[A], [B]], right(B), item_id=3)]
    kept = [item([[B], [A]], [[B], [A]], right(B), item_id=n) for n in (4, 5, 6)]
    wrong = [item([[A], [B]], [[A], [B]], right(B), item_id=n) for n in (7, 8, 9, 10)]
    found = ledger([*fixes, *lost, *kept, *wrong, item([[A]], [[B]], item_id=11)])
    assert (found.before.value, found.after.value) == pytest.approx((0.4, 0.5))
    assert (found.fixes.value, found.regressions.value, found.fixes.n) == pytest.approx((0.2, 0.1, 10))
    assert found.change.value == pytest.approx(0.1)
    assert found.change.is_noise
    assert found.fixes.low == pytest.approx(0.0567, abs=1e-4)  # Wilson for 2 of 10: 0.0567 to 0.5098
    assert found.fixes.high == pytest.approx(0.5098, abs=1e-4)


def test_a_change_that_every_item_shares_is_more_than_chance() -> None:
    found = ledger([item([[A], [B]], [[B], [A]], right(B), item_id=n) for n in range(1, 13)])
    assert found.change.value == 1.0
    assert not found.change.is_noise


def test_a_flip_is_marked_when_either_margin_is_within_the_run_s_noise() -> None:
    sure = item([[A], [B]], [[B], [A]], right(B), margin_before=2.0, margin_after=0.6)
    shaky = [replace(sure, after=Ranked(sure.after.ranking, 0.4)), replace(sure, before=Ranked([[A], [B]], 0.1))]
    assert [flip.is_within_noise for flip in ledger([sure]).flips] == [False]
    assert [flip.is_within_noise for flip in ledger(shaky).flips] == [True, True]


def test_fixes_come_first_and_the_surest_flip_of_a_kind_before_the_others() -> None:
    lost = item([[B], [A]], [[A], [B]], right(B), item_id=1)
    fixed = [item([[A], [B]], [[B], [A]], right(B), item_id=n, margin_after=n) for n in (2, 3)]
    assert [flip.item_id for flip in ledger([lost, *fixed]).flips] == [3, 2, 1]


def truth(desk: Sessions, item_id: int) -> tuple[str | None, str]:
    """Who says what is right, and the letters."""
    with desk() as session:
        found = next(with_findings(session, items_by_id(session, [item_id]), None, None))
    known = truth_of(found)
    places = [chr(65 + c.position) for c in found.candidates if c.candidate_id in known.right]
    return known.truth, "".join(places)


def test_a_person_comes_before_gold_and_a_skip_leaves_it_to_gold(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, [draft("p", "one", "two", "three", best=0)])
    item_id = item_ids(desk, dataset_id)[0]
    ann, bob = Reviewer(desk, dataset_id), Reviewer(desk, dataset_id, name="bob")
    assert truth(desk, item_id) == ("gold", "A")
    ann.say(item_id, "skip")
    assert truth(desk, item_id) == ("gold", "A")
    bob.say(item_id, "best", chosen_candidate_id=ann.look(item_id).candidates[1].candidate_id)
    assert truth(desk, item_id) == ("decision", "B")
    ann.say(item_id, "tie")
    assert truth(desk, item_id) == (None, "")


def test_of_two_candidates_with_one_text_both_are_right(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, [draft("p", "same", "other", "same")])
    item_id = item_ids(desk, dataset_id)[0]
    ann = Reviewer(desk, dataset_id)
    ann.say(item_id, "best", chosen_candidate_id=ann.look(item_id).candidates[0].candidate_id)
    assert truth(desk, item_id) == ("decision", "AC")
