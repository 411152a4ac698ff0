"""lm-evaluation-harness: `HFLM._loglikelihood_tokens` with a float32 softmax.

setting: {"batch": number or "auto"}. Its auto mode first runs five forwards of ever smaller batches of the longest
request; max_batch_size is held at 8, because on a CPU it never runs into the error that would make it stop.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from lm_eval.models.huggingface import HFLM

from bench.cases import Item
from bench.workers.pipe import Setting, Weighed, serve

LARGEST_AUTO = 8


class LmEval:
    """Both models, each in an HFLM of its own."""

    def __init__(self, folders: dict[str, Path], _setting: Setting) -> None:
        self._models = {
            side: HFLM(
                pretrained=str(folder),
                backend="causal",
                device="cpu",
                dtype="float32",
                softmax_dtype="float32",
                batch_size=1,
                max_batch_size=LARGEST_AUTO,
            )
            for side, folder in folders.items()
        }

    def weigh(self, items: Sequence[Item], sides: Sequence[str], setting: Setting) -> dict[str, Weighed]:
        """Requests as its `loglikelihood` would make them, without the texts."""
        requests = [(("", ""), list(item.prompt), list(response)) for item in items for response in item.responses]
        found = {}
        for side in sides:
            model = self._models[side]
            model.batch_size_per_gpu = setting.get("batch", 1)
            answers = model._loglikelihood_tokens(requests, disable_tqdm=True)
            found[side] = Weighed([total for total, _is_greedy in answers])
        return found

    def describe(self) -> dict[str, Any]:
        """Versions."""
        return {"lm_eval": version("lm_eval"), "torch": torch.__version__, "transformers": transformers.__version__}


if __name__ == "__main__":
    serve(LmEval)
