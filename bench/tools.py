"""The tools: which program weighs, in which environment, and the settings it is tried with. Standard library only."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.environments import ENVS

THREADS = 2
Setting = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """One way to weigh. The best of `settings` is found in a short calibration of every case.

    default: the setting the package comes with, where memory depends on it;
    one_side: holds one model a process, so a pair is two processes and the sum of their times;
    loads_setting: the setting is made when the model is loaded, so each needs a fresh process.
    """

    name: str
    title: str
    module: str
    environment: str  # of bench.environments, or "tare" for the project's own
    settings: tuple[Setting, ...] = ({},)
    default: Setting = field(default_factory=dict)
    one_side: bool = False
    loads_setting: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def sides(self) -> tuple[str, ...]:
        """What each process holds."""
        return ("strong", "weak") if self.one_side else ("strong,weak",)


VLLM_VARIABLES = {
    "VLLM_CPU_KVCACHE_SPACE": "2",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "ERROR",
}
TOOLS = {
    tool.name: tool
    for tool in (
        ToolInfo("tare", "Tare", "tare_worker", "tare"),
        ToolInfo(
            "rewardbench",
            "rewardbench `DPOInference.inference_step`",
            "rewardbench_worker",
            "rewardbench",
            settings=tuple({"pairs": n} for n in (1, 2, 4, 8)),
            default={"pairs": 8},
        ),
        ToolInfo(
            "lm_eval",
            "lm_eval `HFLM` loglikelihood",
            "lm_eval_worker",
            "lm_eval",
            settings=tuple({"batch": n} for n in (1, 2, 4, 8, 16, "auto")),
        ),
        ToolInfo(
            "trl",
            "TRL `selective_log_softmax`",
            "trl_worker",
            "tare",
            settings=tuple({"path": "selective", "batch": n} for n in (1, 4, 8, 16)),
        ),
        ToolInfo(
            "trl_fused",
            "TRL `add_fused_lm_head`",
            "trl_worker",
            "tare",
            settings=tuple({"path": "fused", "batch": n} for n in (1, 4, 8, 16)),
        ),
        ToolInfo(
            "vllm",
            "vLLM `LLM.generate`, prompt_logprobs",
            "vllm_worker",
            "vllm",
            settings=(
                {"prefix_caching": False, "eager": True},
                {"prefix_caching": True, "eager": True},
                {"prefix_caching": False, "eager": False},
            ),
            one_side=True,
            loads_setting=True,
            variables=VLLM_VARIABLES,
        ),
    )
}


def environment_of(tool: ToolInfo) -> dict[str, str]:
    """The variables its process gets: two threads, offline, and what its manual asks for."""
    threads = str(THREADS)
    variables = dict(os.environ) | {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "CUDA_VISIBLE_DEVICES": "",
        **tool.variables,
    }
    openmp = next(iter((ENVS / tool.environment).glob("lib/**/libiomp5.so")), None)
    if tool.name == "vllm" and openmp is not None:
        variables["LD_PRELOAD"] = preloaded(openmp)  # its manual: "for best performance"
    return variables


def preloaded(openmp: Path) -> str:
    """Intel's OpenMP, and tcmalloc where the system has it."""
    places = ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")
    allocators = [path for place in places for path in Path(place).glob("libtcmalloc_minimal.so.4")]
    return ":".join(str(path) for path in [*allocators[:1], openmp])
