"""The judge: a float64 plain loop, one unpadded sequence at a time, no cache, no sharing.

The output head runs on the rows that predict a response token only; in float64 that changes nothing that is compared.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM

from bench.cases import Item
from bench.workers.pipe import Setting, Weighed, serve


class Reference:
    """Both models in float64."""

    def __init__(self, folders: dict[str, Path], _setting: Setting) -> None:
        self._models = {
            side: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
            for side, folder in folders.items()
        }

    def weigh(self, items: Sequence[Item], sides: Sequence[str], _setting: Setting) -> dict[str, Weighed]:
        """Token log-probs in float64."""
        found = {}
        with torch.inference_mode():
            for side in sides:
                tokens = [self._one(side, item.prompt, response) for item in items for response in item.responses]
                found[side] = Weighed([sum(line) for line in tokens], tokens)
        return found

    def _one(self, side: str, prompt: tuple[int, ...], response: tuple[int, ...]) -> list[float]:
        ids = torch.tensor([prompt + response])
        n = len(response)
        logits = self._models[side](input_ids=ids, use_cache=False, logits_to_keep=n + 1).logits[0, :-1]  # (n, V)
        logprobs = logits.log_softmax(-1).gather(-1, torch.tensor(response)[:, None])
        return logprobs[:, 0].tolist()

    def describe(self) -> dict[str, Any]:
        """Versions."""
        return {"dtype": "float64", "torch": torch.__version__, "transformers": transformers.__version__}


if __name__ == "__main__":
    serve(Reference)
