"""The Criteria page without a model: a draft kept as it is typed, domains and exemplars, versions, adopting."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from criteria_desk import CriteriaVisitor, typed
from visitor import HOSTILE, weighed_desk

from db.session import Sessions
from scoring.criteria_body import DomainCriteria, Exemplar
from services.criteria.drafts import list_drafts
from services.criteria.store import CriteriaBody, add_version, ensure_builtin, find_criteria

ROOT = Path(__file__).parents[2]


@pytest.fixture
def visitor(empty_desk: Sessions) -> CriteriaVisitor:
    """Somebody at the criteria of the run in hand."""
    weighed_desk(empty_desk)
    return CriteriaVisitor()


def test_without_a_dataset_criteria_can_be_written_and_the_rest_says_what_is_missing(empty_desk: Sessions) -> None:
    ensure_builtin(empty_desk)
    visitor = CriteriaVisitor(set="helpful")
    assert visitor.value("criteria_instruction").startswith("You are")
    assert "there is none yet" in visitor.words
    visitor.show("Try it")
    assert "There is no dataset yet" in visitor.words
    assert "Import a dataset" in [link.label for link in visitor.at.page_link]
    assert visitor.has_no_trouble()


def test_without_a_run_trying_leads_to_runs(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk, is_weighed=False)
    visitor = CriteriaVisitor(set="helpful").show("Try it")
    assert "has no run yet" in visitor.words
    assert "Start a run" in [link.label for link in visitor.at.page_link]
    assert visitor.has_no_trouble()


def test_it_opens_with_the_criteria_of_the_run_in_hand_and_no_draft(visitor: CriteriaVisitor) -> None:
    assert visitor.value("criteria_set") == "demo"
    assert "built in, version 1" in visitor.html
    assert "criteria_adopt" not in visitor.keys
    assert visitor.has_no_trouble()


def test_typing_begins_a_draft_that_a_refresh_finds_again(visitor: CriteriaVisitor, empty_desk: Sessions) -> None:
    visitor.type("criteria_instruction", "Be brief and warm.")
    kept = typed(empty_desk)
    assert kept is not None
    assert kept.instruction(None) == "Be brief and warm."
    assert "Saved" in visitor.html
    again = CriteriaVisitor()
    assert again.value("criteria_instruction") == "Be brief and warm."
    assert again.value("criteria_version") == 0, "the draft"


def test_leaving_a_field_as_it_was_begins_no_draft(visitor: CriteriaVisitor, empty_desk: Sessions) -> None:
    visitor.type("criteria_instruction", visitor.value("criteria_instruction"))
    assert typed(empty_desk) is None


def test_each_domain_has_its_own_instruction(visitor: CriteriaVisitor, empty_desk: Sessions) -> None:
    visitor.choose("criteria_domain", "safety").type("criteria_instruction", "Safety before all.")
    visitor.choose("criteria_domain", "reasoning").type("criteria_instruction", "Show every step.")
    kept = typed(empty_desk)
    assert kept is not None
    assert (kept.instruction("safety"), kept.instruction("reasoning")) == ("Safety before all.", "Show every step.")
    assert kept.instruction(None) == find_criteria(empty_desk, "demo").body.default.instruction
    assert CriteriaVisitor(set="demo", domain="safety").value("criteria_instruction") == "Safety before all."


def test_an_exemplar_is_kept_from_its_first_word_and_used_once_it_is_whole(
    visitor: CriteriaVisitor, empty_desk: Sessions
) -> None:
    visitor.press("criteria_exemplar_add").type("criteria_prompt_0", "How hot?").type("criteria_good_0", "80 degrees.")
    kept = typed(empty_desk)
    assert kept is not None
    assert kept.body.n_exemplars == 0
    assert "Not used yet: an exemplar has no bad text" in visitor.html
    again = CriteriaVisitor()
    assert again.value("criteria_prompt_0") == "How hot?", "a refresh keeps half an exemplar"
    again.type("criteria_bad_0", "Boiling.").type("criteria_explanation_0", "It burns.")
    kept = typed(empty_desk)
    assert kept is not None
    assert kept.body.default.exemplars == (Exemplar("How hot?", "80 degrees.", "Boiling.", "It burns."),)
    assert again.has_no_trouble()


def test_exemplars_are_moved_and_removed_and_a_removal_is_taken_back(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    pairs = (Exemplar("one", "a", "b"), Exemplar("two", "a", "b"))
    add_version(empty_desk, "mine", title="", body=CriteriaBody(DomainCriteria("x", pairs)))
    visitor = CriteriaVisitor(set="mine")
    visitor.press("criteria_down_0")
    assert prompts(visitor) == ["two", "one"]
    visitor.press("criteria_remove_0")
    assert prompts(visitor) == ["one"]
    visitor.press("criteria_take_back")
    assert prompts(visitor) == ["two", "one"]
    assert visitor.at.button(key="criteria_up_0").disabled
    assert visitor.at.button(key="criteria_down_1").disabled


def prompts(visitor: CriteriaVisitor) -> list[str]:
    return [area.value for area in visitor.at.text_area if str(area.key).startswith("criteria_prompt_")]


def test_a_domain_of_the_data_is_added_with_the_defaults_text_and_taken_back(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = CriteriaVisitor(set="demo-brief")
    assert visitor.at.selectbox(key="criteria_domain_known").options[:2] == ["chat", "reasoning"]
    visitor.choose("criteria_domain_known", "reasoning").press("criteria_domain_add")
    kept = typed(empty_desk, "demo-brief")
    assert kept is not None
    assert kept.domains == ("reasoning",)
    assert visitor.value("criteria_domain") == "reasoning"
    assert visitor.value("criteria_instruction") == "Be brief."
    visitor.press("criteria_take_back")
    assert typed(empty_desk, "demo-brief") is None, "there was no draft before"


def test_a_domain_by_another_name_and_its_removal(visitor: CriteriaVisitor, empty_desk: Sessions) -> None:
    visitor.type("criteria_domain_name", "brewing").press("criteria_domain_add")
    assert visitor.value("criteria_domain") == "brewing"
    visitor.type("criteria_domain_name", "brewing").press("criteria_domain_add")
    assert "is there already" in visitor.html
    visitor.press("criteria_domain_remove")
    kept = typed(empty_desk)
    assert kept is not None
    assert "brewing" not in kept.domains


def test_a_built_in_set_is_adopted_under_another_name_and_a_taken_one_loses_nothing(
    visitor: CriteriaVisitor, empty_desk: Sessions
) -> None:
    visitor.type("criteria_instruction", "Be brief and warm.")
    visitor.type("criteria_adopt_name", "helpful").press("criteria_adopt")
    assert "The name &#x27;helpful&#x27; is taken" in visitor.html
    assert typed(empty_desk) is not None
    visitor.type("criteria_adopt_name", "warm").press("criteria_adopt")
    assert "Adopted as warm, version 1" in visitor.html
    assert find_criteria(empty_desk, "warm").body.default.instruction == "Be brief and warm."
    assert typed(empty_desk) is None
    assert visitor.value("criteria_set") == "warm"
    assert visitor.has_no_trouble()


def test_a_set_of_ones_own_is_adopted_as_its_next_version(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    add_version(empty_desk, "mine", title="My set", body=CriteriaBody("one"))
    visitor = CriteriaVisitor(set="mine").type("criteria_instruction", "two")
    assert visitor.at.button(key="criteria_adopt").label == "Adopt as v2"
    visitor.press("criteria_adopt")
    row = find_criteria(empty_desk, "mine")
    assert (row.version, row.title, row.body.default.instruction) == (2, "My set", "two")


def test_a_draft_with_an_unfinished_exemplar_is_not_adopted(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    add_version(empty_desk, "mine", title="", body=CriteriaBody("one"))
    visitor = CriteriaVisitor(set="mine").press("criteria_exemplar_add").type("criteria_prompt_0", "How hot?")
    visitor.press("criteria_adopt")
    assert "Not adopted: default, exemplar 1: an exemplar has no good text" in visitor.html
    assert find_criteria(empty_desk, "mine").version == 1
    assert prompts(visitor) == ["How hot?"]


def test_a_draft_is_discarded_and_the_version_stands(visitor: CriteriaVisitor, empty_desk: Sessions) -> None:
    before = visitor.value("criteria_instruction")
    visitor.type("criteria_instruction", "Gone soon.").press("criteria_discard")
    assert visitor.value("criteria_instruction") == before
    assert list_drafts(empty_desk, "me") == ()
    assert "Discarded" in visitor.html


def test_a_new_set_begins_empty_and_a_taken_name_is_refused(visitor: CriteriaVisitor, empty_desk: Sessions) -> None:
    visitor.type("criteria_new_name", "helpful").press("criteria_new")
    assert "is taken" in visitor.html
    visitor.type("criteria_new_name", "tea").press("criteria_new").type("criteria_instruction", "Know your tea.")
    assert visitor.value("criteria_set") == "tea"
    visitor.press("criteria_adopt")
    assert find_criteria(empty_desk, "tea").version == 1


def test_an_older_version_is_read_while_there_is_a_draft_and_the_draft_is_kept(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    for text in ("one", "two"):
        add_version(empty_desk, "mine", title="", body=CriteriaBody(text))
    visitor = CriteriaVisitor(set="mine").type("criteria_instruction", "three").choose("criteria_version", 1)
    assert visitor.value("criteria_instruction") == "one"
    assert visitor.at.text_area(key="criteria_instruction").disabled
    visitor.press("criteria_back")
    assert visitor.value("criteria_instruction") == "three"
    visitor.show("Compare")
    assert '<del class="t-del">two</del>' in visitor.html
    assert '<ins class="t-ins">three</ins>' in visitor.html


def test_somebody_elses_new_version_is_pointed_out(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    add_version(empty_desk, "mine", title="", body=CriteriaBody("one"))
    CriteriaVisitor(set="mine").type("criteria_instruction", "mine of today")
    add_version(empty_desk, "mine", title="", body=CriteriaBody("theirs"))
    visitor = CriteriaVisitor(set="mine")
    assert "Version 2 of mine was adopted since this draft began" in visitor.html


@pytest.mark.parametrize("query", [{"set": "nobody's"}, {"set": "demo", "version": 9}, {"set": "demo", "version": "x"}])
def test_a_link_to_what_is_not_there_says_so_and_leads_back(empty_desk: Sessions, query: dict[str, object]) -> None:
    weighed_desk(empty_desk)
    visitor = CriteriaVisitor(**query)
    assert "t-notice-error" in visitor.html
    visitor.press("criteria_way_out")
    assert visitor.has_no_trouble()
    assert visitor.value("criteria_set") == "demo"


def test_hostile_words_are_only_words_in_every_panel(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    body = CriteriaBody(DomainCriteria(HOSTILE, (Exemplar(HOSTILE, "a", HOSTILE),)), {HOSTILE[:60]: HOSTILE})
    for n, text in enumerate((body, CriteriaBody(HOSTILE))):
        add_version(empty_desk, HOSTILE[:90], title=f"{HOSTILE} {n}", body=text)
    visitor = CriteriaVisitor(set=HOSTILE[:90], version=1)
    for panel in ("Write", "Compare", "Try it"):
        visitor.show(panel)
        assert visitor.shows_only_as_text(HOSTILE), panel
        assert visitor.has_no_trouble(), panel


def test_two_people_draft_apart(visitor: CriteriaVisitor, empty_desk: Sessions) -> None:
    visitor.type("criteria_instruction", "Mine.")
    other = CriteriaVisitor(**{"as": "Zoë", "set": "demo"})
    assert other.value("criteria_instruction") != "Mine."
    other.type("criteria_instruction", "Hers.")
    assert [kept.instruction(None) for name in ("me", "Zoë") if (kept := typed(empty_desk, annotator=name))] == [
        "Mine.", "Hers.",
    ]  # fmt: skip


def test_the_page_is_up_without_torch(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "at = AppTest.from_file('app.py', default_timeout=60); at.switch_page('pages/criteria.py'); at.run()\n"
        "assert not at.exception and not at.error, (at.exception, at.error)\n"
        "assert at.text_area(key='criteria_instruction').value\n"
        "sys.exit('torch' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, env=environment).returncode == 0
