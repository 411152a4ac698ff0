"""Numbers, times and untrusted names in words."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.statistics.intervals import Share
from ui.wording import JOINER, count, duration, escaped, facts_html, moment, share_basis, share_line, share_value


def test_a_share_stands_with_its_n_and_interval() -> None:
    assert share_line(Share(120, 0.826, 0.748, 0.883), of="items") == "83 % (n = 120 items, 95 % interval 75 to 88 %)"


def test_without_items_there_is_no_share() -> None:
    nothing = Share(0, None, None, None)
    assert share_line(nothing, of="decisions") == "no decisions yet"
    assert (share_value(nothing), share_basis(nothing, of="items")) == ("–", "no items yet")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (601, "10 min"),
        (3599, "59 min"),
        (7380, "2 h 3 min"),
        (-5, "0 s"),
    ],
)
def test_a_time_span_has_the_units_that_matter(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_counts_take_their_noun() -> None:
    assert [count(n, "item") for n in (0, 1, 2000)] == ["0 items", "1 item", "2,000 items"]


def test_times_say_their_zone() -> None:
    assert moment(datetime(2026, 3, 4, 5, 6, 59)) == "2026-03-04 05:06 UTC"


@pytest.mark.parametrize("text", ["**b**", "$x$", "`c`", "<b>", "[l](u)", "~~s~~", "# h", "1. one", "- one", "a -> b"])
def test_markdown_in_a_name_is_escaped(text: str) -> None:
    assert escaped(text).replace("\\", "") == text
    assert escaped(text) != text


@pytest.mark.parametrize(
    "text", [":red[x]", ":material/home:", ":smile:", "https://e.example", "www.e.example", "a@b.c"]
)
def test_directives_and_links_in_a_name_are_broken_up_invisibly(text: str) -> None:
    assert JOINER in escaped(text)
    assert escaped(text).replace(JOINER, "").replace("\\", "") == text


def test_a_name_stays_on_one_line() -> None:
    assert "\n" not in escaped("a\n\n# b")


def test_facts_are_escaped_and_empty_ones_left_out() -> None:
    assert facts_html({"<b>": "<i>", "nothing": ""}) == (
        "<dl class=\"t-facts\"><dt>&lt;b&gt;</dt><dd dir='auto'>&lt;i&gt;</dd></dl>"
    )
