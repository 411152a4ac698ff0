"""Rewards, ranks, margins, length flips; contributions on shared spans; the world rule."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.protocol import TokenLogprobs
from scoring.ratio import weigh_candidates
from scoring.spans import SpanContribution, contributions
from scoring.world import WorldRule, is_out_of_world, pooled_mean

values = st.lists(st.floats(-30, 0, width=32), min_size=1, max_size=8).map(lambda v: TokenLogprobs(tuple(v)))


def test_reward_rank_and_margin_worked_out_by_hand() -> None:
    # candidate   strong         weak            reward   per token
    #    0        -1 -2   = -3   -2 -2   = -4       1     -1.5 - -2  =  0.5
    #    1        -5      = -5   -9      = -9       4     -5 - -9    =  4
    #    2        -1 -1 -1= -3   -2 -2 -2= -6       3     -1 - -2    =  1
    strong = [TokenLogprobs((-1, -2)), TokenLogprobs((-5,)), TokenLogprobs((-1, -1, -1))]
    weak = [TokenLogprobs((-2, -2)), TokenLogprobs((-9,)), TokenLogprobs((-2, -2, -2))]
    weights = weigh_candidates(strong, weak)
    weighed = [each for each in weights.candidates if each]
    assert [each.reward for each in weighed] == [1, 4, 3]
    assert [each.reward_per_token for each in weighed] == [0.5, 4, 1]
    assert [each.rank for each in weighed] == [3, 1, 2]
    assert (weights.best, weights.margin, weights.is_length_flip) == (1, 1, False)


def test_per_token_means_divide_by_each_model_s_own_tokens() -> None:
    weighed = weigh_candidates([TokenLogprobs((-2, -2))], [TokenLogprobs((-1, -1, -1, -1))]).candidates[0]
    assert weighed is not None
    assert (weighed.strong_tokens, weighed.weak_tokens) == (2, 4)
    assert weighed.reward_per_token == -2 - -1


def test_a_long_answer_that_wins_by_sum_only_is_a_length_flip() -> None:
    strong = [TokenLogprobs((-1,) * 10), TokenLogprobs((-1,))]
    weak = [TokenLogprobs((-2,) * 10), TokenLogprobs((-4,))]
    by_sum, by_mean = weigh_candidates(strong, weak), weigh_candidates(strong, weak, rank_by="mean")
    assert (by_sum.best, by_sum.margin, by_sum.is_length_flip) == (0, 7, True)
    assert (by_mean.best, by_mean.margin, by_mean.is_length_flip) == (1, 2, True)


def test_equal_rewards_share_a_rank_and_the_first_is_best() -> None:
    row = [TokenLogprobs((-3,)), TokenLogprobs((-1,)), TokenLogprobs((-1,)), TokenLogprobs((-2,))]
    weights = weigh_candidates(row, [TokenLogprobs((-3,))] * 4)
    assert [each.rank for each in weights.candidates if each] == [4, 1, 1, 3]
    assert (weights.best, weights.margin) == (1, 0)


def test_a_candidate_that_one_model_could_not_weigh_has_no_reward() -> None:
    one = TokenLogprobs((-1,))
    weights = weigh_candidates([one, None, one], [one, one, None])
    assert [each is None for each in weights.candidates] == [False, True, True]
    assert (weights.best, weights.margin, weights.is_length_flip) == (0, None, False)
    nothing = weigh_candidates([None], [None])
    assert (nothing.best, nothing.margin) == (None, None)


def test_lists_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="1 strong results but 2 weak ones"):
        weigh_candidates([None], [None, None])
    with pytest.raises(ValueError, match="rank_by is 'max'"):
        weigh_candidates([None], [None], rank_by="max")  # type: ignore[arg-type]


@given(st.lists(st.tuples(values, values), min_size=1, max_size=6))
def test_laws_of_the_ratio(pairs: list[tuple[TokenLogprobs, TokenLogprobs]]) -> None:
    strong, weak = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    weights, swapped = weigh_candidates(strong, weak), weigh_candidates(weak, strong)
    rewards = [each.reward for each in weights.candidates if each]
    assert rewards == [-each.reward for each in swapped.candidates if each]
    assert rewards[weights.best or 0] == max(rewards)
    ranks = [each.rank for each in weights.candidates if each]
    assert ranks == [1 + sum(other > own for other in rewards) for own in rewards]
    assert weights.margin is None or weights.margin >= 0


def test_spans_end_where_both_tokenizers_have_a_boundary() -> None:
    # text     u n b e l i e v a b l e !     strong un|believ|able|! ,  weak unbeliev|able!
    strong = [(0, 2), (2, 8), (8, 12), (12, 13), (13, 20)]  # the last is the end of turn
    weak = [(0, 8), (8, 13), (13, 14)]
    found = contributions("unbelievable!", strong, [-1, -2, -3, -4, -0.5], weak, [-1, -1, -1])
    assert found == (
        SpanContribution(0, 8, -3, -1, -2),
        SpanContribution(8, 13, -7, -1, -6),
        SpanContribution(13, 13, -0.5, -1, 0.5),
    )


def test_an_emoji_split_over_tokens_is_one_span() -> None:
    # "a🍵": three byte tokens of one model share the character that is one token of the other
    found = contributions("a🍵", [(0, 1), (1, 2), (1, 2), (1, 2)], [-1, -2, -3, -4], [(0, 1), (1, 2)], [-1, -1])
    assert [(each.start, each.end, each.strong, each.weak) for each in found] == [(0, 1, -1, -1), (1, 2, -9, -1)]


def test_a_token_across_two_characters_leaves_no_boundary_between_them() -> None:
    # Two characters of three bytes each, cut as 2 + 2 + 2: the middle token holds bytes of both.
    found = contributions("日本", [(0, 1), (0, 2), (1, 2)], [-1, -2, -3], [(0, 1), (1, 2)], [-1, -1])
    assert found == (SpanContribution(0, 2, -6, -2, -4),)


def test_a_token_without_characters_goes_with_the_next() -> None:
    found = contributions("Hi", [(0, 0), (0, 2)], [-1, -2], [(0, 2)], [-4])
    assert found == (SpanContribution(0, 2, -3, -4, 1),)


def test_white_space_that_no_token_covers_belongs_to_the_last_span() -> None:
    found = contributions("Hi \n", [(0, 2), (4, 9)], [-1, -1], [(0, 2), (4, 9)], [-2, -2])
    assert [(each.start, each.end) for each in found] == [(0, 4), (4, 4)]


def test_spans_and_values_must_match_in_number() -> None:
    with pytest.raises(ValueError, match="1 token spans but 2 log-probs"):
        contributions("a", [(0, 1)], [-1, -2], [(0, 1)], [-1])


def tokenizations(text: str) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Some way to cut the text into tokens, with an end of turn or two behind it."""
    cuts = st.sets(st.integers(1, max(1, len(text) - 1))) if len(text) > 1 else st.just(set())
    ends = st.integers(0, 2).map(lambda n: [(len(text) + i, len(text) + i + 1) for i in range(n)])

    def spans(inner: set[int], after: list[tuple[int, int]]) -> list[tuple[int, int]]:
        places = [0, *sorted(inner), len(text)]
        return [*itertools.pairwise(places), *after]

    return st.builds(spans, cuts, ends)


