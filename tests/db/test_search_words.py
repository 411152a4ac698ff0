"""Text as words: folded, split and asked for in the same way, whatever the script."""

from __future__ import annotations

import pytest

from db.search_words import Term, fts_query, terms_of, ts_query, ts_vector, where_it_says, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tea-pots, 7.50 and a_b", ["tea", "pots", "7", "50", "and", "a", "b"]),
        ("ÉCOLE Straße Ｗｉｄｅ", ["ecole", "strasse", "wide"]),
        ("中文 茶", ["中", "文", "茶"]),
        ("차를 마시다", ["차를", "마시다"]),
        ("tea🍵pot 🫖", ["tea", "🍵", "pot", "🫖"]),
        ("Чай Ёлка", ["чаи", "елка"]),
        ("!!! -- \"' \u200b", []),
    ],
)
def test_words_are_runs_of_letters_and_digits_folded(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_word_may_go_on_from_three_letters_and_a_quoted_one_never() -> None:
    assert terms_of('Brew a "two minutes"') == (
        Term(("brew",), is_prefix=True),
        Term(("a",), is_prefix=False),
        Term(("two", "minutes"), is_prefix=False),
    )


def test_curly_quotes_quote_and_a_lone_quote_is_nothing() -> None:
    assert terms_of("“green tea”") == (Term(("green", "tea"), is_prefix=False),)
    assert terms_of('tea "') == (Term(("tea",), is_prefix=True),)


def test_operators_are_looked_for_as_words() -> None:
    terms = terms_of("tea OR NOT NEAR(x) -pot a* col:b (")
    assert fts_query(terms) == '"tea" * "or" "not" * "near x" "pot" * "a" "col b"'
    assert ts_query(terms) == "('tea':*) & ('or') & ('not':*) & ('near' <-> 'x') & ('pot':*) & ('a') & ('col' <-> 'b')"


def test_a_vector_stays_within_what_postgresql_holds() -> None:
    many = ts_vector([" ".join(f"word{number}" for number in range(200_000))])
    assert 500_000 < len(many) < 2_000_000
    same = ts_vector(["tea " * 20_000])
    assert same.count(",") < 255


def test_the_passage_stands_round_the_first_word_asked_for() -> None:
    texts = ["nothing here", "a long beginning that says little, and then the Gyokuro brews for two minutes, " * 3]
    passage = where_it_says(texts, "gyok", width=60)
    assert "Gyokuro brews" in passage
    assert passage.startswith("…")
    assert "needle" in where_it_says(["x" * 500 + " needle " + "y" * 500], "needle", width=60)
    assert where_it_says(["它是绿茶。"], "绿", width=60) == "它是绿茶。"
    assert where_it_says(texts, "absent", width=60) == ""
