"""The Benchmarks screen: each figure with its n and interval, several runs beside each other, what is missing said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from desk_data import Desk, Draft
from sqlalchemy import select
from visitor import GOOD, HOSTILE, Visitor, weighed_desk

from db.session import Sessions
from db.tables import Dataset, Item, Run, Score, Suggestion
from services.runs import start_run
from ui import frame

PAIR = Draft("Which tea is green?", ("Sencha.", "Assam, which is black."), best=0, gold=(1, 2), subset="natural")
WRONG_PAIR = Draft("Which tea is black?", ("Assam.", "Sencha."), best=1, gold=(1, 2), subset="gptinst")


def benchmark_desk(sessions: Sessions, drafts: list[Draft], *, format: str = "llmbar", **more: Any) -> Desk:
    """A weighed dataset that calls itself one of a benchmark's format."""
    desk = weighed_desk(sessions, drafts, **more)
    with sessions.begin() as session:
        session.get_one(Dataset, desk.dataset_id).format = format
    return desk


def test_an_empty_desk_says_where_the_files_are(empty_desk: Sessions) -> None:
    visitor = Visitor(frame.BENCHMARKS)
    assert "No benchmark yet" in visitor.words
    assert "Import a file" in [link.label for link in visitor.at.page_link]
    assert "allenai/reward-bench-2" in visitor.words
    assert visitor.has_no_trouble()


def test_scores_stand_beside_the_baselines_with_n_and_interval(empty_desk: Sessions) -> None:
    benchmark_desk(empty_desk, [PAIR] * 6 + [WRONG_PAIR] * 2)
    visitor = Visitor(frame.BENCHMARKS)
    assert "75 %" in visitor.html
    assert "41 to 93 %, n = 8" in visitor.html, "Wilson, 6 of 8"
    assert "100.0 (61.0 to 100.0)" in visitor.html, "natural: 6 of 6"
    for head in ("strong alone", "weak alone", "the longest", "the shortest", "chance"):
        assert head in visitor.html
    assert "50.0 (21.5 to 78.5)" in visitor.html, "chance of 8"
    assert "the run&#x27;s lead" in visitor.html
    assert {"benchmarks_csv", "benchmarks_markdown"} <= visitor.keys
    assert visitor.charts == 0
    assert visitor.has_no_trouble()
    assert visitor.put("benchmarks_view", "Chart").charts == 1


def test_a_run_of_many_candidates_shows_pairs_the_best_and_tau_b(empty_desk: Sessions) -> None:
    benchmark_desk(empty_desk, [GOOD] * 5, format="nectar")
    visitor = Visitor(frame.BENCHMARKS)
    assert "Kendall" in visitor.html
    assert "gold best on top" in visitor.html
    assert visitor.has_no_trouble()


def test_two_runs_stand_side_by_side_and_the_address_says_which(empty_desk: Sessions) -> None:
    desk = benchmark_desk(empty_desk, [PAIR] * 3)
    second = _copy_run(empty_desk, desk)
    visitor = Visitor(frame.BENCHMARKS, dataset="tea shop", compare=f"{desk.run_id},{second}")
    assert f"run {desk.run_id}, reward, sum" in visitor.html
    assert f"run {second}, reward, sum" in visitor.html
    assert "strong alone" not in visitor.html, "which model's is it?"
    assert "the run&#x27;s lead" not in visitor.html
    visitor.choose(f"benchmarks_runs_{desk.dataset_id}", [second])
    assert visitor.at.query_params["compare"] in (str(second), [str(second)])
    assert f"run {desk.run_id}, reward" not in visitor.html
    assert "strong alone" in visitor.html
    assert visitor.has_no_trouble()


def test_a_run_that_is_not_there_gives_way_to_the_latest(empty_desk: Sessions) -> None:
    desk = benchmark_desk(empty_desk, [PAIR] * 3)
    visitor = Visitor(frame.BENCHMARKS, dataset="tea shop", compare="999,x")
    assert f"run {desk.run_id}, reward, sum" in visitor.html
    assert visitor.has_no_trouble()


def test_another_file_can_be_counted_as_a_benchmark(empty_desk: Sessions) -> None:
    desk = benchmark_desk(empty_desk, [PAIR] * 3, format="trl")
    visitor = Visitor(frame.BENCHMARKS)
    assert "Not a benchmark's file" in visitor.words.replace("&#x27;", "'")
    visitor.choose(f"benchmarks_kind_{desk.dataset_id}", "llmbar")
    assert "100 %" in visitor.html
    visitor.choose(f"benchmarks_kind_{desk.dataset_id}", "rewardbench")
    assert "There is no score: it takes all four sections." in visitor.html
    assert visitor.has_no_trouble()


