"""rewardbench 0.1.4: `DPOInference.inference_step` on pairs of responses, N candidates as N/2 pairs of one prompt.

setting: {"pairs": pairs a batch}. Token ids are fed past its tokenizer and its truncation (2,048 tokens, keeping the
last 128 of the prompt), so nothing is cut. Per token it tells nothing.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import transformers
from rewardbench import DPOInference
from transformers import AutoModelForCausalLM, AutoTokenizer

from bench.cases import Ids, Item
from bench.workers.pipe import Setting, Weighed, serve

IGNORED = -100


class RewardBench:
    """Strong as its model, weak as its reference model, float32."""

    def __init__(self, folders: dict[str, Path], _setting: Setting) -> None:
        models = {
            side: AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32)
            for side, folder in folders.items()
        }
        tokenizer = AutoTokenizer.from_pretrained(next(iter(folders.values())))
        accelerator = SimpleNamespace(device=torch.device("cpu"))
        self._dpo = DPOInference(models["strong"], models["weak"], tokenizer, accelerator)
        self._forward = self._dpo.concatenated_forward
        self._dpo.concatenated_forward = self._watched
        self._seen: dict[int, list[float]] = {}

    def weigh(self, items: Sequence[Item], sides: Sequence[str], setting: Setting) -> dict[str, Weighed]:
        """Whole inference steps; with the strong model alone its own reference-free ones."""
        pairs = [
            (item.prompt, item.responses[k], item.responses[k + 1])
            for item in items
            for k in range(0, len(item.responses), 2)
        ]
        size = setting.get("pairs", 1)
        self._seen = {id(self._dpo.model): [], id(self._dpo.ref_model): []}
        with torch.inference_mode():
            for start in range(0, len(pairs), size):
                self._dpo.inference_step(_batch(pairs[start : start + size]), ref_free="weak" not in sides)
        model_of = {"strong": self._dpo.model, "weak": self._dpo.ref_model}
        return {side: Weighed(self._seen[id(model_of[side])]) for side in sides}

    def _watched(self, model: Any, batch: dict[str, torch.Tensor]) -> Any:
        """`concatenated_forward`, whose sums are kept: the step itself returns only their differences."""
        found = self._forward(model, batch)
        for pair in zip(found[0].tolist(), found[1].tolist(), strict=True):
            self._seen[id(model)] += pair
        return found

    def describe(self) -> dict[str, Any]:
        """Versions."""
        return {
            "rewardbench": version("rewardbench"),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }


def _batch(pairs: Sequence[tuple[Ids, Ids, Ids]]) -> dict[str, torch.Tensor]:
    """Right-padded tensors under the names its own collator gives them."""
    batch: dict[str, torch.Tensor] = {}
    for kind, which in (("chosen", 1), ("rejected", 2)):
        rows = [(pair[0], pair[which]) for pair in pairs]
        width = max(len(prompt) + len(response) for prompt, response in rows)
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        attention = torch.zeros_like(ids)
        labels = torch.full_like(ids, IGNORED)
        for row, (prompt, response) in enumerate(rows):
            length = len(prompt) + len(response)
            ids[row, :length] = torch.tensor(prompt + response)
            attention[row, :length] = 1
            labels[row, len(prompt) : length] = torch.tensor(response)
        batch |= {f"{kind}_input_ids": ids, f"{kind}_attention_mask": attention, f"{kind}_labels": labels}
    return batch


if __name__ == "__main__":
    serve(RewardBench)
