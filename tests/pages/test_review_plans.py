"""Review under a plan: blind and reveal, rankings by keys, strength."""

from __future__ import annotations

from desk_data import Desk, write_desk
from desk_people import PAIR, Reviewer
from plan_desk import LEADING, Decisions, at_plan, choose_other_than_suggested, looks, make_plan, suggested

from db.session import Sessions


def test_a_blind_item_shows_nothing_that_leads_until_it_is_decided(sums: Desk, decisions: Decisions) -> None:
    person = at_plan(sums, make_plan(sums, blind_share=1.0))
    assert not [word for word in LEADING if word in person.html()]
    assert person.button("accept").disabled
    assert person.button("tokens").disabled
    first = person.item_id
    chosen = choose_other_than_suggested(person, sums)
    (kept,) = decisions()
    assert (kept.verdict, kept.is_blind, kept.chosen_candidate_id) == ("override", True, chosen)
    assert person.item_id == first, "it stays, revealed"
    assert "suggested" in person.html()
    assert "was blind, now revealed" in person.html()
    person.save_reasons()
    assert person.item_id != first
    assert not [word for word in LEADING if word in person.html()]


def test_an_accepted_blind_item_is_revealed_before_one_goes_on(sums: Desk, decisions: Decisions) -> None:
    person = at_plan(sums, make_plan(sums, blind_share=1.0))
    first = person.item_id
    (look, *_) = looks(sums)
    person.choose(look.display_order.index(suggested(sums, first)) + 1)
    assert (decisions()[0].verdict, decisions()[0].is_blind) == ("accept", True)
    assert person.item_id == first
    assert "suggested" in person.html()
    person.press("veil")
    assert "suggested" not in person.html()
    person.press("veil_on")
    assert "suggested" in person.html()
    person.accept()
    assert person.item_id != first
    assert len(decisions()) == 1


def test_source_and_gold_stay_hidden_behind_the_veil_even_when_asked_for(sums: Desk) -> None:
    person = at_plan(sums, make_plan(sums, blind_share=1.0))
    person.settled(person.at.toggle(key="review_source").set_value(True).run())
    person.settled(person.at.toggle(key="review_gold").set_value(True).run())
    assert "from model-x" not in person.html()
    assert "gold rank" not in person.html()


def test_a_skipped_blind_item_is_not_revealed(sums: Desk) -> None:
    person = at_plan(sums, make_plan(sums, blind_share=1.0))
    first = person.item_id
    person.skip()
    assert person.item_id != first
    assert [one.revealed_at for one in looks(sums)] == [None] * len(looks(sums))


def test_a_ranking_is_typed_with_ties_and_saved_with_enter(sums: Desk, decisions: Decisions) -> None:
    person = at_plan(sums, make_plan(sums, mode="rank"))
    ids = sums.candidate_ids[sums.item_ids.index(person.item_id)]
    for key in ("place_4", "place_1", "tie_next", "place_2"):
        person.press(key)
    assert decisions() == [], "nothing is saved before Enter"
    assert person.button("rank_save").proto.shortcut.lower() == "enter"
    assert "2nd, tied" in person.html()
    person.press("rank_save")
    (kept,) = decisions()
    assert (kept.verdict, kept.request) == ("override", "rank")
    assert kept.ranking == [[ids[3]], [ids[0], ids[1]]], "of the third nothing is said"
    assert "D &gt; A = B" in person.html()


def test_a_place_is_taken_back_one_by_one(sums: Desk, decisions: Decisions) -> None:
    person = at_plan(sums, make_plan(sums, mode="rank"))
    ids = sums.candidate_ids[sums.item_ids.index(person.item_id)]
    for key in ("place_2", "place_1", "tie_next", "rank_back", "rank_back", "place_3"):
        person.press(key)
    person.press("rank_save")
    assert decisions()[0].ranking == [[ids[1]], [ids[2]]]
    assert decisions()[0].verdict == "accept", "what it says does not contradict the suggestion, or it would"


def test_one_place_is_no_ranking(sums: Desk) -> None:
    person = at_plan(sums, make_plan(sums, mode="rank"))
    person.press("place_2")
    assert person.button("rank_save").disabled
    person.press("place_1")
    assert not person.button("rank_save").disabled


def test_without_a_plan_key_k_begins_a_ranking_and_ends_it(desk: Desk, reviewer: Reviewer) -> None:
    assert reviewer.button("rank_on").proto.shortcut.lower() == "k"
    reviewer.press("rank_on")
    assert reviewer.has_button("place_1")
    reviewer.press("rank_off")
    assert reviewer.has_button("choose_1")
    reviewer.open(dataset="tea shop", item=desk.item_ids[1])
    assert not reviewer.has_button("rank_on"), "a pair has nothing to rank beside the best"


def test_a_ranking_keeps_its_places_when_reasons_are_added(
    desk: Desk, reviewer: Reviewer, decisions: Decisions
) -> None:
    reviewer.press("rank_on")
    for key in ("place_1", "place_2", "rank_save"):
        reviewer.press(key)
    reviewer.tag("style")
    reviewer.save_reasons("dry")
    first, second = decisions()
    assert second.supersedes_id == first.decision_id
    assert (second.ranking, second.request, second.note) == (first.ranking, "rank", "dry")


def test_strength_is_stored_by_the_file_whatever_side_it_was_on(empty_desk: Sessions, decisions: Decisions) -> None:
    desk = write_desk(empty_desk, [PAIR] * 8)
    person = at_plan(desk, make_plan(desk, mode="strength", blind_share=1.0))
    sides = set()
    for _ in range(8):
        place = desk.item_ids.index(person.item_id)
        look = next(one for one in looks(desk) if one.item_id == person.item_id)
        is_as_filed = look.display_order[0] == desk.candidate_ids[place][0]
        sides.add(is_as_filed)
        assert person.button("strength_1").label == "A much"
        person.press("strength_1")
        kept = decisions()[-1]
        assert kept.strength == (-3 if is_as_filed else 3)
        assert kept.chosen_candidate_id == look.display_order[0]
        person.press("save" if kept.verdict == "override" else "accept")
    assert sides == {True, False}


def test_the_middle_of_the_scale_is_a_tie(empty_desk: Sessions, decisions: Decisions) -> None:
    desk = write_desk(empty_desk, [PAIR, PAIR])
    person = at_plan(desk, make_plan(desk, mode="strength"))
    assert person.button("tie").proto.shortcut == "4"
    person.press("tie")
    assert (decisions()[0].verdict, decisions()[0].strength) == ("tie", 0)
