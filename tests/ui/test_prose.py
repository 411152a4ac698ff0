"""Untrusted text as HTML: escaped, direction found, long ones folded."""

from __future__ import annotations

from services.reviews.rows import Message
from ui.prose import FOLD_AT, badge, conversation, cut, prose, safe


def test_nothing_in_a_text_is_ever_a_tag_or_leaves_an_attribute() -> None:
    assert safe("<b>\"'&\x00") == "&lt;b&gt;&quot;&#x27;&amp;\ufffd"
    assert '<span class="t-badge t-badge-quiet" title="&quot; onclick=x">' in badge("x", title='" onclick=x')


def test_a_text_finds_its_direction_and_keeps_its_line_breaks() -> None:
    assert prose("مرحبا\nb") == '<div class="t-prose" dir="auto">مرحبا\nb</div>'


def test_an_empty_text_says_so() -> None:
    assert ">empty<" in prose("")
    assert ">only white space<" in prose(" \n")


def test_a_long_text_is_folded_and_nothing_of_it_is_lost() -> None:
    text = "word " * 20_000
    shown = prose(text)
    assert "Show all (100,000 characters)" in shown
    head, tail = cut(text, FOLD_AT)
    assert head + tail == text
    assert len(head) <= FOLD_AT


def test_a_tail_that_would_be_short_is_not_folded() -> None:
    text = "a" * int(FOLD_AT * 1.1)
    assert cut(text, FOLD_AT) == (text, "")


def test_a_text_without_white_space_is_cut_all_the_same() -> None:
    head, tail = cut("x" * 10_000, 1_000)
    assert (len(head), len(tail)) == (1_000, 9_000)


def test_turns_of_a_chat_carry_their_role_and_an_odd_role_is_escaped() -> None:
    shown = conversation([Message("system", "Be brief."), Message("user", "Hi <b>"), Message("<i>", "x")])
    assert shown.count("t-turn") == 3
    assert "t-system" in shown
    assert "Hi &lt;b&gt;" in shown
    assert "&lt;i&gt;" in shown
