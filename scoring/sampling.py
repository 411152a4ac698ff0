"""Texts written by a loaded model, for trying a pair by hand. Seeded; weighs nothing, renders nothing.

Samples from the model's own distribution: no top-k, no repetition penalty, only temperature and top-p as asked.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import torch

from scoring.engine.threads import fitting_threads
from scoring.engine.turns import Turns
from scoring.errors import EngineFailed, PromptTooLong
from scoring.protocol import SampledText, Sampling

# At once; more run one after the other, from the same stream of random numbers.
BATCH = 8
# torch's random state belongs to the process: two seeded samplings at once would disturb each other.
_random_state = threading.Lock()


class ModelSampler:
    """A `TextSampler` over one transformers model; takes turns with its engine."""

    def __init__(self, model: Any, tokenizer: Any, *, context_limit: int, turns: Turns) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._context_limit = context_limit
        self._turns = turns

    def sample(self, ids: Sequence[int], how: Sampling) -> list[SampledText]:
        """See `TextSampler`."""
        room = self._context_limit - len(ids)
        if room < 1:
            raise PromptTooLong(
                f"the prompt's {len(ids)} tokens fill the context of {self._context_limit}; shorten the prompt"
            )
        ends = self._end_ids(how.stop_ids)
        n_new = min(how.max_new_tokens, room)
        settings: dict[str, Any] = {"max_new_tokens": n_new, "eos_token_id": sorted(ends) or None}
        settings["pad_token_id"] = min(ends, default=0)
        if how.temperature > 0:
            settings |= {"do_sample": True, "temperature": how.temperature, "top_p": how.top_p, "top_k": 0}
        else:
            settings["do_sample"] = False
        rows = self._generate(ids, how.n, how.seed, settings)
        return [self._read(row, ends, how.stop_ids) for row in rows]

    def _generate(self, ids: Sequence[int], n: int, seed: int, settings: dict[str, Any]) -> list[list[int]]:
        """The new token ids of each of the n texts, padded after their ends."""
        device = self._model.device
        prompt = torch.tensor([list(ids)], device=device)
        rows: list[list[int]] = []
        forked = [device] if device.type == "cuda" else []
        with (
            _random_state,
            self._turns.take(),
            torch.random.fork_rng(devices=forked),
            torch.inference_mode(),
            fitting_threads(self._model),
        ):
            torch.manual_seed(seed)
            try:
                for start in range(0, n, BATCH):
                    several = prompt.expand(min(BATCH, n - start), -1)
                    out = self._model.generate(several, attention_mask=torch.ones_like(several), **settings)
                    rows += out[:, len(ids) :].tolist()
            except RuntimeError as error:
                raise EngineFailed(f"sampling failed ({' '.join(str(error).split())[:200]})") from error
        return rows

    def _end_ids(self, stop_ids: Sequence[int]) -> set[int]:
        own = self._model.generation_config.eos_token_id
        ends = set(own) if isinstance(own, list | tuple) else {own}
        ends.add(self._tokenizer.eos_token_id)
        if len(stop_ids) == 1:
            ends.add(stop_ids[0])
        return {end for end in ends if end is not None}

    def _read(self, row: list[int], ends: set[int], stop: tuple[int, ...]) -> SampledText:
        """The text up to its end: an end token, or the several tokens of an end of turn the model has no token for."""
        places = [index for index, token in enumerate(row) if token in ends]
        if len(stop) > 1:
            places += [i for i in range(len(row) - len(stop) + 1) if tuple(row[i : i + len(stop)]) == stop]
        kept = row[: min(places, default=len(row))]
        return SampledText(self._tokenizer.decode(kept, skip_special_tokens=True), bool(places))
