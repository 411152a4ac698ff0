"""The expanded engine: a prompt once through the model's own cache, which is then copied for its candidates, padded.

For models whose attention shared_attention.py does not compute (position biases, chunked attention) but whose cache is
exact. Shares one level, the tokens before the first response token, and pays for it with memory and padding.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from transformers import DynamicCache

from scoring.engine.plain import PlainEngine, pad_right, split_results
from scoring.protocol import LogprobRequest, TokenLogprobs

MIN_PROMPT = 8  # tokens; a shorter prompt is computed again sooner than its cache is copied


class ExpandedEngine(PlainEngine):
    """A `LogprobEngine` that differs from the plain one in how a batch of candidates of one prompt is computed."""

    name = "expanded"

    def _plan(self, requests: Sequence[LogprobRequest]) -> list[list[int]]:
        """Candidates of one prompt together, in batches of at most the budget when padded; the others as plain."""
        by_prompt: dict[tuple[int, ...], list[int]] = {}
        for index, request in enumerate(requests):
            by_prompt.setdefault(_prompt(request), []).append(index)
        single = [group[0] for group in by_prompt.values() if len(group) == 1]
        batches = [[single[place] for place in batch] for batch in super()._plan([requests[i] for i in single])]
        for prompt, group in by_prompt.items():
            if len(group) > 1:
                tails = [_tail(requests[index], len(prompt)) for index in group]
                batches += [[group[place] for place in batch] for batch in super()._plan(tails)]
        return sorted(batches, key=lambda batch: -max(len(requests[index].ids) for index in batch))

    def _shares(self, requests: Sequence[LogprobRequest]) -> bool:
        """Whether a batch is several candidates of one prompt that is worth a cache."""
        prompt = _prompt(requests[0])
        is_long = self._alone_over is not None and max(len(request.ids) for request in requests) > self._alone_over
        is_one = all(_prompt(request) == prompt for request in requests)
        return len(requests) > 1 and len(prompt) >= MIN_PROMPT and not is_long and is_one

    def _tokens(self, requests: Sequence[LogprobRequest]) -> int:
        again = (len(requests) - 1) * len(_prompt(requests[0])) if self._shares(requests) else 0
        return super()._tokens(requests) - again

    def _forward(self, requests: list[LogprobRequest]) -> list[TokenLogprobs]:
        prompt = _prompt(requests[0])
        if not self._shares(requests):
            return super()._forward(requests)
        device = self._model.device
        before = torch.tensor(prompt, device=device)[None].expand(1, -1)  # (1, P)
        cache = DynamicCache()  # not by the configuration: some name a window that their layers do not have
        self._model.base_model(input_ids=before, past_key_values=cache, use_cache=True)
        cache = copy.deepcopy(cache)
        cache.batch_repeat_interleave(len(requests))
        ids, attention, predicts = pad_right([_tail(request, len(prompt)) for request in requests], device)  # (B, T)
        seen = torch.cat([attention.new_ones(len(requests), len(prompt)), attention[:, :-1]], dim=1)  # (B, P + T - 1)
        found = self._rows(
            predicts,
            ids[:, 1:][predicts],
            input_ids=ids[:, :-1],
            attention_mask=seen,
            past_key_values=cache,
            use_cache=True,
        )
        return split_results(requests, found)


def _prompt(request: LogprobRequest) -> tuple[int, ...]:
    """The tokens before the one that predicts the first response token: that one begins the tail."""
    return request.ids[: request.is_response.index(True) - 1]


def _tail(request: LogprobRequest, start: int) -> LogprobRequest:
    return LogprobRequest(request.ids[start:], request.is_response[start:])
