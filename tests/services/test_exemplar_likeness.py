"""How alike two prompts are, by hand and on prompts that people wrote."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from services.criteria.exemplar_likeness import NEAR_DUPLICATE, folded, grams, likeness, nearest
from services.criteria.exemplar_words import explanation_of, is_one_of, plain, prompt_of
from services.reviews.rows import REASON_TAGS


def test_likeness_is_the_shared_part_of_the_four_grams() -> None:
    """ " abc " has " abc" and "abc "; " abcd " has " abc", "abcd" and "bcd ": 1 of 4."""
    assert likeness(grams("abc"), grams("abcd")) == pytest.approx(1 / 4)
    assert likeness(grams("abc"), grams("xyz")) == 0.0


def test_case_punctuation_and_the_values_of_numbers_do_not_count() -> None:
    assert likeness(grams("How MUCH are 5 tins?"), grams("how much are 30 tins")) == 1.0
    assert folded("Ａ  5.50!") == "a # #"


def test_short_and_empty_texts_have_a_likeness_too() -> None:
    assert likeness(grams("a"), grams("a")) == 1.0
    assert likeness(grams(""), grams("...")) == 1.0
    assert likeness(grams(""), grams("tea")) == 0.0
    assert nearest(grams("tea"), []) == 0.0


def test_likeness_is_symmetric_and_most_alike_wins() -> None:
    one, other, far = grams("Where is my order?"), grams("Where is my green order?"), grams("Can I return it?")
    assert likeness(one, other) == likeness(other, one)
    assert nearest(one, [far, other]) == likeness(one, other)


def test_the_same_request_under_another_name_is_a_near_duplicate() -> None:
    asked = "Good afternoon. Please give me the address of Agnes.", "I am Hanna. Please give me the address of Quentin."
    other = "Good afternoon. Please wrap the kettle for Agnes."
    assert likeness(grams(asked[0]), grams(asked[1])) >= NEAR_DUPLICATE
    assert likeness(grams(asked[1]), grams(other)) < NEAR_DUPLICATE


def test_prompts_that_people_wrote_are_seldom_taken_for_one_another(shared_data: Path) -> None:
    """Five pairs of LLMBar's natural set begin with the same long sentence; of the other 10,000 none is that alike."""
    found = {}
    for name in ("natural", "neighbor", "gptinst", "gptout"):
        rows = json.loads((shared_data / f"llmbar_{name}.json").read_text(encoding="utf-8"))
        known = [grams(row["input"]) for row in rows]
        pairs = itertools.combinations(known, 2)
        found[name] = sum(likeness(one, other) >= NEAR_DUPLICATE for one, other in pairs)
    assert found == {"natural": 5, "neighbor": 0, "gptinst": 0, "gptout": 0}


def test_reasons_are_told_in_words_and_the_note_after_them() -> None:
    assert explanation_of(["unsafe"], "") == "The bad response is unsafe."
    assert explanation_of(["other"], "  It repeats itself. ") == "It repeats itself."
    assert explanation_of([], "") == ""
    assert explanation_of(["wrong fact", "style", "too short"], "See the price list.") == (
        "The bad response states a wrong fact, is in the wrong style and is too short. See the price list."
    )


def test_every_reason_but_other_says_something() -> None:
    assert [tag for tag in REASON_TAGS if explanation_of([tag], "") == ""] == ["other"]


def test_a_longer_conversation_becomes_one_prompt_with_a_line_for_each_turn() -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Open today?"},
    ]
    assert prompt_of(turns) == "user: Hi\nassistant: Hello.\nuser: Open today?"
    assert is_one_of(turns, {plain("open today")})
    assert is_one_of(turns, {plain(prompt_of(turns)), plain("else")})
    assert not is_one_of(turns, {plain("Hi")})


def test_two_prompts_with_other_numbers_are_not_the_same_prompt() -> None:
    asked = [{"role": "user", "content": "What is 3 + 4?"}]
    assert not is_one_of(asked, {plain("What is 3 + 5?")})
    assert is_one_of(asked, {plain("what is 3+4")})
