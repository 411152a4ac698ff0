"""The Runs screen: start, watch, cancel, resume, delete or hide, what a run used, criteria, hostile words."""

from __future__ import annotations

from pathlib import Path

import pytest
from visitor import GOOD, HOSTILE, TOO_LONG, WRONG, Visitor, decide, weighed_desk

from db.session import Sessions
from db.tables import Run, utc_now
from services import runs
from services.criteria import store as criteria_store
from services.criteria.store import CriteriaBody, ensure_builtin
from services.run_rows import RunRow
from ui import frame
from ui.runs.words import counts_line, is_active, pace_line


def only(sessions: Sessions) -> RunRow:
    (row,) = runs.list_runs(sessions, include_hidden=True)
    return row


def change(sessions: Sessions, **values: object) -> None:
    """Put the one run into a state that a worker would have left."""
    with sessions.begin() as session:
        run = session.query(Run).one()
        for name, value in values.items():
            setattr(run, name, value)


def test_without_a_dataset_the_screen_leads_to_the_import(empty_desk: Sessions) -> None:
    visitor = Visitor(frame.RUNS)
    assert "Nothing to weigh yet" in visitor.words
    assert "Import a dataset" in [link.label for link in visitor.at.page_link]
    assert visitor.has_no_trouble()


def test_starting_a_run_queues_it_with_what_was_chosen(empty_desk: Sessions) -> None:
    ensure_builtin(empty_desk)
    weighed_desk(empty_desk, is_weighed=False)
    visitor = Visitor(frame.RUNS)
    assert "No run yet" in visitor.words
    visitor.choose("runs_criteria", "demo-brief").choose("runs_rank", "mean").press("runs_start")
    row = only(empty_desk)
    assert (row.pair, row.criteria, row.rank_by, row.status) == ("demo", "demo-brief", "mean", "queued")
    assert "waits for its turn" in visitor.html
    assert f"runs_cancel_{row.run_id}" in visitor.keys
    assert visitor.has_no_trouble()


def test_the_demo_pair_comes_first_and_other_lines_than_its_own_are_told(
    empty_desk: Sessions,
) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.RUNS)
    assert visitor.at.selectbox(key="runs_pair").value == "demo"
    assert "4,096 tokens" in visitor.html
    assert "Apache-2.0" in visitor.html
    assert set(visitor.at.selectbox(key="runs_criteria").options) >= {"Tea shop, by domain", "Tea shop: be brief"}
    assert visitor.at.selectbox(key="runs_criteria").value == "demo"
    assert "under other text" not in visitor.words
    visitor.choose("runs_criteria", "helpful")
    assert "The demo pair was trained on its own lines only" in visitor.words.replace("\\", "")
    assert "2 exemplars" in visitor.html
    assert "One word was asked for" in visitor.html


def test_other_pairs_take_any_criteria_and_new_ones_are_chosen_at_once(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.RUNS).choose("runs_pair", "smollm2-135m")
    options = visitor.at.selectbox(key="runs_criteria").options
    assert (options[0], options[-1], len(options)) == ("Helpful and honest", "No criteria", 5)
    visitor.type("runs_new_name", "plain").type("runs_new_text", "Say it plainly.").press("runs_new_save")
    assert visitor.at.selectbox(key="runs_criteria").value == "plain"
    assert "Say it plainly." in visitor.html
    visitor.type("runs_new_name", "plain").type("runs_new_text", "Say it plainly, please.").press("runs_new_save")
    assert "plain (version 2)" in visitor.at.selectbox(key="runs_criteria").options
    assert criteria_store.find_criteria(empty_desk, "plain").version == 2


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [("plain", "  ", "instruction is empty"), ("", "Say it.", "0 characters"), ("helpful", "Say it.", "is built in")],
)
def test_criteria_that_will_not_do_are_refused_in_one_line(
    empty_desk: Sessions, name: str, text: str, says: str
) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.RUNS).choose("runs_pair", "smollm2-135m")
    visitor.type("runs_new_name", name).type("runs_new_text", text).press("runs_new_save")
    assert says in visitor.html
    assert "t-notice-error" in visitor.html


