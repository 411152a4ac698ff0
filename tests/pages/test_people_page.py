"""People: who did what, roles, and what the decisions say of people, on a dataset that six people really looked at."""

from __future__ import annotations

import random
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_data import Desk, Draft
from sqlalchemy import select
from visitor import HOSTILE, Visitor, weighed_desk

from db.session import Sessions, make_sessionmaker
from db.tables import Candidate, Suggestion
from services import annotators
from services.decisions import decide
from services.looks import plans, serve

PAGE = "pages/people.py"
TEAM = ("Ada", "Bob", "Cem", "Dana", HOSTILE[:90])
PANELS = ("Who", "Agreement", "Anchoring", "Place and pace", "Repeats and gold", "Tastes")


@pytest.fixture(scope="module")
def looked_at(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which five people took the looks of a plan: half of them blind, some of them twice."""
    path = tmp_path_factory.mktemp("people") / "people.db"
    shutil.copy(migrated_sqlite, path)
    sessions = make_sessionmaker(f"sqlite:///{path}")
    drafts = [Draft(f"Tea {i}?", ("Two minutes.", "An hour."), best=i % 2, gold=(1, 2)) for i in range(24)]
    desk = weighed_desk(sessions, drafts)
    assert desk.run_id is not None
    plan = plans.make_plan(
        sessions, dataset_id=desk.dataset_id, run_id=desk.run_id, made_by="Ada", order="random", seed="s",
        blind_share=0.5, repeat_share=0.3, overlap=3,
    )  # fmt: skip
    take_looks(sessions, desk, plan.plan_id)
    sessions.engine.dispose()
    return path


def take_looks(sessions: Sessions, desk: Desk, plan_id: int) -> None:
    """Everybody in turn, until nobody is handed anything: mostly the first candidate, more when it is suggested."""
    dice = random.Random(1)
    with sessions() as session:
        found = session.execute(select(Suggestion.item_id, Suggestion.best_candidate_id))
        suggested = dict(found.all())
        at_first = select(Candidate.item_id, Candidate.candidate_id).where(Candidate.position == 0)
        first = dict(session.execute(at_first).all())
    left = list(TEAM)
    while left:
        name = dice.choice(left)
        look = serve.next_look(sessions, plan_id=plan_id, annotator=name)
        if look is None:
            left.remove(name)
            continue
        choice = suggested[look.item_id] if not look.is_blind and dice.random() < 0.6 else first[look.item_id]
        decide(
            sessions, item_id=look.item_id, run_id=desk.run_id, annotator=name, submission=uuid.uuid4().hex,
            look_id=look.look_id, elapsed_ms=dice.randint(2_000, 9_000), verdict_request="best",
            chosen_candidate_id=choice,
        )  # fmt: skip


@pytest.fixture
def team(looked_at: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    """A copy of that database, opened by the app under test."""
    shutil.copy(looked_at, tmp_path / "people.db")
    url = f"sqlite:///{tmp_path / 'people.db'}"
    monkeypatch.setenv("TARE_DATABASE_URL", url)
    monkeypatch.setenv("TARE_WORKER", "off")
    monkeypatch.delenv("TARE_ANNOTATOR", raising=False)
    sessions = make_sessionmaker(url)
    yield sessions
    sessions.engine.dispose()


def visit(panel: str = "Who", name: str = "Ada") -> Visitor:
    visitor = Visitor(PAGE, dataset="tea shop", **{"as": name})
    return visitor if panel == "Who" else visitor.put("people_panel", panel)


def test_who_lists_everybody_with_what_they_did(team: Sessions) -> None:
    visitor = visit()
    assert visitor.has_no_trouble()
    assert visitor.html.count('scope="col"') == 14
    assert "Bob" in visitor.html
    assert "Nobody is an admin" in visitor.words
    assert visitor.shows_only_as_text(HOSTILE)


@pytest.mark.parametrize(("panel", "n_charts"), [("Agreement", 1), ("Anchoring", 1), ("Place and pace", 3),
                                                 ("Repeats and gold", 2), ("Tastes", 0)])  # fmt: skip
def test_every_panel_says_what_it_found_with_n_and_interval(team: Sessions, panel: str, n_charts: int) -> None:
    visitor = visit(panel)
    assert visitor.has_no_trouble()
    assert visitor.charts == n_charts
    assert visitor.shows_only_as_text(HOSTILE)
    if panel != "Tastes":
        assert "95 % interval" in visitor.words
    else:
        assert "looking for groups takes 40" in visitor.words


def test_agreement_of_blind_answers_alone_rests_on_fewer(team: Sessions) -> None:
    visitor = visit("Agreement")
    everything = visitor.words
    assert "on 24 items of 5 people" in everything
    visitor.choose("people_blind_agreement", True)
    assert "on 24 items" not in visitor.words
    assert "items of 5 people" in visitor.words


def test_figures_follow_when_somebody_decides(team: Sessions) -> None:
    before = visit("Repeats and gold").words
    with team() as session:
        item_id, candidate_id = session.execute(select(Candidate.item_id, Candidate.candidate_id).limit(1)).one()
    decide(
        team, item_id=item_id, run_id=None, annotator="Zoe", submission="z", verdict_request="best",
        chosen_candidate_id=candidate_id,
    )  # fmt: skip
    after = visit("Repeats and gold").words
    assert before != after
    assert "n = 73 answers" in after


def test_a_role_is_given_and_then_only_an_admin_gives_roles(team: Sessions) -> None:
    visitor = visit()
    visitor.choose("people_who", "Bob").choose("people_role", "admin").press("people_give")
    assert "Bob has the role admin now." in visitor.words
    roles = {row.name: row.role for row in annotators.list_annotators(team)}
    assert roles["Bob"] == "admin"
    assert visitor.at.button(key="people_give").disabled, "Ada is no admin"
    assert "Only an admin gives roles" in visitor.words
    as_bob = visit(name="Bob")
    as_bob.choose("people_who", "Bob").choose("people_role", "annotator").press("people_give")
    assert "only admin" in as_bob.html, "the only admin stays one, and the page says so"


def test_without_decisions_the_panels_say_what_is_missing(empty_desk: Sessions) -> None:
    assert "Import a dataset" in Visitor(PAGE).words
    weighed_desk(empty_desk, [Draft("Tea?", ("Two minutes.", "An hour."), best=0)])
    for panel in PANELS:
        visitor = visit(panel)
        assert visitor.has_no_trouble(), panel
    assert "No such dataset" in Visitor(PAGE, dataset="nowhere").words
