"""Is a text outside the world a pair was trained on? A threshold on mean token log-probs, measured for that pair.

The demo pair knows one tea shop; on other text its reward means nothing, and this says so. A pair trained on the
whole web has no rule (None) and nothing is ever out of its world.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.protocol import TokenLogprobs


@dataclass(frozen=True, slots=True)
class WorldRule:
    """Below either threshold (nats per token, under `model`) a text is out of the pair's world; None: not tested."""

    model: Literal["weak", "strong"]
    prompt_min: float | None
    response_min: float | None


def pooled_mean(responses: Sequence[TokenLogprobs | None]) -> float | None:
    """Mean log-prob over the tokens of all responses together, in nats; None when there are none."""
    known = [response for response in responses if response is not None]
    tokens = sum(len(response.values) for response in known)
    return sum(response.total for response in known) / tokens if tokens else None


def is_out_of_world(rule: WorldRule | None, prompt_mean: float | None, response_mean_pooled: float | None) -> bool:
    """True when a mean that is known lies under its threshold. Means in nats per token, under the rule's model."""
    if rule is None:
        return False
    pairs = ((rule.prompt_min, prompt_mean), (rule.response_min, response_mean_pooled))
    return any(limit is not None and mean is not None and mean < limit for limit, mean in pairs)
