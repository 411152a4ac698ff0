"""Numeric noise: a deterministic sample, weighed in truly other company, and the margin that it drowns."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest

from scoring.noise import SAMPLE_RESPONSES, SAMPLE_TOKENS, Noise, margin_noise, measure, pick_sample
from scoring.protocol import LogprobRequest, Pack, TokenLogprobs, collect


def request(length: int, *, first: int = 1) -> LogprobRequest:
    ids = tuple(first + place % 7 for place in range(length))
    return LogprobRequest(ids, tuple(place >= length // 2 for place in range(length)))


def test_the_sample_is_bounded_spread_over_the_lengths_and_always_the_same() -> None:
    requests = [request(10 + (place * 37) % 100) for place in range(100)]
    sample = pick_sample(requests)
    assert len(set(sample)) == len(sample) == SAMPLE_RESPONSES
    assert sample == pick_sample(requests)
    lengths = [len(requests[index].ids) for index in sample]
    assert lengths == sorted(lengths)
    assert lengths[0] < 20
    assert lengths[-1] > 100


def test_long_texts_make_the_sample_small_and_never_empty() -> None:
    assert len(pick_sample([request(SAMPLE_TOKENS // 4)] * 30)) == 4
    assert len(pick_sample([request(SAMPLE_TOKENS * 2)])) == 1
    assert pick_sample([request(4), request(6)]) == [0, 1]
    assert pick_sample([]) == []


class Crowd:
    """An engine whose log-probs depend on how many are weighed together: what a real one does, in the large."""

    name, fingerprint, context_limit = "crowd", "f" * 64, 1000

    def weigh(self, requests: Sequence[LogprobRequest], *, known: Collection[int] = ()) -> Iterator[Pack]:
        shift = 0.25 * (len(requests) - 1)
        found = {
            i: TokenLogprobs(tuple(-1.0 - shift for _ in range(r.response_tokens))) for i, r in enumerate(requests)
        }
        yield Pack(found, sum(len(r.ids) for r in requests))

    def logprobs(self, requests: Sequence[LogprobRequest]) -> list[TokenLogprobs]:
        return collect(self.weigh(requests))


def test_noise_is_the_difference_to_being_weighed_alone() -> None:
    requests = [request(4), request(8)]  # 2 and 4 response tokens
    engine = Crowd()
    found = measure(engine, requests, engine.logprobs(requests))
    assert found == Noise(n=2, max_sum=1.0, rms_sum=math.sqrt((0.5**2 + 1.0**2) / 2), max_mean=0.25, rms_mean=0.25)


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        measure(Crowd(), [], [])


def test_a_margin_may_move_by_its_four_log_probs_together() -> None:
    strong, weak = Noise(16, 0.5, 0.1, 0.05, 0.01), Noise(16, 0.25, 0.1, 0.02, 0.01)
    assert margin_noise(strong, weak, rank_by="sum") == 1.5
    assert margin_noise(strong, weak, rank_by="mean") == pytest.approx(0.14)


def test_of_a_small_sample_three_standard_deviations_are_the_least_that_counts() -> None:
    one = Noise(1, 0.5, 0.5, 0.1, 0.1)
    still = Noise(1, 0.0, 0.0, 0.0, 0.0)
    assert margin_noise(one, still, rank_by="sum") == pytest.approx(3 * math.sqrt(2) * 0.5)
    assert margin_noise(still, still, rank_by="sum") == 0.0


def test_a_real_model_is_noisier_in_bfloat16_than_in_float32(strong_folder: Path) -> None:
    from scoring.models import load_model
    from scoring.pairs import ModelSpec

    noise = {}
    for dtype in ("float32", "bfloat16"):
        model = load_model(ModelSpec(str(strong_folder), dtype=dtype), device="cpu")  # type: ignore[arg-type]
        requests = [request(6 + place, first=1 + place % 3) for place in range(24)]
        noise[dtype] = measure(model.engine, requests, model.engine.logprobs(requests))
    assert noise["float32"].max_sum < 1e-4
    assert noise["bfloat16"].rms_sum > 10 * noise["float32"].rms_sum
