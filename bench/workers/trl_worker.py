"""TRL 1.16: its two ways to the log-probs of padded batches, longest first.

{"path": "selective", "batch": n}   all logits, then `selective_log_softmax`
{"path": "fused", "batch": n}       `add_fused_lm_head`, what its DPOTrainer uses in this version
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM
from trl.trainer.utils import add_fused_lm_head, selective_log_softmax

from bench.cases import Ids, Item
from bench.workers.pipe import Setting, Weighed, serve

IGNORED = -100


class Trl:
    """Both models; the fused head is added to both, and used only when asked for."""

    def __init__(self, folders: dict[str, Path], _setting: Setting) -> None:
        self._models = {}
        for side, folder in folders.items():
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval().requires_grad_(False)
            add_fused_lm_head(model)
            self._models[side] = model

    def weigh(self, items: Sequence[Item], sides: Sequence[str], setting: Setting) -> dict[str, Weighed]:
        """Batches of sequences sorted by length; results in the order of the requests."""
        rows = [(item.prompt, response) for item in items for response in item.responses]
        order = sorted(range(len(rows)), key=lambda index: -len(rows[index][0]) - len(rows[index][1]))
        size = setting.get("batch", 1)
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        path = setting.get("path", "selective")
        with torch.inference_mode():
            return {side: self._weigh_side(side, rows, batches, path) for side in sides}

    def _weigh_side(
        self, side: str, rows: Sequence[tuple[Ids, Ids]], batches: Sequence[Sequence[int]], path: str
    ) -> Weighed:
        tokens: list[list[float]] = [[] for _ in rows]
        for batch in batches:
            values = self._forward(side, [rows[index] for index in batch], path)
            for index, line in zip(batch, values, strict=True):
                prompt, response = rows[index]
                tokens[index] = line[len(prompt) - 1 : len(prompt) - 1 + len(response)].tolist()
        return Weighed([sum(line) for line in tokens], tokens)

    def _forward(self, side: str, rows: Sequence[tuple[Ids, Ids]], path: str) -> torch.Tensor:
        ids, attention, labels = _padded(rows)
        model = self._models[side]
        if path == "fused":
            return model(input_ids=ids, attention_mask=attention, labels=labels, fused_lm_head=True).log_probs
        logits = model(input_ids=ids, attention_mask=attention, use_cache=False).logits
        return selective_log_softmax(logits[:, :-1], ids[:, 1:])  # (B, T - 1)

    def describe(self) -> dict[str, Any]:
        """Versions."""
        return {"trl": version("trl"), "torch": torch.__version__, "transformers": transformers.__version__}


def _padded(rows: Sequence[tuple[Ids, Ids]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    width = max(len(prompt) + len(response) for prompt, response in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    attention = torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORED)
    for row, (prompt, response) in enumerate(rows):
        length = len(prompt) + len(response)
        ids[row, :length] = torch.tensor(prompt + response)
        attention[row, :length] = 1
        labels[row, len(prompt) : length] = torch.tensor(response)
    return ids, attention, labels


if __name__ == "__main__":
    serve(Trl)
