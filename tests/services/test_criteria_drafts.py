"""Drafts of criteria: nobody's text is lost, and adopting makes versions that stay."""

from __future__ import annotations

import threading

import pytest

from db.session import Sessions
from scoring.criteria_body import CriteriaBody, DomainCriteria, Exemplar
from services.criteria.drafts import (
    adopt_draft,
    discard_draft,
    find_draft,
    list_drafts,
    newer_than_base,
    save_draft,
)
from services.criteria.store import CriteriaRow, add_version, find_criteria, get_criteria
from services.errors import NotFound, Refused

BODY = CriteriaBody("Be kind.", {"safety": DomainCriteria("Refuse.", (Exemplar("p", "g", "b", "why"),))})
OTHER = CriteriaBody("Be brief.")


def test_a_draft_is_kept_for_its_annotator_and_read_back_whole(desk: Sessions) -> None:
    saved = save_draft(desk, "ann", "mine", BODY)
    assert find_draft(desk, "ann", "mine") == saved
    assert saved.body == BODY
    assert find_draft(desk, "bob", "mine") is None
    assert find_draft(desk, "ann", "yours") is None


def test_saving_the_same_text_again_changes_nothing_and_another_text_replaces_it(desk: Sessions) -> None:
    first = save_draft(desk, "ann", "mine", BODY)
    assert save_draft(desk, "ann", " mine ", BODY) == first
    second = save_draft(desk, "ann", "mine", OTHER)
    assert (second.draft_id, second.body) == (first.draft_id, OTHER)
    assert second.updated_at > first.updated_at
    assert list_drafts(desk, "ann") == (second,)


def test_drafts_are_listed_with_the_one_touched_last_first(desk: Sessions) -> None:
    save_draft(desk, "ann", "one", BODY)
    save_draft(desk, "ann", "two", BODY)
    save_draft(desk, "bob", "three", BODY)
    save_draft(desk, "ann", "one", OTHER)
    assert [draft.name for draft in list_drafts(desk, "ann")] == ["one", "two"]
    assert list_drafts(desk, "nobody yet") == ()


def test_the_base_stays_known_until_another_is_named(desk: Sessions) -> None:
    none = find_criteria(desk, "none")
    save_draft(desk, "ann", "mine", BODY, none.criteria_id)
    assert save_draft(desk, "ann", "mine", OTHER).base_criteria_id == none.criteria_id
    with pytest.raises(NotFound, match="no criteria with number 999"):
        save_draft(desk, "ann", "mine", OTHER, 999)


def test_a_name_must_be_one_that_criteria_can_have(desk: Sessions) -> None:
    for name in ("", "  ", "x" * 101):
        with pytest.raises(Refused, match="1 to 100"):
            save_draft(desk, "ann", name, BODY)


def test_a_discarded_draft_is_gone_and_discarding_it_twice_is_nothing(desk: Sessions) -> None:
    save_draft(desk, "ann", "mine", BODY)
    save_draft(desk, "bob", "mine", BODY)
    discard_draft(desk, "ann", "mine")
    discard_draft(desk, "ann", "mine")
    assert find_draft(desk, "ann", "mine") is None
    assert find_draft(desk, "bob", "mine") is not None


def test_adopting_makes_a_version_and_ends_the_draft(desk: Sessions) -> None:
    save_draft(desk, "ann", "mine", BODY)
    first = adopt_draft(desk, "ann", "mine", title="Kind")
    assert (first.name, first.version, first.title, first.body) == ("mine", 1, "Kind", BODY)
    assert find_draft(desk, "ann", "mine") is None
    save_draft(desk, "ann", "mine", OTHER, first.criteria_id)
    second = adopt_draft(desk, "ann", "mine")
    assert (second.version, second.title) == (2, "Kind")
    assert get_criteria(desk, first.criteria_id).body == BODY
    with pytest.raises(NotFound, match="no draft 'mine'"):
        adopt_draft(desk, "ann", "mine")


def test_a_built_in_name_is_refused_with_the_way_out_and_the_draft_stays(desk: Sessions) -> None:
    save_draft(desk, "ann", "helpful", BODY)
    with pytest.raises(Refused, match="save the edit under another name"):
        adopt_draft(desk, "ann", "helpful")
    assert find_draft(desk, "ann", "helpful") is not None
    assert adopt_draft(desk, "ann", "helpful", as_name="our-helpful").name == "our-helpful"
    assert find_draft(desk, "ann", "helpful") is None


def test_two_people_adopting_at_once_make_two_versions(desk: Sessions) -> None:
    for person in ("ann", "bob"):
        save_draft(desk, person, "ours", CriteriaBody(f"As {person} says."))
    adopted: list[CriteriaRow] = []
    threads = [
        threading.Thread(target=lambda person=person: adopted.append(adopt_draft(desk, person, "ours")))
        for person in ("ann", "bob")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.version for row in adopted) == [1, 2]
    assert {row.body.default.instruction for row in adopted} == {"As ann says.", "As bob says."}


def test_two_tabs_that_begin_one_draft_at_once_keep_one(desk: Sessions) -> None:
    bodies = [CriteriaBody(f"Tab {n}.") for n in range(4)]
    threads = [threading.Thread(target=save_draft, args=(desk, "ann", "mine", body)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [draft.body in bodies for draft in list_drafts(desk, "ann")] == [True]


def test_a_draft_is_told_when_somebody_else_was_faster(desk: Sessions) -> None:
    base = add_version(desk, "ours", title="", body=OTHER)
    mine = save_draft(desk, "ann", "ours", BODY, base.criteria_id)
    assert newer_than_base(desk, mine) is None
    theirs = add_version(desk, "ours", title="", body=CriteriaBody("Be loud."))
    newer = newer_than_base(desk, mine)
    assert newer is not None
    assert newer.criteria_id == theirs.criteria_id
    assert adopt_draft(desk, "ann", "ours").version == 3


def test_text_that_no_database_could_hold_is_mended_in_the_draft(desk: Sessions) -> None:
    kept = save_draft(desk, "ann", "mine", CriteriaBody("tea\x00", {"chat": "\ud800 milk"}))
    assert kept.body == CriteriaBody("tea\N{REPLACEMENT CHARACTER}", {"chat": "\N{REPLACEMENT CHARACTER} milk"})
    assert adopt_draft(desk, "ann", "mine").sha256 == kept.body.sha256
