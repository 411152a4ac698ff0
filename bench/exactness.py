"""How far a tool's numbers are from the float64 plain loop, and whether it finds the same best candidate. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TOKEN_LIMIT = 1e-4  # nats, float32
RESPONSE_LIMIT = 1e-3


@dataclass(frozen=True, slots=True)
class Exactness:
    """Largest differences in nats over both models; per_token None where the tool tells only sums."""

    per_token: float | None
    per_response: float
    n_responses: int
    same_best: int
    n_items: int

    def holds(self) -> bool:
        """Within the limits for float32, with the same best candidate everywhere."""
        return (
            (self.per_token or 0.0) <= TOKEN_LIMIT
            and self.per_response <= RESPONSE_LIMIT
            and self.same_best == self.n_items
        )


def compare(
    sums: Mapping[str, Sequence[float]],
    tokens: Mapping[str, Sequence[Sequence[float]] | None],
    exact: Mapping[str, Sequence[Sequence[float]]],
    sizes: Sequence[int],
) -> Exactness:
    """Compare the first responses of a tool with the reference's token log-probs.

    Args:
        sums: by side, a log-prob for every response.
        tokens: by side, the token log-probs of every response, or None.
        exact: by side, the float64 token log-probs of the first responses.
        sizes: candidates of each item that `exact` covers.
    """
    n = sum(sizes)
    truth = {side: [sum(line) for line in lines[:n]] for side, lines in exact.items()}
    per_response = max(abs(sums[side][k] - truth[side][k]) for side in truth for k in range(n))
    gaps = [
        abs(mine - right)
        for side, lines in tokens.items()
        for mine_line, line in zip((lines or ())[:n], exact[side], strict=False)
        for mine, right in zip(mine_line, line, strict=True)
    ]
    same = sum(_best(sums, span) == _best(truth, span) for span in _spans(sizes))
    return Exactness(max(gaps) if gaps else None, per_response, n, same, len(sizes))


def _spans(sizes: Sequence[int]) -> list[range]:
    spans, first = [], 0
    for size in sizes:
        spans.append(range(first, first + size))
        first += size
    return spans


def _best(sums: Mapping[str, Sequence[float]], span: range) -> int:
    return max(span, key=lambda k: sums["strong"][k] - sums["weak"][k])
