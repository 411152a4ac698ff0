"""Two responses side by side: what is marked, what is folded, and that nothing in them is interpreted."""

from __future__ import annotations

import re

from test_candidates import candidate, item

from services.comparison import compare, what_moved
from services.token_views import TokenSpan, TokenView
from ui.candidates import CandidateLook, candidates_html
from ui.prose import prose
from ui.review.diff_html import columns_html, movement_html, rendered_html

HEADS = ("<b>A</b>", "<b>B</b>")
LONG = "Every leaf is weighed, counted and noted before it is packed. " * 40
HOSTILE = "<script>alert(1)</script> </div> & \ue000x\ue001 <img src=x onerror=alert(1)>"


def shown(html: str) -> str:
    """What is on the screen while nothing is unfolded."""
    return re.sub(r"<[^>]*>", "", re.sub(r"<details.*?</details>", "[...]", html, flags=re.S))


def test_what_differs_is_marked_on_its_side() -> None:
    html = columns_html(HEADS, compare("They come to 21.50 in all.", "They come to 22.50 in all."))
    assert '<del class="t-del">21.50</del> in all.' in html
    assert '<ins class="t-ins">22.50</ins> in all.' in html
    assert "<details" not in html


def test_a_long_stretch_that_is_the_same_is_folded_and_the_first_difference_shows() -> None:
    html = columns_html(HEADS, compare(LONG + "Cold." + LONG, LONG + "Hot." + LONG))
    assert html.count("<details") == 2
    text = shown(html)
    assert len(text) < 600
    assert text.index("Cold") < 200
    assert "words the same" in html
    assert LONG.split(".")[0] in html, "it can be unfolded"


def test_texts_that_are_the_same_are_not_folded_away() -> None:
    assert "<details" not in columns_html(HEADS, compare(LONG, LONG))


def test_nothing_in_a_response_is_interpreted() -> None:
    for html in (
        columns_html(HEADS, compare(HOSTILE, HOSTILE + " more")),
        rendered_html(HEADS, HOSTILE, "other"),
        movement_html(
            what_moved(view(HOSTILE, 2.0), view("x", 1.0)), suggested="A", other="B", is_wrong=True, left="A"
        ),
    ):
        assert "<script" not in html
        assert "<img" not in html
        assert html.count("<div") == html.count("</div>")


def test_markdown_is_rendered_with_the_words_that_differ_marked() -> None:
    html = rendered_html(HEADS, "# Tea\n\n- **hot** water\n", "# Tea\n\n- **cold** water\n")
    assert '<strong><del class="t-del">hot</del></strong>' in html
    assert '<strong><ins class="t-ins">cold</ins></strong>' in html
    assert html.count("<h1>Tea</h1>") == 2


def test_a_mark_never_stands_inside_a_tag() -> None:
    html = rendered_html(HEADS, "```python\nx = 1\n```", "```ruby\nx = 2\n```")
    assert not re.search(r"<[^>]*<", html)
    assert '<del class="t-del">1</del>' in html


def test_paragraphs_that_both_begin_with_are_folded_as_markdown_too() -> None:
    begun = (LONG + "\n\n") * 2
    html = rendered_html(HEADS, begun + "It is **cold**.", begun + "It is **hot**.")
    assert html.count("<details") == 1
    assert "cold" in shown(html)
    assert len(shown(html)) < 200


def view(text: str, delta: float) -> TokenView:
    return TokenView(None, (TokenSpan(text, delta, 0.0, delta, is_end=False),), delta, 0.0, delta, 1, 1, 2.0, ())


def test_the_words_that_moved_the_wrong_winner_stand_with_their_nats() -> None:
    found = what_moved(view("hot", 2.0), view("cold", -1.0))
    html = movement_html(found, suggested="B", other="A", is_wrong=True, left="A")
    assert "What made the run prefer B to your choice A" in html
    assert html.index("+2.00") < html.index("+1.00")
    assert '<ins class="t-ins">hot</ins>' in html
    assert "in A, held it back" in html
    assert "+3.00 nats between them" in html


def test_a_long_beginning_that_all_responses_share_is_folded_in_the_normal_view() -> None:
    texts = [LONG + "Cold.", LONG + "Hot."]
    html = candidates_html(
        item(*(candidate(number, text=text) for number, text in enumerate(texts, 1))), CandidateLook()
    )
    assert html.count("characters are the same in every response") == 2
    assert len(shown(html)) < 900
    assert "Cold." in shown(html)
    assert "<details" not in prose("short and the same", lead=10)
