"""The benchmark table as strings: headings, cells, CSV without formulas, Markdown without broken rows."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from services.benchmarks.scores import BASELINES, WAYS, BenchmarkReport, Slice, WayReport
from services.benchmarks.tally import Figures
from services.statistics.bootstrap import Difference
from services.statistics.intervals import Share, share
from ui.benchmarks.table import as_csv, cell, columns, has_many, lead, lines, markdown, measures, notes

NOTHING = Share(0, None, None, None)


def way(right: int, n: int, *, subset: str = "natural", pairs: int = 1) -> WayReport:
    figures = Figures(n, share(right, n), share(right * pairs, n * pairs), share(right, n), Share(n, 0.2, -0.1, 0.5))
    return WayReport({"Score": share(right, n)}, figures, (Slice("subset", subset, figures),), None)


def report(right: int = 3, n: int = 4, *, run: int = 7, subset: str = "natural", pairs: int = 1) -> BenchmarkReport:
    own = way(right, n, subset=subset, pairs=pairs)
    ways = {name: way(2, n, subset=subset, pairs=pairs) for name in WAYS} | {"sum": own}
    leads = {name: Difference(n, 0.2, -0.1, 0.4, 0.3) for name in BASELINES}
    return BenchmarkReport(
        "llmbar", "LLMBar", "pairs", "tea|shop", run, "demo", "none", "sum", n, n, 0, {}, ways, leads, ("a note",)
    )


def test_one_run_stands_beside_its_baselines() -> None:
    shown = columns([report()])
    assert [column.title for column in shown] == [
        "run 7, reward, sum", "strong alone", "weak alone", "the longest", "the shortest", "chance"
    ]  # fmt: skip
    found = lines(shown)
    assert [(line.group, line.name, line.n) for line in found] == [("score", "Score", "4"), ("subset", "natural", "4")]
    assert cell(found[0].shares[0]) == "75.0 (30.1 to 95.4)"
    assert cell(NOTHING) == "–"


def test_several_runs_stand_beside_each_other_with_what_needs_no_model() -> None:
    shown = columns([report(), report(4, 5, run=9)])
    assert [column.title for column in shown][:3] == ["run 7, reward, sum", "run 9, reward, sum", "the longest"]
    assert lines(shown)[0].n == "4 / 5", "the runs left different items out"


def test_a_note_that_holds_for_some_runs_alone_names_them() -> None:
    own = replace(report(4, 5, run=9), notes=("a note", "2 of 5 items are out of the pair's world"))
    assert notes([report(), own]) == ["A note.", "Run 9: 2 of 5 items are out of the pair's world."]
    assert "Run 9: 2 of 5 items are out of the pair's world." in markdown([report(), own])
    assert notes([own]) == ["A note.", "2 of 5 items are out of the pair's world."]


def test_a_subset_that_is_a_headline_score_is_not_repeated() -> None:
    twice = replace(report(), ways={name: replace(way(1, 2), scores={"Score": NOTHING, "natural": share(1, 2)})
                                    for name in WAYS})  # fmt: skip
    assert [line.name for line in lines(columns([twice]))] == ["Score", "natural"]


def test_subsets_stand_under_their_section_in_the_published_order() -> None:
    nothing = NOTHING
    figures = report().own.whole
    slices = tuple(Slice("subset", name, figures) for name in ("hep-js", "mine", "math-prm", "shp"))
    scores = {"Reasoning": share(3, 4), "Score": nothing, "Prior Sets": share(1, 2), "Score with prior sets": nothing}
    way_report = WayReport(scores, figures, slices, None)
    found = lines(columns([replace(report(), ways=dict.fromkeys(WAYS, way_report))]))
    assert [line.label for line in found] == [
        "Score", "Score with prior sets", "Reasoning", "\u2003math-prm", "\u2003hep-js", "Prior Sets", "\u2003shp",
        "mine",
    ]  # fmt: skip


def test_pairs_best_and_tau_are_told_where_items_have_many_candidates() -> None:
    assert not has_many(report())
    assert has_many(report(pairs=21))
    assert measures(report(pairs=21).own)[0][0] == "all items"
    assert measures(report(pairs=21).own)[0][-1] == "0.200 (-0.100 to 0.500)"


def test_the_csv_has_every_number_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([report(subset="=1+1")]))))
    assert {row["way"] for row in rows} == set(WAYS)
    assert {row["measure"] for row in rows} == {"score", "pairwise", "best of N", "tau-b", "lead"}
    assert {row["name"] for row in rows} == {"Score", "all items", "'=1+1"}
    own = next(row for row in rows if (row["way"], row["group"], row["measure"]) == ("sum", "score", "score"))
    assert (own["n"], own["value"], own["run"]) == ("4", "0.75", "7")


def test_the_markdown_is_a_table_whatever_the_names() -> None:
    text = markdown([report(subset="a|b\nc")])
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 5
    assert "| the run's lead | 4 | – | +20.0 (-10.0 to +40.0) noise |" in text
    assert {line.replace("\\|", "").count("|") for line in table} == {9}
    assert "Run 7: pair demo, criteria none." in text
    assert "A note." in text


def test_a_lead_that_may_be_none_is_called_noise() -> None:
    assert lead(Difference(50, 0.2, 0.1, 0.3, 0.001)) == "+20.0 (+10.0 to +30.0)"
    assert lead(Difference(50, 0.2, 0.1, 0.3, 0.2)).endswith(" noise"), "turned signs do as well"
    assert lead(Difference(0, None, None, None, None)) == "–"


def test_without_a_report_there_is_no_table() -> None:
    assert columns([]) == ()
    assert lines(()) == ()
    assert markdown([]) == ""
