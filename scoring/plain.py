"""Token log-probs by a plain batched forward: right padding, the output head on response rows only, float32 softmax.

The reference that faster engines must equal. Shares no prompt between candidates and keeps no KV. Does not tokenize
(chat.py), load models (models.py) or subtract (ratio.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from scoring.errors import EngineFailed, PromptTooLong
from scoring.protocol import LogprobRequest, Pack, TokenLogprobs, collect
from scoring.threads import fitting_threads
from scoring.turns import Turns

# Padded tokens in one batch. Fixed, never taken from free memory: a resumed run must form the same batches again.
TOKEN_BUDGET = {"cpu": 2048, "mps": 4096, "cuda": 16384}
# float32 logits held at a time; at a vocabulary of 128,000 that is 131 rows.
HEAD_CHUNK_BYTES = 64 * 1024 * 1024
# Classes whose logits are lm_head(last hidden state) and nothing else (read in transformers 5.23). The others scale
# or cap their logits (Gemma, Cohere, Granite) or are unread: their own forward makes the logits.
BARE_HEADS = frozenset(
    f"{name}ForCausalLM"
    for name in ("Llama", "Mistral", "Mixtral", "Qwen2", "Qwen3", "Phi3", "Olmo2", "SmolLM3", "Starcoder2", "GPTNeoX")
) | {"GPT2LMHeadModel"}


class PlainEngine:
    """A `LogprobEngine` over one transformers model; `turns` lets one forward run at a time.

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
    ) -> None:
        self.fingerprint = fingerprint
        self.context_limit = context_limit
        self._model = model
        self._turns = turns or Turns()
        self._budget = token_budget or TOKEN_BUDGET.get(model.device.type, TOKEN_BUDGET["cpu"])
        self._vocabulary = model.get_input_embeddings().num_embeddings

    def weigh(self, requests: Sequence[LogprobRequest], *, known: Collection[int] = ()) -> Iterator[Pack]:
        """See `LogprobEngine`. A batch of which anything is missing is computed whole."""
        for request in requests:
            self._check(request)
        for batch in self._plan(requests):
            if all(index in known for index in batch):
                continue
            results = self._halving([requests[index] for index in batch])
            wanted = {index: result for index, result in zip(batch, results, strict=True) if index not in known}
            yield Pack(wanted, sum(len(requests[index].ids) for index in batch))

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
            if batches and width * (len(batches[-1]) + 1) <= self._budget:
                batches[-1].append(index)
            else:
                batches.append([index])
        return batches

    def _check(self, request: LogprobRequest) -> None:
        if len(request.ids) > self.context_limit:
            raise PromptTooLong(
                f"{len(request.ids)} tokens exceed the model's limit of {self.context_limit}; nothing is truncated: "
                "shorten the text or choose a longer-context model"
            )
        if not 0 <= min(request.ids) <= max(request.ids) < self._vocabulary:
            raise EngineFailed(
                f"token id {max(request.ids)} is outside the model's vocabulary of {self._vocabulary}; the tokenizer "
                "belongs to another model"
            )

    def _halving(self, requests: list[LogprobRequest]) -> list[TokenLogprobs]:
        """Run one batch, in halves when memory runs out."""
        try:
            with self._turns.take(), torch.inference_mode(), fitting_threads(self._model):
                return self._forward(requests)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise EngineFailed(f"the forward pass failed: {_first_line(error)}") from error
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
        targets = ids[:, 1:][predicts]  # (R,)
        values = torch.cat(row_logprobs(self._model, ids[:, :-1], attention[:, :-1], predicts, targets)).cpu()
        if not bool(torch.isfinite(values).all()):
            bad = int((~torch.isfinite(values)).sum())
            dtype = str(self._model.dtype).removeprefix("torch.")
            raise EngineFailed(
                f"{bad} of {len(values)} log-probs are NaN or infinite in {dtype} and were not kept; choose float32, "
                "or check the model's weights"
            )
        parts = values.split([request.response_tokens for request in requests])
        return [TokenLogprobs(tuple(part.tolist())) for part in parts]


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


def row_logprobs(model: Any, ids: Tensor, attention: Tensor, predicts: Tensor, targets: Tensor) -> list[Tensor]:
    """Log-probs of the targets, nats, in chunks that together are (R,) float32, in row-major order of `predicts`.

    Equals, whatever dtype the weights have:

        logits = model(ids, attention_mask=attention).logits[predicts].float()  # (R, V)
        logits.log_softmax(-1).gather(-1, targets[:, None])[:, 0]
    """
    arguments = {"input_ids": ids, "attention_mask": attention, "use_cache": False}
    parameters = inspect.signature(model.forward).parameters
    if "use_cache" not in parameters:
        del arguments["use_cache"]
    head: Callable[[Tensor], Tensor] | None = None
    if type(model).__name__ in BARE_HEADS:
        rows, head = model.base_model(**arguments).last_hidden_state[predicts], model.get_output_embeddings()  # (R, H)
    elif "logits_to_keep" in parameters:
        rows = model(**arguments, logits_to_keep=predicts).logits  # (R, V); a bool mask flattens
    else:
        rows = model(**arguments).logits[predicts]  # (R, V)
    size = max(1, HEAD_CHUNK_BYTES // (4 * model.get_output_embeddings().weight.shape[0]))
    chunks = []
    for start in range(0, len(targets), size):
        logits = rows[start : start + size] if head is None else head(rows[start : start + size])
        chunks.append(selected_logprobs(logits, targets[start : start + size]))
    return chunks


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


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
