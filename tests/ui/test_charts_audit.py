"""The audit's figures and words: what stands on them, what empty data says, and no share without its basis."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.audit.rows import Accuracy, AutoAcceptRow, ThresholdRow
from services.statistics.calibration import Bin, fit
from services.statistics.exact import Bound, finite_interval
from services.statistics.intervals import Share, share
from services.statistics.threshold import find
from ui.audit.targets import nowhere, reliability_of, steps
from ui.audit.words import (
    applied_line,
    asked,
    bound_basis,
    bound_value,
    claim,
    counted_lines,
    method_line,
    pct,
    standing_line,
    threshold_cells,
)
from ui.charts.audit import confidence_curve, reliability_diagram, threshold_path
from ui.insights.click import Click

NOTHING = Bound(0, None, None, None, "no look")
MARGINS = [place / 10 for place in range(200)]
ERRS = [int(place < 40 and place % 2 == 0) for place in range(200)]
SEARCH = find(MARGINS, ERRS, [place / 100 for place in range(2000)], target=0.05)
NONE_FOUND = find(MARGINS[:10], ERRS[:10], MARGINS, target=0.05)


def accuracy(**changes: Any) -> Accuracy:
    exact = finite_interval(90, 100, 1000)
    found = Accuracy(
        plan_id=1, run_id=1, level=0.95, bound=exact, exact=exact, prediction_powered=None, blind=NOTHING,
        by_domain=(), by_stratum=(), n_suggestions=1000, n_census=0, n_counted=100, n_agree=90, n_unresolved=0,
        n_otherwise=0, n_beyond=0, up_to=100,
    )  # fmt: skip
    return replace(found, **changes)


def accepted(**changes: Any) -> AutoAcceptRow:
    found = AutoAcceptRow(
        auto_accept_id=1, dataset_id=1, run_id=1, plan_id=1, target=0.05, level=0.95, is_per_domain=False,
        thresholds=(ThresholdRow(None, SEARCH, 1200),), n_items=1200, n_standing=1200, made_by="Ada",
        created_at=datetime(2026, 1, 2, 3, 4), revoked_by=None, revoked_at=None, up_to=200, n_places=200,
    )  # fmt: skip
    return replace(found, **changes)


def test_a_reliability_diagram_has_a_dot_with_an_interval_for_each_group_beside_the_line_of_kept_words() -> None:
    bins = [Bin(0.6, share(6, 10), 0.1, 1.0), Bin(0.9, share(36, 40), 1.0, 5.0)]
    line, dots = reliability_diagram(bins).data
    assert list(line.x) == [0, 100]
    assert list(dots.x) == [60.0, 90.0]
    assert list(dots.y) == [60.0, 90.0]
    assert dots.error_y.arrayminus[0] > dots.error_y.arrayminus[1]
    assert dots.marker.size[0] < dots.marker.size[1]
    assert "n = 40" in dots.customdata[1]


def test_figures_without_data_say_so() -> None:
    empty = [
        reliability_diagram([]),
        reliability_diagram([Bin(0.5, Share(0, None, None, None), 0, 1)]),
        confidence_curve(None, largest_margin=1),
        threshold_path(NONE_FOUND),
    ]
    assert all("yet" in figure.layout.annotations[0].text for figure in empty)


def test_confidence_by_margin_lies_within_its_band_and_rises() -> None:
    found = fit(MARGINS, [1 - err for err in ERRS])
    assert found is not None
    band, line = confidence_curve(found.overall, largest_margin=20, rank_by="mean").data
    half = len(line.x)
    highs, lows = list(band.y[:half]), list(band.y[half:])[::-1]
    assert all(low <= value <= high for low, value, high in zip(lows, line.y, highs, strict=True))
    assert line.y[0] < line.y[-1]


def test_the_axis_of_margins_names_its_unit() -> None:
    assert threshold_path(SEARCH).layout.xaxis.title.text.endswith("(nats)")
    assert threshold_path(SEARCH, rank_by="mean").layout.xaxis.title.text.endswith("(nats per token)")


def test_the_chosen_threshold_is_the_last_that_was_tested_and_passed() -> None:
    assert SEARCH.chosen is not None
    figure = threshold_path(SEARCH)
    tested, *others, chosen = figure.data
    assert chosen.x == (SEARCH.chosen.threshold,)
    passed = [x for x, step in zip(tested.x, SEARCH.path, strict=False) if step.passed]
    assert chosen.x[0] == min(passed)
    assert [trace.name for trace in others] == ["not relied on"]
    assert figure.layout.shapes[0].y0 == pytest.approx(5.0)
    assert chosen.y[0] <= 5.0


def test_shares_are_written_to_a_tenth_of_a_percent() -> None:
    assert [pct(value) for value in (0.9123, 0.05, 1.0, 0.0004)] == ["91.2 %", "5.0 %", "100.0 %", "0.0 %"]
    assert [asked(value) for value in (0.05, 0.005, 0.95)] == ["5 %", "0.5 %", "95 %"]


def test_a_bound_says_what_it_rests_on_and_nothing_without_looks() -> None:
    found = finite_interval(90, 100, 1000, unresolved=3)
    assert bound_value(found) == "90.0 %"
    assert bound_basis(found).startswith("n = 100 looks and 3 unresolved, 95 % interval ")
    assert (bound_value(NOTHING), bound_basis(NOTHING, of="blind look")) == ("–", "no blind look yet")


def test_the_claim_is_of_all_suggestions_and_names_its_confidence() -> None:
    assert claim(accuracy()).startswith("Of all 1,000 suggestions of this run, people would agree with 8")
    assert claim(accuracy()).endswith("at 95 % confidence.")
    assert claim(accuracy(bound=NOTHING)).startswith("Nothing yet")


def test_a_tightened_interval_shows_the_exact_one_beside_it() -> None:
    exact = finite_interval(90, 100, 1000)
    tight = replace(exact, low=0.85, high=0.93, method="prediction-powered")
    assert "Without it: " in method_line(accuracy(bound=tight, prediction_powered=tight))
    assert method_line(accuracy()) == "Method: exact, finite population."


def test_what_was_not_plainly_counted_is_told_line_by_line() -> None:
    assert counted_lines(accuracy()) == []
    lines = counted_lines(accuracy(n_census=12, n_unresolved=1, n_otherwise=1, n_beyond=5))
    assert [line.split()[0] for line in lines] == ["12", "1", "1", "5"]
    assert lines[2] == "1 item of the sample was decided in another way."


def test_a_line_of_the_table_of_thresholds_has_its_looks_and_its_bound() -> None:
    cells = threshold_cells(ThresholdRow("chat", SEARCH, 1200))
    assert (cells[0], cells[-1]) == ("chat", "1,200")
    assert float(cells[4].removesuffix(" %")) <= 5.0
    assert threshold_cells(ThresholdRow("", NONE_FOUND, 0)) == ("no domain", "none", "10", "–", "–", "0")


def test_what_was_accepted_says_how_many_stand_and_who_took_it_back() -> None:
    assert applied_line(accepted(), "sum").endswith("at most 5 % wrong at 95 %")
    assert standing_line(accepted(n_standing=1198)).endswith("1,198 stand, 2 decided by people since")
    gone = accepted(n_standing=0, revoked_by="Grace", revoked_at=datetime(2026, 1, 3))
    assert standing_line(gone).endswith("taken back by Grace, 2026-01-03 00:00 UTC")


def test_a_point_of_the_thresholds_leads_to_what_would_be_accepted_from_there_on() -> None:
    find_items = steps(ThresholdRow("chat", SEARCH, 1200))
    found = find_items(Click("tested", 0, 0, 0))
    assert found is not None
    assert found.query["domain"] == "chat"
    margin = float(found.query["margin"].removesuffix(".."))
    assert margin == pytest.approx(SEARCH.path[0].threshold, rel=1e-4)
    assert margin <= SEARCH.path[0].threshold
    first_later = next(step for step in SEARCH.path if not step.was_tested)
    later = find_items(Click("not relied on", 0, 0, 0))
    assert later is not None
    assert f"{first_later.threshold:.2f}" in later.words
    assert find_items(Click("chosen", 0, 0, 0)) is None
    assert find_items(Click("tested", 99, 0, 0)) is None


def test_a_group_of_decisions_of_one_domain_leads_to_that_domain_only() -> None:
    bins = [Bin(0.6, share(6, 10), 0.1, 1.0)]
    click = Click("decisions, with 95 % interval", 0, 0, 0)
    everywhere, own = reliability_of(bins, "")(click), reliability_of(bins, "chat")(click)
    assert everywhere is not None
    assert own is not None
    assert "domain" not in everywhere.query
    assert own.query == {**everywhere.query, "domain": "chat"}
    assert nowhere(click) is None