def test_a_dataset_without_gold_says_so(empty_desk: Sessions) -> None:
    benchmark_desk(empty_desk, [Draft("Which tea?", ("Green.", "Black."))])
    visitor = Visitor(frame.BENCHMARKS)
    assert "counts for LLMBar: 1 without gold" in visitor.html


def test_a_dataset_that_is_not_weighed_leads_to_a_run(empty_desk: Sessions) -> None:
    benchmark_desk(empty_desk, [PAIR], is_weighed=False)
    visitor = Visitor(frame.BENCHMARKS)
    assert "Not weighed yet" in visitor.words
    assert "Weigh it" in [link.label for link in visitor.at.page_link]
    assert visitor.has_no_trouble()


def test_text_outside_the_world_of_the_pair_is_pointed_out(empty_desk: Sessions) -> None:
    benchmark_desk(empty_desk, [Draft("Which stars?", ("All.", "None."), gold=(1, 2), is_out_of_world=True)])
    assert "1 of 1 items are out of the pair&#x27;s world" in Visitor(frame.BENCHMARKS).html


def test_ties_is_taken_apart(empty_desk: Sessions) -> None:
    reference = Draft("A colour?", ("Red.", "Tea."), best=0, gold=(1, 2), subset="Ties")
    tied = Draft("A colour?", ("Red.", "Blue.", "Tea."), best=0, gold=(1, 1, 3), subset="Ties")
    desk = benchmark_desk(empty_desk, [reference, tied], format="rewardbench-2")
    with empty_desk.begin() as session:
        for place, (item_id, sort) in enumerate(zip(desk.item_ids, ("ref", "tied"), strict=True)):
            item = session.get_one(Item, item_id)
            item.meta = {"id": f"{sort}:1", "num_correct": place + 1, "file_order": list(range(2 + place))}
    visitor = Visitor(frame.BENCHMARKS)
    assert "What Ties is made of" in visitor.words
    assert "Tied rows right" in visitor.html
    assert visitor.has_no_trouble()


def test_hostile_names_are_shown_as_text(empty_desk: Sessions) -> None:
    draft = Draft("Which tea?", ("Green.", "Black."), gold=(1, 2), subset=HOSTILE)
    benchmark_desk(empty_desk, [draft], name=HOSTILE[:99].strip())
    visitor = Visitor(frame.BENCHMARKS).put("benchmarks_view", "Chart")
    assert visitor.shows_only_as_text(HOSTILE)
    specs = [chart.proto.spec for chart in visitor.at.get("plotly_chart")]
    assert specs
    assert not any("<img" in spec or "\\u003cimg" in spec for spec in specs)
    assert visitor.has_no_trouble()


def test_the_published_formats_are_named_on_the_screen_that_explains_them() -> None:
    from services.benchmarks.kinds import KINDS
    from ui.benchmarks.files import FILES

    assert all(kind.title.removesuffix("-preference") in FILES for kind in KINDS.values())


@pytest.mark.parametrize("asked", ["1" * 40, "-1", "1;drop", ""])
def test_nonsense_in_the_address_does_no_harm(empty_desk: Sessions, asked: str) -> None:
    benchmark_desk(empty_desk, [PAIR])
    assert Visitor(frame.BENCHMARKS, compare=asked).has_no_trouble()


def _copy_run(sessions: Sessions, desk: Desk) -> int:
    """Another finished run with the same findings."""
    with sessions() as session:
        criteria_id = session.get_one(Run, desk.run_id).criteria_id
        found = [row for table in (Score, Suggestion) for row in _rows_of(session, table, desk.run_id)]
    second = start_run(sessions, dataset_id=desk.dataset_id, pair="demo", criteria_id=criteria_id)
    with sessions.begin() as session:
        for table, values in found:
            session.add(table(**values | {"run_id": second}))
        run = session.get_one(Run, second)
        run.status, run.n_done = "done", run.n_items
    return second


def _rows_of(session: Any, table: Any, run_id: int | None) -> list[tuple[Any, dict[str, Any]]]:
    names = [column.key for column in table.__mapper__.column_attrs]
    rows = session.scalars(select(table).where(table.run_id == run_id)).all()
    return [(table, {name: getattr(row, name) for name in names}) for row in rows]


def test_the_screen_is_one_of_the_table_of_pages() -> None:
    assert frame.BENCHMARKS in [entry.path for entry in frame.PAGES]
    assert Path(frame.ROOT / frame.BENCHMARKS).is_file()