@given(st.data(), st.text(min_size=1, max_size=20))
def test_contributions_add_up_to_the_reward_and_tile_the_text(data: st.DataObject, text: str) -> None:
    strong, weak = data.draw(tokenizations(text)), data.draw(tokenizations(text))
    numbers = st.floats(-20, 0, width=32)
    strong_values = data.draw(st.lists(numbers, min_size=len(strong), max_size=len(strong)))
    weak_values = data.draw(st.lists(numbers, min_size=len(weak), max_size=len(weak)))
    found = contributions(text, strong, strong_values, weak, weak_values)
    reward = math.fsum(strong_values) - math.fsum(weak_values)
    assert math.fsum(each.delta for each in found) == pytest.approx(reward, abs=1e-9)
    inside = [each for each in found if each.start < len(text)]
    assert "".join(text[each.start : each.end] for each in inside) == text
    assert all((each.start, each.end) == (len(text), len(text)) for each in found[len(inside) :])


def test_a_text_under_a_threshold_is_out_of_the_pair_s_world() -> None:
    rule = WorldRule("weak", prompt_min=-6.9, response_min=-5.8)
    assert not is_out_of_world(rule, -6.8, -5.7)
    assert is_out_of_world(rule, -7.0, -1.0)
    assert is_out_of_world(rule, -1.0, -5.9)
    assert not is_out_of_world(rule, None, None)
    assert not is_out_of_world(None, -99.0, -99.0)
    assert not is_out_of_world(WorldRule("weak", None, -5.8), -99.0, -5.0)


def test_the_pooled_mean_weighs_tokens_not_responses() -> None:
    assert pooled_mean([TokenLogprobs((-1, -1, -1)), None, TokenLogprobs((-5,))]) == -2
    assert pooled_mean([None]) is None
