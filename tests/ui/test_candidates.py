"""Candidate cards: bars on one scale, the ranking number first, what leads the eye only on request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.reviews.rows import Message, ReviewCandidate, ReviewItem, SuggestionRow
from ui.candidates import CandidateLook, RewardScale, candidates_html, item_badges, margin_text


def candidate(number: int, reward: float | None = 1.0, **more: object) -> ReviewCandidate:
    made = ReviewCandidate(
        candidate_id=number,
        key=number,
        letter=chr(64 + number),
        text=f"response {number}",
        source_model="model-x",
        reward=reward,
        reward_per_token=None if reward is None else reward / 10,
        strong_logprob=-10.0,
        weak_logprob=None if reward is None else -10.0 - reward,
        strong_tokens=None if reward is None else 10,
        weak_tokens=None if reward is None else 10,
        rank=None if reward is None else number,
        gold_rank=float(number),
        gold_score=None,
        note=None,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def item(*candidates: ReviewCandidate, rank_by: str = "sum", **suggestion: Any) -> ReviewItem:
    found = SuggestionRow(
        best_candidate_id=1,
        best_letter="A",
        top_candidate_ids=(1,),
        ranking=((1,), (2,)),
        margin=0.5,
        rank_by=rank_by,
        is_length_flip=suggestion.get("is_length_flip", False),
        is_out_of_world=suggestion.get("is_out_of_world", False),
        is_within_noise=suggestion.get("is_within_noise", False),
        noise_margin=suggestion.get("noise_margin"),
        is_weighed_again=suggestion.get("is_weighed_again", False),
    )
    return ReviewItem(
        dataset_id=1, dataset="d", guidelines="", item_id=1, position=0, n_items=1, messages=(Message("user", "?"),),
        domain=None, subset=None, run_id=1, candidates=candidates, suggestion=found, not_weighed=None, decision=None,
        prev_item_id=None, next_item_id=None, next_undecided_id=None,
    )  # fmt: skip


def test_bars_of_one_sign_start_at_the_edge_and_mixed_ones_diverge_round_zero() -> None:
    assert RewardScale.over([2.0, 4.0]).bar(2.0) == (0.0, 50.0)
    assert RewardScale.over([-4.0, -1.0]).bar(-1.0) == (75.0, 25.0)
    mixed = RewardScale.over([-1.0, 3.0])
    assert (mixed.zero, mixed.bar(-1.0), mixed.bar(3.0)) == (25.0, (0.0, 25.0), (25.0, 75.0))


def test_equal_rewards_of_zero_draw_no_bar() -> None:
    assert RewardScale.over([0.0, 0.0]).bar(0.0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("rank_by", "strong_number"), [("sum", "<b>+1.00 nats</b>"), ("mean", "<b>+0.10 per token</b>")]
)
def test_the_number_that_ranks_stands_out_and_the_other_is_beside_it(rank_by: str, strong_number: str) -> None:
    shown = candidates_html(item(candidate(1), candidate(2, -1.0), rank_by=rank_by), CandidateLook())
    assert strong_number in shown
    assert "+1.00 nats" in shown
    assert "+0.10 per token" in shown


def test_the_exact_reward_is_on_hover() -> None:
    shown = candidates_html(item(candidate(1, 1.23456), candidate(2)), CandidateLook())
    assert 'title="reward +1.2346 nats = strong −10.0000 minus weak −11.2346; per token +0.1235"' in shown


def test_the_margin_names_its_unit() -> None:
    by_sum, by_mean = item(rank_by="sum").suggestion, item(rank_by="mean").suggestion
    assert by_sum is not None
    assert by_mean is not None
    assert margin_text(by_sum) == "margin 0.50 nats"
    assert margin_text(by_mean) == "margin 0.50 nats per token"


def test_two_candidates_stand_side_by_side_and_more_are_a_list() -> None:
    assert 'class="t-pair"' in candidates_html(item(candidate(1), candidate(2)), CandidateLook())
    assert 'class="t-list"' in candidates_html(item(candidate(1), candidate(2), candidate(3)), CandidateLook())


def test_a_candidate_without_a_reward_has_no_number_and_says_why() -> None:
    shown = candidates_html(item(candidate(1), candidate(2, None, note="empty response", text="")), CandidateLook())
    assert shown.count("t-track") == 1
    assert "empty response" in shown


def test_source_and_gold_show_only_on_request() -> None:
    two = item(candidate(1), candidate(2))
    assert "model-x" not in candidates_html(two, CandidateLook())
    shown = candidates_html(two, CandidateLook(shows_source=True, shows_gold=True))
    assert "from model-x" in shown
    assert "gold rank 2" in shown


def test_out_of_the_pairs_world_is_marked_wherever_a_reward_shows() -> None:
    strange = item(candidate(1), candidate(2), is_out_of_world=True, is_length_flip=True)
    assert candidates_html(strange, CandidateLook()).count("out of world") == 2
    assert "length flips it" in item_badges(strange)


def test_different_token_counts_of_the_two_models_are_both_given() -> None:
    shown = candidates_html(item(candidate(1, weak_tokens=12), candidate(2)), CandidateLook())
    assert "10 tokens (weak: 12)" in shown


def test_a_margin_within_the_noise_says_so_with_the_noise_in_the_unit_that_ranks() -> None:
    noisy = item(candidate(1, 1.0), candidate(2, 0.5), rank_by="mean", is_within_noise=True, noise_margin=0.61234)
    assert "within numeric noise" in item_badges(noisy)
    assert "0.612 nats per token" in item_badges(noisy)
    clear = item(candidate(1, 1.0), candidate(2, 0.5), noise_margin=0.1)
    assert "numeric noise" not in item_badges(clear)
    again = item(candidate(1, 1.0), candidate(2, 0.5), is_weighed_again=True)
    assert "weighed again in float32" in item_badges(again)
