"""How a run read its criteria, in words; and what the models were told, escaped."""

from __future__ import annotations

from datetime import datetime

from scoring.criteria import CriteriaBody, DomainCriteria, Exemplar
from services.criteria.store import CriteriaRow
from ui.runs.conditioning_words import reading_facts, reading_marks
from ui.told_words import criteria_html

CASE = Exemplar("<b>Tea?</b>", "Yes.", "No.", "kind")


def row(body: CriteriaBody) -> CriteriaRow:
    return CriteriaRow(1, "x", 1, "X", body, body.sha256, is_builtin=False, created_at=datetime(2026, 1, 1))


def test_a_run_from_before_there_was_a_choice_reads_as_the_usual_one() -> None:
    assert reading_marks({}) == ()
    assert reading_facts({}) == {
        "Criteria read by": "both models",
        "Exemplars": "in the system message",
        "Domains": "the file's own column",
    }


def test_every_other_choice_is_a_mark_and_a_fact() -> None:
    fixed = {"conditioning": {"read_by": "strong", "exemplars": "turns"}, "routing": {"by": "fixed", "domain": "chat"}}
    assert reading_marks(fixed) == ("criteria to the strong model only", "exemplars as turns", "all as chat")
    assert reading_facts(fixed)["Domains"] == "chat for all items"
    routed = {"routing": {"by": "router", "router_id": 3, "threshold": 0.6}}
    assert reading_marks(routed) == ("domains by the router",)
    assert reading_facts(routed)["Domains"] == "by the router 3, default below 60 %"


def test_what_is_told_is_shown_by_domain_with_exemplars_folded_and_escaped() -> None:
    told = DomainCriteria("Be <i>kind</i>.", (CASE,))
    html = criteria_html(row(CriteriaBody(told, {"chat": told, "safety": "Be careful.", "other": ""})))
    assert "Be &lt;i&gt;kind&lt;/i&gt;." in html
    assert "<summary>1 exemplar</summary>" in html
    assert "&lt;b&gt;Tea?&lt;/b&gt;" in html
    assert html.count("Tea?") == 1, "a domain told the same as by default says only that"
    assert "as by default" in html
    assert "<dt>In other</dt><dd dir='auto'>nothing</dd>" in html


def test_no_criteria_say_that_nothing_is_told() -> None:
    for body in (CriteriaBody(""), CriteriaBody("", {"chat": ""})):
        assert "told nothing beside the prompt" in criteria_html(row(body))
    assert "1 exemplar" in criteria_html(row(CriteriaBody(DomainCriteria("", (CASE,)))))
