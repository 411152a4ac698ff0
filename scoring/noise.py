"""Numeric noise: how far a response's log-prob moves when it is computed in other company.

The same response, weighed among others and weighed alone, goes through matrix products of other shapes, which add in
another order. In float32 the difference is about 1e-5 nats, in bfloat16 it can be tenths: a margin below it says
nothing. Measured on the engine itself, never assumed. Keeps nothing (services/noise.py) and imports no torch.

It does not say how far bfloat16 is from float32: rounded weights are the same in both packings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.protocol import LogprobEngine, LogprobRequest, TokenLogprobs
from scoring.ratio import RankBy

SAMPLE_RESPONSES = 16
SAMPLE_TOKENS = 8192  # prompts included: what measuring may cost at most
DEVIATIONS = 3.0  # of a margin's difference, where the maxima of a small sample say too little


@dataclass(frozen=True, slots=True)
class Noise:
    """|difference| between two packings over n responses: of their log-probs (nats) and of their means per token."""

    n: int
    max_sum: float
    rms_sum: float
    max_mean: float
    rms_mean: float


def pick_sample(requests: Sequence[LogprobRequest]) -> list[int]:
    """Indices of the requests to weigh again: spread over the lengths, at most 16 and 8,192 tokens, always the same.

    At least one, however long it is; none of none.
    """
    order = sorted(range(len(requests)), key=lambda index: (len(requests[index].ids), index))
    n = min(SAMPLE_RESPONSES, len(order))
    spread = [order[(2 * place + 1) * len(order) // (2 * n)] for place in range(n)]
    picked, tokens = spread[:1], sum(len(requests[index].ids) for index in spread[:1])
    for index in spread[1:]:
        tokens += len(requests[index].ids)
        if tokens > SAMPLE_TOKENS:
            break
        picked.append(index)
    return picked


def measure(engine: LogprobEngine, requests: Sequence[LogprobRequest], first: Sequence[TokenLogprobs]) -> Noise:
    """Weigh each request again, alone, and compare with what came of it among others.

    Alone is another packing whatever the engine: nothing shared, nothing padded, the smallest matrices.
    Raises EngineFailed, and ValueError without a request.
    """
    if not requests:
        raise ValueError("no request to measure the noise with: give at least one")
    again = [engine.logprobs([request])[0] for request in requests]
    pairs = list(zip(first, again, strict=True))
    sums = [abs(one.total - other.total) for one, other in pairs]
    means = [abs(one.mean - other.mean) for one, other in pairs]
    return Noise(len(pairs), max(sums), _rms(sums), max(means), _rms(means))


def margin_noise(strong: Noise, weak: Noise, *, rank_by: RankBy) -> float:
    """How far a margin may move in another packing: nats by sum, nats per token by mean.

        margin = (strong_1 - weak_1) - (strong_2 - weak_2)

    Each of the four moves by at most the worst seen, so the margin by at most 2 max_strong + 2 max_weak. Of a small
    sample the worst may be too mild: three standard deviations of the margin's difference, sqrt(2 rms_strong^2 +
    2 rms_weak^2) when the four move independently, are the least that counts.

    >>> margin_noise(Noise(16, 0.5, 0.2, 0.01, 0.004), Noise(16, 0.25, 0.1, 0.02, 0.008), rank_by="sum")
    1.5
    """
    if rank_by == "mean":
        worst, spread = strong.max_mean + weak.max_mean, math.hypot(strong.rms_mean, weak.rms_mean)
    else:
        worst, spread = strong.max_sum + weak.max_sum, math.hypot(strong.rms_sum, weak.rms_sum)
    return max(2 * worst, DEVIATIONS * math.sqrt(2) * spread)


def _rms(values: Sequence[float]) -> float:
    return math.sqrt(math.fsum(value * value for value in values) / len(values))
