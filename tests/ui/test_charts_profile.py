"""The figure of a criteria profile: bars per set, a diamond for the weighted sum, names escaped, nothing to show."""

from __future__ import annotations

from services.criteria.profiles import ItemProfile, Lift, SetLifts
from services.weighing.encode import Problem
from ui.charts.profile import SET_COLORS, profile_bars
from ui.profile.panel import ranking_html


def column(name: str, *values: float | None, problem: Problem | None = None) -> SetLifts:
    """A set whose per-token lifts are a tenth of its sums."""
    return SetLifts(name, name, tuple(None if v is None else Lift(v, v / 10) for v in values), problem)


def profile(*columns: SetLifts, domain: str | None = None) -> ItemProfile:
    bare = (Lift(-4.0, -1.0), Lift(-6.0, -2.0))
    return ItemProfile(1, domain, ("A", "B"), bare, columns)


def test_each_set_is_a_bar_of_every_response_and_the_weighted_sum_a_diamond() -> None:
    figure = profile_bars(profile(column("kind", 1.0, -2.0), column("brief", 0.5, 3.0)), {"kind": 1.0, "brief": 2.0})
    first, second, weighted = figure.data
    assert (first.name, list(first.x), list(first.y)) == ("kind", [1.0, -2.0], ["A", "B"])
    assert list(second.x) == [0.5, 3.0]
    assert (weighted.name, list(weighted.x)) == ("weighted", [2.0, 4.0])
    assert figure.layout.xaxis.title.text == "lift (nats)"
    assert figure.layout.yaxis.autorange == "reversed"


def test_per_token_changes_numbers_and_unit_and_no_weight_leaves_no_diamond() -> None:
    figure = profile_bars(profile(column("kind", 1.0, None)), {"kind": 0.0}, by="mean")
    (only,) = figure.data
    assert list(only.x) == [0.1, None]
    assert figure.layout.xaxis.title.text == "lift (nats per token)"


def test_many_sets_stay_told_apart() -> None:
    figure = profile_bars(profile(*(column(f"set {n}", 1.0, 2.0) for n in range(8))), {})
    looks = {(bar.marker.color, bar.marker.pattern.shape) for bar in figure.data}
    assert len(looks) == 8 > len(SET_COLORS)


def test_what_cannot_be_read_says_so() -> None:
    told = ItemProfile(1, None, ("A", "B"), (None, None), (), Problem("too long", "300 <b>tokens</b>"))
    assert profile_bars(told, {}).layout.annotations[0].text == "Not read: 300 &lt;b&gt;tokens&lt;/b&gt;"
    left_out = profile(column("kind", None, None, problem=Problem("too long", "x")))
    assert "Choose a criteria set" in profile_bars(left_out, {}).layout.annotations[0].text
    assert "could not be read" in ranking_html(left_out, {"kind": 1.0}, by="sum", said="x")


def test_names_are_escaped_in_the_figure_and_beside_it() -> None:
    figure = profile_bars(profile(column("<i>x</i>", 1.0, 2.0)), {"<i>x</i>": 1.0})
    assert figure.data[0].name == "&lt;i&gt;x&lt;/i&gt;"
    assert "<i>" not in figure.data[0].hovertemplate
    assert "<b>y" not in ranking_html(profile(column("k", 1.0, 2.0), domain="<b>y"), {"k": 1.0}, by="sum", said="<b>y")


def test_the_order_is_best_first_with_its_numbers_and_what_the_run_says() -> None:
    html = ranking_html(profile(column("kind", 1.0, 2.5)), {"kind": 2.0}, by="sum", said="the run suggests A")
    assert html.index("<b>B</b> +5.00") < html.index("<b>A</b> +2.00")
    assert "the run suggests A" in html
    assert "Every weight is 0" in ranking_html(profile(column("kind", 1.0, 2.5)), {"kind": 0.0}, by="sum", said="")
