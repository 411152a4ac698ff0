"""Markdown of a model: read for its shape, never for anything that would be fetched, run or hidden."""

from __future__ import annotations

import pytest

from services.reviews.rows import Message
from ui.markdown import conversation, cut_between_blocks, rendered

HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://evil.example/x.png)",
    "[click](javascript:alert(1))", "[click](https://evil.example)", "<https://evil.example>", "https://evil.example",
    '<a href="https://evil.example">x</a>', "[x]: https://evil.example\n[x]", "<style>*{display:none}</style>",
    "<iframe src=https://evil.example></iframe>", "- <svg onload=alert(1)>", "> <object data=x>",
    "|<b>a</b>|\n|-|\n|<img src=x>|", "```html onclick=alert(1)\n</code></pre><script>alert(1)</script>\n```",
    "`<img src=x>`", "&lt;script&gt;", "\x00<b>", '```"><script>alert(1)</script>\nx\n```',
)  # fmt: skip
OURS = {"p", "h1", "h2", "h3", "em", "strong", "ul", "ol", "li", "code", "pre", "table", "thead", "tbody", "tr", "th",
        "td", "blockquote", "br", "hr", "s", "div"}  # fmt: skip


def tags(html: str) -> list[tuple[str, list[str]]]:
    """Every element a browser would make of it, with the names of its attributes."""
    from html.parser import HTMLParser

    found: list[tuple[str, list[str]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, [name for name, _ in attrs]))

    Reader().feed(html)
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_hostile_text_becomes_an_element_of_its_own(text: str) -> None:
    for tag, attributes in tags(rendered(text)):
        assert tag in OURS
        assert set(attributes) <= {"class", "dir", "style"}


def test_headings_lists_tables_code_and_emphasis_are_read() -> None:
    html = rendered("# One\n\n- a\n- **b**\n\n|x|y|\n|-|-|\n|1|2|\n\n```\nz < 1\n```\n")
    for piece in ("<h1>One</h1>", "<li>a</li>", "<strong>b</strong>", "<td>1</td>", "z &lt; 1"):
        assert piece in html


def test_links_stay_as_they_were_written() -> None:
    assert "[here](https://example.org/a?b=1&amp;c)" in rendered("see [here](https://example.org/a?b=1&c)")


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_response_says_so(text: str) -> None:
    assert "t-empty" in rendered(text)


def test_a_long_text_is_cut_between_blocks_and_never_inside_a_fence() -> None:
    text = "one\n\n```\n" + "code\n\n" * 400 + "```\n\nlast"
    head, tail = cut_between_blocks(text, 500)
    assert head == "one\n\n"
    assert head + tail == text
    assert cut_between_blocks("word " * 1000, 500) == ("word " * 1000, ""), "nowhere to cut"
    assert cut_between_blocks("short", 500) == ("short", "")


def test_the_tail_of_a_long_text_is_behind_show_all() -> None:
    text = "a paragraph of some length\n\n" * 300
    html = rendered(text, fold_at=1_000)
    assert "<details" in html
    assert html.count("a paragraph") == 300, "nothing is lost"


def test_the_prompt_is_read_turn_by_turn() -> None:
    html = conversation([Message("system", "*be*"), Message("<b>", "# hi")])
    assert "<em>be</em>" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
