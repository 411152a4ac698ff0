"""The confusion matrix as a figure, and an item's domain in words."""

from __future__ import annotations

import pytest

from services.routing.report import Confusion
from services.routing.resolve import ResolvedDomain
from ui.charts.domains import RIGHT, SHADES, WRONG, confusion_figure
from ui.domains.words import domain_hint, domain_words, sure

MATRIX = Confusion(("chat", "safety", "<b>odd</b>"), ("chat", "safety", "below threshold"),
                   ((6, 2, 0), (0, 9, 1), (1, 0, 0)))  # fmt: skip


def test_every_count_stands_in_its_cell_with_the_truth_in_rows() -> None:
    figure = confusion_figure(MATRIX, truth="the file's column", router="the router")
    heat, texts = figure.data
    assert list(zip(texts.y, texts.x, texts.text, strict=True)) == [
        (0, 0, "6"), (0, 1, "2"), (0, 2, "0"), (1, 0, "0"), (1, 1, "9"), (1, 2, "1"), (2, 0, "1"), (2, 1, "0"),
        (2, 2, "0"),
    ]  # fmt: skip
    assert list(heat.z) == [0.75, -0.25, 0.0, 0.0, 0.9, 0.0, -1.0, 0.0, 0.0]
    assert (SHADES[0][1], SHADES[2][1]) == (WRONG, RIGHT)
    assert figure.layout.xaxis.title.text == "the router (items)"
    assert figure.layout.yaxis.title.text == "the file's column"


def test_each_row_names_its_n_and_the_first_row_is_at_the_top() -> None:
    axis = confusion_figure(MATRIX, truth="by hand", router="the router").layout.yaxis
    assert axis.ticktext[:2] == ("chat  (n = 8)", "safety  (n = 10)")
    assert axis.range[0] > axis.range[1]


def test_names_from_files_are_never_markup_and_long_ones_are_cut_beside_the_axis() -> None:
    long = Confusion(("x" * 60,), ("<i>a</i>", "b"), ((1, 2),))
    figure = confusion_figure(long, truth="by hand", router="the router")
    assert figure.layout.yaxis.ticktext[0].startswith("x" * 21 + "…")
    assert figure.layout.xaxis.ticktext[0] == "&lt;i&gt;a&lt;/i&gt;"
    assert "&lt;i&gt;" in figure.data[0].customdata[0]
    assert "<i>" not in str(figure.data[0].customdata)
    assert "<b>" not in str(confusion_figure(MATRIX, truth="t", router="r").data[0].customdata)


def test_nothing_to_compare_gives_a_figure_that_says_so() -> None:
    figure = confusion_figure(Confusion((), ("a", "b"), ()), truth="by hand", router="the router")
    assert "No item has both" in figure.layout.annotations[0].text


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (ResolvedDomain("safety", "router", 0.971, 0.5), "safety, 97 % by the router"),
        (ResolvedDomain(None, "below threshold", 0.41, 0.6), "default: below 60 %"),
        (ResolvedDomain("chat", "hand"), "chat, by hand"),
        (ResolvedDomain("chat", "fixed"), "chat, for all items"),
        (ResolvedDomain(None, "problem"), "default: the router could not be asked"),
    ],
)
def test_a_domain_says_where_it_comes_from_and_how_sure_that_is(one: ResolvedDomain, words: str) -> None:
    assert domain_words(one) == words
    assert domain_hint(one, column="elsewhere").endswith("The file says elsewhere.")
    assert "The file says" not in domain_hint(one, column=one.domain)


def test_a_probability_is_never_rounded_up_to_certainty() -> None:
    assert [sure(p) for p in (0.0, 0.001, 0.5, 0.994, 0.996, 1.0)] == [
        "0 %", "under 1 %", "50 %", "99 %", "over 99 %", "100 %"
    ]  # fmt: skip
