"""The pieces of the Criteria page that are pure: the ledger in words, its table, its figures, and the diff."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go

from scoring.criteria_body import DomainCriteria, Exemplar
from services.criteria.store import CriteriaBody
from services.statistics.bootstrap import Difference, paired_difference
from services.statistics.intervals import share
from services.trials.trial import Flip, TrialReport
from ui.charts.trial import change_dot, flip_counts, flips_bar
from ui.criteria.diff import diff_html
from ui.criteria.words import before_and_after, computed_line, counts_line, flips_html, points, verdict_line

HOSTILE = "<img src=x onerror=alert(1)>"


def flip(kind: str, *, position: int = 0, prompt: str = "How hot?", right: str = "B") -> Flip:
    truth = None if kind == "unjudged" else "gold"
    return Flip(
        item_id=100 + position, position=position, kind=kind, truth=truth, before="A", after="B", margin_before=1.25,  # type: ignore[arg-type]
        margin_after=0.5, prompt=prompt, right=right if truth else "", domain="chat", is_within_noise=False,
    )  # fmt: skip


def report(before: list[float], after: list[float], *flips: Flip, n_problems: int = 0) -> TrialReport:
    """A finished trial: credits before and after for the judged items, and these flips."""
    n = len(before)
    kinds = [one.kind for one in flips]
    n_weighed = n + kinds.count("unjudged") + n_problems
    return TrialReport(
        trial_id=1, run_id=1, criteria_sha256="c", n_items=n_weighed, n_weighed=n_weighed, n_problems=n_problems,
        flips=flips, fixes=share(kinds.count("fix"), n), regressions=share(kinds.count("regression"), n),
        unjudged=kinds.count("unjudged"), before=share(sum(before), n), after=share(sum(after), n),
        change=paired_difference(after, before), n_computed_strong=0, n_computed_weak=0, is_finished=True,
        others=kinds.count("other"),
    )  # fmt: skip


SMALL = report([1, 0, 1, 1], [1, 1, 1, 0], flip("fix"), flip("regression", position=3))
LARGE = report([0.0] * 40, [1.0] * 30 + [0.0] * 10, *(flip("fix", position=place) for place in range(30)))


def test_a_change_whose_interval_holds_zero_is_called_noise() -> None:
    assert verdict_line(SMALL).startswith("The change is within noise. 75 % right before, 75 % after: +0.0 points")
    assert "n = 4" in verdict_line(SMALL)


def test_a_large_change_is_called_better_or_worse_with_its_interval() -> None:
    line = verdict_line(LARGE)
    assert line.startswith("Better than noise explains. 0 % right before, 75 % after: +75.0 points (95 % interval")
    worse = replace(LARGE, change=Difference(40, -0.75, -0.88, -0.6, 0.001))
    assert verdict_line(worse).startswith("Worse than noise explains.")
    assert "\N{MINUS SIGN}75.0 points (95 % interval \N{MINUS SIGN}88.0 to \N{MINUS SIGN}60.0, n = 40)" in verdict_line(
        worse
    )


def test_nothing_to_judge_by_and_nothing_changed_are_said_plainly() -> None:
    assert "nothing says whether the draft is better" in verdict_line(report([], [], flip("unjudged")))
    assert "Nothing changes for better or worse: 50 % right before and after (n = 2)" in verdict_line(
        report([1, 0], [1, 0], flip("other"))
    )
    assert points(Difference(1, 1.0, None, None, 1.0)) == "+100.0 points (n = 1)"
    assert points(Difference(0, None, None, None, None)) == "no difference to tell"


def test_shares_before_and_after_stand_with_n_and_both_intervals() -> None:
    value, basis = before_and_after(LARGE)
    assert value == "0 % → 75 %"
    assert basis == "n = 40 judged, 95 % 0 to 9 % and 60 to 86 %"
    assert before_and_after(report([], [])) == ("–", "nothing to judge by")


def test_what_had_to_be_computed_is_said_by_model() -> None:
    assert computed_line(SMALL) == "all from the cache, no model ran"
    assert computed_line(replace(SMALL, n_computed_strong=1200)) == "texts computed: strong 1,200, weak none"
    assert "1 cannot be compared" in counts_line(replace(SMALL, n_problems=1))


def test_every_flip_links_to_its_item_and_shows_untrusted_words_as_words() -> None:
    html = flips_html([flip("fix", position=6, prompt=HOSTILE + "x" * 500)], rank_by="mean", query={"dataset": "a&b"})
    assert 'href="review?dataset=a%26b&amp;item=106"' in html
    assert ">7</a>" in html
    assert "Margin (nats per token)" in html
    assert "<img" not in html
    assert html.count("x") < 250, "a long prompt is cut"


def test_the_bar_holds_every_compared_item_once() -> None:
    mixed = report([0, 1, 0], [1, 0, 0], flip("fix"), flip("regression"), flip("other"), flip("unjudged"), n_problems=2)
    assert flip_counts(mixed) == {"fixes": 1, "regressions": 1, "other flips": 1, "unjudged": 1, "unchanged": 0}
    bar = flips_bar(LARGE)
    assert [(trace.name, trace.x[0]) for trace in bar.data] == [("fixes", 30), ("unchanged", 10)]
    assert list(bar.layout.xaxis.range) == [0, 40]


def test_the_change_is_drawn_with_its_interval_and_zero_in_sight() -> None:
    figure = change_dot(LARGE.change)
    (dot,) = figure.data
    assert dot.x[0] == 75.0
    low, high = figure.layout.xaxis.range
    assert low < 0 < dot.x[0] + dot.error_x.array[0] < high
    assert "95 % interval" in figure.layout.xaxis.title.text
    assert figure.layout.shapes[0].x0 == 0


def test_empty_figures_say_why() -> None:
    nothing = report([], [])
    for figure in (flips_bar(nothing), change_dot(nothing.change)):
        assert isinstance(figure, go.Figure)
        assert figure.layout.annotations[0].text.endswith(".")


def test_the_diff_marks_words_and_leaves_the_rest() -> None:
    html = diff_html(CriteriaBody("Be kind and brief."), CriteriaBody("Be kind and exact."))
    assert "Be kind and " in html
    assert '<del class="t-del">brief</del><ins class="t-ins">exact</ins>' in html
    assert html.count("<section") == 1


def test_the_diff_shows_domains_that_came_and_went_and_exemplars() -> None:
    before = CriteriaBody("x", {"chat": "a"})
    after = CriteriaBody(DomainCriteria("x", (Exemplar("P", "G", HOSTILE, "W"),)), {"safety": ""})
    html = diff_html(before, after)
    assert html.index("default") < html.index("chat") < html.index("safety")
    assert "removed" in html
    assert "new domain" in html
    assert "Bad response: &lt;img" in html
    assert "<img" not in html


def test_equal_bodies_have_no_diff_and_long_rewrites_are_shown_whole() -> None:
    assert diff_html(CriteriaBody("x", {"a": "b"}), CriteriaBody("x", {"a": "b"})) == ""
    html = diff_html(CriteriaBody("one " * 2_500), CriteriaBody("two " * 2_500))
    assert html.count("<del") == html.count("<ins") == 1


def test_items_that_all_change_alike_are_not_said_to_have_an_interval_of_no_width() -> None:
    said = points(paired_difference([1.0] * 6, [0.0] * 6))
    assert said == "+100.0 points (every one of n = 6 alike, so resampling gives no interval)"
