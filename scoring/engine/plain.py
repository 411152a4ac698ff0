"""Token log-probs by a plain batched forward: right padding, the output head on response rows only, float32 softmax.

The reference that faster engines must equal. Shares no prompt between candidates and keeps no KV. Does not tokenize
(chat.py), load models (models.py) or subtract (ratio.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from scoring.engine.head import OutputHead
from scoring.engine.limits import Limits
from scoring.engine.threads import fitting_threads
from scoring.engine.turns import Turns, turns_of
from scoring.errors import EngineFailed
from scoring.protocol import LogprobRequest, Pack, TokenLogprobs, collect

# Padded tokens in one batch. Fixed, never taken from free memory: a resumed run must form the same batches again.
TOKEN_BUDGET = {"cpu": 2048, "mps": 4096, "cuda": 16384}


class PlainEngine:
    """A `LogprobEngine` over one transformers model; `turns` lets one forward run at a time.

    head: proved to make this model's log-probs (engines.py); None: the model's own logits, all words at once.
    alone_over: longer requests are computed alone, because the model treats a batch by its longest (LongRoPE).
    Raises from `logprobs`: PromptTooLong for a request over the context limit, EngineFailed for anything that would
    otherwise become a wrong number. Out of memory halves the batch and goes on.
    """

    name = "plain"

    def __init__(
        self,
        model: Any,
        *,
        fingerprint: str,
        context_limit: int,
        turns: Turns | None = None,
        token_budget: int | None = None,
        head: OutputHead | None = None,
        alone_over: int | None = None,
    ) -> None:
        self.fingerprint = fingerprint
        self.context_limit = context_limit
        self._limits = Limits.of(model, context_limit)
        self._model = model
        self._turns = turns or turns_of(str(model.device))
        self._head = head
        self._alone_over = alone_over
        self._budget = token_budget or TOKEN_BUDGET.get(model.device.type, TOKEN_BUDGET["cpu"])

    def weigh(self, requests: Sequence[LogprobRequest], *, known: Collection[int] = ()) -> Iterator[Pack]:
        """See `LogprobEngine`. A batch of which anything is missing is computed whole."""
        for request in requests:
            self._limits.check(request)
        for batch in self._plan(requests):
            if all(index in known for index in batch):
                continue
            results = self._halving([requests[index] for index in batch])
            wanted = {index: result for index, result in zip(batch, results, strict=True) if index not in known}
            yield Pack(wanted, self._tokens([requests[index] for index in batch]))

    def logprobs(self, requests: Sequence[LogprobRequest]) -> list[TokenLogprobs]:
        """See `LogprobEngine`."""
        return collect(self.weigh(requests))

    def _plan(self, requests: Sequence[LogprobRequest]) -> list[list[int]]:
        """Batches longest first, each at most the token budget when padded (a longer request runs alone)."""
        order = sorted(range(len(requests)), key=lambda index: (-len(requests[index].ids), index))
        batches: list[list[int]] = []
        for index in order:
            # Sorted, so the first of a batch is its longest and sets the padded width.
            width = len(requests[batches[-1][0]].ids) if batches else 0
            is_alone = self._alone_over is not None and width > self._alone_over
            if batches and not is_alone and width * (len(batches[-1]) + 1) <= self._budget:
                batches[-1].append(index)
            else:
                batches.append([index])
        return batches

    def _tokens(self, requests: Sequence[LogprobRequest]) -> int:
        """Tokens that go through the model for a batch; the last of each request predicts nothing."""
        return sum(len(request.ids) - 1 for request in requests)

    def _halving(self, requests: list[LogprobRequest]) -> list[TokenLogprobs]:
        """Run one batch, in halves when memory runs out."""
        try:
            with self._turns.take(), torch.inference_mode(), fitting_threads(self._model):
                return self._forward(requests)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise EngineFailed(f"the forward pass failed: {first_line(error)}") from error
            if len(requests) == 1:
                raise EngineFailed(
                    f"out of memory on {self._model.device.type} for one sequence of {len(requests[0].ids)} tokens; "
                    "free memory, or choose a smaller dtype or model"
                ) from error
        # Outside the except block: until it ends, the traceback keeps the failed batch's tensors alive.
        free_cached_memory(self._model.device.type)
        middle = len(requests) // 2
        return self._halving(requests[:middle]) + self._halving(requests[middle:])

    def _forward(self, requests: list[LogprobRequest]) -> list[TokenLogprobs]:
        ids, attention, predicts = pad_right(requests, self._model.device)
        found = self._rows(predicts, ids[:, 1:][predicts], input_ids=ids[:, :-1], attention_mask=attention[:, :-1])
        return split_results(requests, found)

    def _rows(self, predicts: Tensor, targets: Tensor, **arguments: Any) -> Tensor:
        """Log-probs (R,) float32 on CPU of the targets (R,), in row-major order of `predicts` (B, T).

        Equals, whatever dtype the weights have:

            logits = model(**arguments).logits[predicts].float()  # (R, V)
            logits.log_softmax(-1).gather(-1, targets[:, None])[:, 0]
        """
        parameters = inspect.signature(self._model.forward).parameters
        if "use_cache" in parameters:
            arguments.setdefault("use_cache", False)
        if self._head is not None:
            rows = self._model.base_model(**arguments).last_hidden_state[predicts]  # (R, H)
            found = self._head.logprobs(rows, targets)
        elif "logits_to_keep" in parameters:
            logits = self._model(**arguments, logits_to_keep=predicts).logits  # (R, V); a bool mask flattens
            found = selected_logprobs(logits, targets)
        else:
            found = selected_logprobs(self._model(**arguments).logits[predicts], targets)
        refuse_broken(found, self._model.dtype)
        return found.cpu()


def split_results(requests: Sequence[LogprobRequest], values: Tensor) -> list[TokenLogprobs]:
    """Each request's part of the values (R,), in order."""
    parts = values.split([request.response_tokens for request in requests])
    return [TokenLogprobs(tuple(part.tolist())) for part in parts]


