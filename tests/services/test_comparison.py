"""Two texts word by word, and the words that moved the reward."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from services.comparison import Stretch, compare, first_difference, pieces, what_moved
from services.token_views import TokenSpan, TokenView


def random_text(chance: random.Random, n: int) -> str:
    words = ["tea", "pot", "7.50", "don't", "、", "茶", "\n", "  ", "**b**", "<i>", "é", "🍵", "is"]
    return "".join(chance.choice(words) + chance.choice(["", " ", "\n\n"]) for _ in range(n))


@pytest.mark.parametrize("seed", range(30))
def test_the_stretches_put_together_are_the_texts(seed: int) -> None:
    chance = random.Random(seed)
    left = random_text(chance, chance.randrange(40))
    right = random_text(chance, chance.randrange(40)) if seed % 2 else left.replace("pot", "cup", 2)
    found = compare(left, right)
    assert "".join(stretch.left for stretch in found.stretches) == left
    assert "".join(stretch.right for stretch in found.stretches) == right
    assert all(
        [piece.strip() for piece in pieces(stretch.left)] == [piece.strip() for piece in pieces(stretch.right)]
        for stretch in found.stretches
        if stretch.is_same
    )


def test_a_number_that_differs_is_one_difference() -> None:
    found = compare("They come to 21.50 in all.", "They come to 22.50 in all.")
    assert found.stretches == (
        Stretch(True, "They come to ", "They come to "),
        Stretch(False, "21.50 ", "22.50 "),
        Stretch(True, "in all.", "in all."),
    )
    assert (found.n_left, found.n_right, found.n_same) == (7, 7, 6)


def test_scripts_without_spaces_differ_by_character() -> None:
    found = compare("緑茶は八十度で二分", "緑茶は六十度で二分")
    assert [stretch.left for stretch in found.stretches if not stretch.is_same] == ["八"]


def test_texts_that_differ_in_white_space_alone_say_the_same() -> None:
    assert compare("one two\nthree", "one  two three ").is_same
    assert not compare("one two", "one 2").is_same
    assert compare("", "").stretches == ()


def test_a_word_that_stays_by_chance_within_a_rewritten_passage_is_no_stretch_of_its_own() -> None:
    found = compare("alpha beta gamma delta tea eins zwei drei vier", "uno dos tres cuatro tea one two three four")
    assert [stretch.is_same for stretch in found.stretches] == [False]


def test_moved_paragraphs_keep_the_longest_order() -> None:
    first, second = "First we boil the water slowly. ", "Then the leaves are weighed with care. "
    found = compare(first + second, second + first)
    assert found.n_same >= 8


def test_long_texts_take_a_moment_and_no_more_words_than_there_are() -> None:
    chance = random.Random(1)
    words = [f"w{chance.randrange(3_000)}" for _ in range(8_000)]
    other = ["changed" if place % 97 == 0 else word for place, word in enumerate(words)]
    found = compare(" ".join(words), " ".join(other))
    assert found.n_same == 8_000 - len(range(0, 8_000, 97))


def test_the_first_difference_is_at_the_beginning_of_a_word() -> None:
    assert first_difference(["They come to 21.50", "They come to 22.50"]) == len("They come to ")
    assert first_difference(["same", "same"]) == 4
    assert first_difference(["a b c", "a b d", "x"]) == 0
    assert first_difference(["alone"]) == 0


def view(*spans: tuple[str, float], end: float = 0.0) -> TokenView:
    """A response in pieces with what each adds."""
    found = [TokenSpan(text, delta, 0.0, delta, is_end=False) for text, delta in spans]
    found.append(TokenSpan("", end, 0.0, end, is_end=True))
    reward = sum(one.delta for one in found)
    return TokenView(None, tuple(found), reward, 0.0, reward, len(found), len(found), 1.0, ())


def test_the_words_that_moved_the_reward_make_up_the_gap_and_the_largest_come_first() -> None:
    suggested = view(("They", 1.0), (" come", 0.5), (" to", 0.5), (" 2", 3.0), ("1.50", 1.0), (".", 0.2), end=0.5)
    other = view(("They", 1.0), (" come", 0.25), (" to", 0.5), (" 22.50", -2.0), (".", 0.2), end=0.1)
    found = what_moved(suggested, other)
    assert found.gap == pytest.approx(suggested.reward - other.reward)
    assert [(one.word.strip(), one.in_suggested, one.is_shared) for one in found.moved] == [
        ("21.50", True, False),
        ("22.50", False, False),
        ("", True, True),  # the end of the turn
        ("come", True, True),
    ]
    assert [one.nats for one in found.moved] == pytest.approx([4.0, 2.0, 0.4, 0.25])
    assert found.moved[0].before.endswith("to ")
    assert sum(one.nats for one in found.moved) + found.rest == pytest.approx(found.gap)


@pytest.mark.parametrize("seed", range(10))
def test_every_piece_of_both_responses_counts_once(seed: int) -> None:
    chance = random.Random(seed)
    texts = [random_text(chance, 12), random_text(chance, 12)]
    views = []
    for text in texts:
        cuts = sorted({0, len(text), *(chance.randrange(len(text) + 1) for _ in range(8))})
        spans = [(text[start:end], chance.uniform(-2, 2)) for start, end in pairwise(cuts)]
        views.append(view(*spans, end=chance.uniform(-1, 1)))
    for first, second in (views, views[::-1]):
        found = what_moved(first, second, limit=3)
        assert sum(one.nats for one in found.moved) + found.rest == pytest.approx(first.reward - second.reward)


def test_responses_without_text_have_only_their_end() -> None:
    found = what_moved(view(end=0.5), view(end=-0.5))
    assert (found.gap, [one.is_end for one in found.moved]) == (1.0, [True])