def test_a_finished_run_shows_its_counts_and_leads_to_review(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    change(empty_desk, n_out_of_world=1, n_computed=7, n_cached=3, elapsed_s=75.0)
    visitor = Visitor(frame.RUNS)
    assert "3 of 3 items · 1 not weighed · 1 out of the pair&#x27;s world · 7 log-probs computed, 3 from the cache" in (
        visitor.html
    )
    assert "took 1 min 15 s" in visitor.html
    (link,) = [link for link in visitor.at.page_link if link.label == "Review"][-1:]
    assert f"run={desk.run_id}" in link.proto.query_string


def test_the_details_say_what_the_run_used_and_how_well_it_did(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    visitor = Visitor(frame.RUNS)
    assert "demo/strong" in visitor.html
    visitor.put(f"runs_details_{desk.run_id}", True)
    assert "the strong model&#x27;s, for both" in visitor.html
    assert "python 3.11" in visitor.html
    assert "best candidate right: 50 % (n = 2 items, 95 % interval 9 to 91 %)" in visitor.html
    assert "9000 tokens, the limit is 2048" in visitor.html
    assert visitor.has_no_trouble()


def test_a_queued_run_is_cancelled_and_resumed(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, status="queued")
    visitor = Visitor(frame.RUNS)
    assert visitor.at.get("progress")
    visitor.press(f"runs_cancel_{desk.run_id}")
    assert only(empty_desk).status == "cancelled"
    assert "stopped" in visitor.html
    visitor.press(f"runs_resume_{desk.run_id}")
    assert only(empty_desk).status == "queued"


def test_a_run_left_behind_by_a_dead_process_can_be_resumed(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, status="queued")
    change(empty_desk, status="running", heartbeat_at=utc_now().replace(year=2020), worker="gone:1:1")
    visitor = Visitor(frame.RUNS)
    assert "interrupted" in visitor.html
    visitor.press(f"runs_resume_{desk.run_id}")
    assert only(empty_desk).status == "queued"


def test_a_failed_run_says_why_in_its_own_words_and_no_others(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, status="failed", name=HOSTILE[:99].strip())
    change(empty_desk, error=f"model {HOSTILE} is not there; download it first")
    visitor = Visitor(frame.RUNS)
    assert "is not there; download it first" in visitor.html
    assert visitor.shows_only_as_text(HOSTILE)
    assert f"runs_resume_{desk.run_id}" in visitor.keys


def test_deleting_a_run_is_asked_once_and_done(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    visitor = Visitor(frame.RUNS, run=desk.run_id)
    assert "weighing again is quick" in visitor.words
    visitor.press(f"runs_delete_{desk.run_id}")
    assert not runs.list_runs(empty_desk)
    assert "No run yet" in visitor.words
    assert "run" not in visitor.at.query_params, "the deleted run is in hand no longer"


def test_a_run_that_decisions_rest_on_is_hidden_instead_and_comes_back(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    decide(desk, 0, chosen=1)
    visitor = Visitor(frame.RUNS)
    assert f"runs_delete_{desk.run_id}" not in visitor.keys
    assert "1 decision" in visitor.words
    visitor.press(f"runs_hide_{desk.run_id}")
    assert only(empty_desk).is_hidden
    assert f"runs_remove_{desk.run_id}" not in visitor.html
    visitor.choose("runs_show_hidden", True).press(f"runs_unhide_{desk.run_id}")
    assert not only(empty_desk).is_hidden


@pytest.mark.parametrize("page", [frame.RUNS, frame.LIVE])
def test_a_broken_catalogue_is_said_in_one_line_and_harms_nothing_else(
    empty_desk: Sessions, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed_desk(empty_desk)
    (tmp_path / "pairs.toml").write_text("[[pairs]]\nname = 1\n")
    monkeypatch.setenv("TARE_PAIRS", str(tmp_path / "pairs.toml"))
    visitor = Visitor(page)
    assert "must be a text that is not empty" in visitor.html
    assert ("3 of 3 items" in visitor.html) == (page == frame.RUNS)


def test_a_run_deleted_meanwhile_gives_one_line(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    visitor = Visitor(frame.RUNS)
    runs.delete_run(empty_desk, desk.run_id or 0)
    visitor.press(f"runs_delete_{desk.run_id}")
    assert "No run yet" in visitor.words


def test_hostile_criteria_are_shown_as_text(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, [GOOD, WRONG, TOO_LONG])
    row = criteria_store.add_version(empty_desk, HOSTILE[:90], title=HOSTILE[:90], body=CriteriaBody(HOSTILE))
    change(empty_desk, criteria_id=row.criteria_id)
    visitor = Visitor(frame.RUNS).put(f"runs_details_{desk.run_id}", True)
    assert "&lt;img" in visitor.html
    assert visitor.shows_only_as_text(HOSTILE)


def test_a_running_run_says_how_fast_it_is_and_what_is_left(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk, status="queued")
    now = utc_now()
    change(
        empty_desk, status="running", n_items=100, n_done=40, responses_per_s=12.34, elapsed_s=20.0, heartbeat_at=now,
        started_at=now, worker="here:1:1",
    )  # fmt: skip
    row = only(empty_desk)
    assert is_active(row)
    assert counts_line(row) == "40 of 100 items · 1 not weighed"
    assert "12.3 log-probs a second" in pace_line(row)
    visitor = Visitor(frame.RUNS)
    assert visitor.at.get("progress")[0].proto.value == 40
    assert visitor.has_no_trouble()


def test_who_reads_the_criteria_and_where_exemplars_stand_is_chosen_kept_and_shown(empty_desk: Sessions) -> None:
    ensure_builtin(empty_desk)
    weighed_desk(empty_desk, is_weighed=False)
    visitor = Visitor(frame.RUNS).choose("runs_criteria", "helpful")
    visitor.choose("runs_read_by", "strong").choose("runs_exemplars", "turns").press("runs_start")
    row = only(empty_desk)
    assert row.configuration["conditioning"] == {"read_by": "strong", "exemplars": "turns"}
    assert "criteria to the strong model only" in visitor.html
    visitor.put(f"runs_details_{row.run_id}", True)
    assert "<dt>Criteria read by</dt><dd dir='auto'>the strong model only</dd>" in visitor.html
    assert "<dt>Exemplars</dt><dd dir='auto'>as earlier turns</dd>" in visitor.html
    assert visitor.has_no_trouble()


def test_a_set_without_exemplars_has_no_place_for_them_and_the_usual_choice_leaves_no_trace(
    empty_desk: Sessions,
) -> None:
    ensure_builtin(empty_desk)
    weighed_desk(empty_desk, is_weighed=False)
    visitor = Visitor(frame.RUNS)
    assert visitor.at.radio(key="runs_exemplars").disabled
    assert "These criteria have no exemplars." in visitor.words
    visitor.press("runs_start")
    assert not {"conditioning", "routing"} & set(only(empty_desk).configuration)


def test_where_domains_come_from_is_chosen_beside(empty_desk: Sessions) -> None:
    ensure_builtin(empty_desk)
    weighed_desk(empty_desk, is_weighed=False)
    Visitor(frame.RUNS).choose("runs_domains", "fixed").choose("runs_domain", "safety").press("runs_start")
    routing = only(empty_desk).configuration["routing"]
    assert (routing["by"], routing["domain"]) == ("fixed", "safety")


@pytest.mark.parametrize(("name", "says"), [("   ", "it has no name"), ("x" * 101, "has 101 characters")])
def test_a_domain_that_will_not_do_starts_no_run_by_another_choice(empty_desk: Sessions, name: str, says: str) -> None:
    weighed_desk(empty_desk)
    visitor = Visitor(frame.RUNS)
    visitor.at.session_state["runs_domain"] = name
    visitor.choose("runs_domains", "fixed")
    assert says in visitor.html
    assert visitor.at.button(key="runs_start").disabled