def refuse_broken(values: Tensor, dtype: torch.dtype) -> None:
    """Log-probs that are no numbers are an error, never a result: EngineFailed."""
    if not bool(torch.isfinite(values).all()):
        bad = int((~torch.isfinite(values)).sum())
        raise EngineFailed(
            f"{bad} of {len(values)} log-probs are NaN or infinite in {str(dtype).removeprefix('torch.')} and were "
            "not kept; choose float32, or check the model's weights"
        )


def pad_right(requests: Sequence[LogprobRequest], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Requests as tensors.

    Padding goes to the right: under causal attention no token sees what comes after it, so no position shifts.

    Returns:
        ids (B, T), attention (B, T) of 0/1, and predicts (B, T - 1) bool: row t predicts response token t + 1.
    """
    width = max(len(request.ids) for request in requests)
    ids = torch.zeros(len(requests), width, dtype=torch.long)
    attention = torch.zeros_like(ids)
    is_response = torch.zeros(len(requests), width, dtype=torch.bool)
    for row, request in enumerate(requests):
        length = len(request.ids)
        ids[row, :length] = torch.tensor(request.ids)
        attention[row, :length] = 1
        is_response[row, :length] = torch.tensor(request.is_response)
    return ids.to(device), attention.to(device), is_response[:, 1:].to(device)


def selected_logprobs(logits: Tensor, targets: Tensor) -> Tensor:
    """log softmax(logits)[target] for each row: logit - logsumexp, in float32 whatever dtype comes in.

    Args:
        logits: (R, V), any float dtype.
        targets: (R,) token ids.

    Returns:
        (R,) float32 nats.
    """
    exact = logits.float()
    return exact.gather(-1, targets[:, None]).squeeze(-1) - exact.logsumexp(-1)


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA has a class for it; CPU and MPS only a RuntimeError's words."""
    words = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "out of memory" in words
        or "can't allocate memory" in words
        or "not enough memory" in words
    )


def free_cached_memory(device_type: str) -> None:
    """Give the allocator's cache back to the device."""
    if device_type == "cuda":
        torch.cuda.empty_cache()
    elif device_type == "mps":
        torch.mps.empty_cache()


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
