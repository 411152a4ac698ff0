"""The token view: colours by sign and size, exact numbers, white space that can be seen."""

from __future__ import annotations

import re

from services.token_views import TokenSpan, TokenView
from ui.tokens import FOLD_AT_SPANS, legend_html, nats, scale_of, step, token_html


def span(text: str, delta: float, *, is_end: bool = False) -> TokenSpan:
    return TokenSpan(text=text, strong=-1.0, weak=-1.0 - delta, delta=delta, is_end=is_end)


def view(*spans: TokenSpan) -> TokenView:
    total = sum(one.delta for one in spans)
    largest = max(abs(one.delta) for one in spans)
    return TokenView(1, spans, -float(len(spans)), -float(len(spans)) - total, total, 1, 1, largest, ())


def test_a_number_has_a_sign_and_zero_has_none() -> None:
    assert [nats(value) for value in (1.234, -0.5, 0.0, -0.001)] == ["+1.23", "−0.50", "0.00", "0.00"]


def test_blue_is_for_what_the_strong_model_prefers_and_orange_for_the_weak_one() -> None:
    assert [step(delta, 4.0) for delta in (4.0, 1.0, 0.0, -1.0, -9.0)] == [6, 3, 0, -3, -6]
    shown = token_html(view(span("a", 4.0), span(" b", -1.0), span(" c", 0.0)), 4.0)
    assert re.findall(r"<i class=(\w+)", shown) == ["p6", "n3", "z"]


def test_each_piece_says_its_exact_numbers_on_hover() -> None:
    shown = token_html(view(span(' "q"', 1.5)), 1.5)
    assert 'title="“ &quot;q&quot;” strong −1.000 · weak −2.500 · difference +1.500 nats"' in shown


def test_white_space_can_be_seen_and_stays_in_place() -> None:
    shown = token_html(view(span("a\n", 1.0), span("  ", 1.0), span("\tb", 1.0)), 1.0)
    assert "a<s>↵</s>\n" in shown
    assert "<s>··</s>" in shown
    assert "<s>⇥</s>\tb" in shown


def test_the_end_of_the_turn_is_a_small_mark() -> None:
    assert '<i class="t-end n6" title="end of turn strong' in token_html(view(span("", -2.0, is_end=True)), 2.0)


def test_a_piece_is_escaped_in_text_and_title() -> None:
    shown = token_html(view(span('"><script>', 1.0)), 1.0)
    assert "<script" not in shown
    assert shown.count("&quot;&gt;&lt;script&gt;") == 2


def test_a_very_long_response_is_folded_and_stays_complete() -> None:
    shown = token_html(view(*(span(f" w{n}", 0.1) for n in range(FOLD_AT_SPANS + 500))), 0.1)
    assert shown.count("<i class=") == FOLD_AT_SPANS + 500
    assert f"Show all ({FOLD_AT_SPANS + 500:,} pieces)" in shown


def test_the_legend_gives_both_ends_of_the_scale_in_numbers() -> None:
    shown = legend_html(3.2)
    assert "−3.20" in shown
    assert "+3.20" in shown
    assert shown.count("<i class=") == 13


def test_responses_of_an_item_share_one_scale() -> None:
    assert scale_of([view(span("a", 1.0)), view(span("b", -3.0)), None]) == 3.0
    assert scale_of([]) == 1.0
