"""One command for a CUDA machine: `python -m bench.gpu` weighs with 8B- and 7B-shaped random models in bfloat16.

Responses/s, tokens/s asked for and computed, MFU against a measured matmul, peak memory; N in {8, 32}, prompt 512,
responses of 64-256. Against what can be imported beside Tare: TRL and vLLM; rewardbench pins an old transformers, so
where it cannot be imported its layout is run and named as that. Writes bench/results/gpu.json, which report.py tells.

    python -m bench.gpu --tiny --device cpu --out -       the same code on any machine, to see that it works

One model is weighed, not a pair: on a GPU both models cost the same and an 8B pair would not fit beside the rivals.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig

from bench import gpu_tools
from bench.cases import Item, best_of
from bench.flops import count_work, flops_of
from bench.workers.pipe import counting

OUT = Path(__file__).resolve().parent / "results" / "gpu.json"
PROMPT_TOKENS, CANDIDATES = 512, (8, 32)
MATMUL = 8192
TINY: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 1000}  # fmt: skip


def shapes(is_tiny: bool) -> dict[str, Any]:
    """Configurations by name: the published ones of both models, with random weights."""
    llama: dict[str, Any] = {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "rope_theta": 500000.0,
    }
    mistral: dict[str, Any] = {**llama, "vocab_size": 32000, "rope_theta": 10000.0}
    more: dict[str, Any] = {"max_position_embeddings": 8192, "tie_word_embeddings": False}
    return {
        "Llama-3.1-8B": LlamaConfig(**(TINY if is_tiny else llama), **more),
        "Mistral-7B": MistralConfig(**(TINY if is_tiny else mistral), **more, sliding_window=None),
    }


def random_model(config: Any, device: str, dtype: torch.dtype) -> Any:
    """A model on the device with its own initialisation, without a file."""
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    return model.eval().requires_grad_(False)


def matmul_rate(device: str, dtype: torch.dtype, size: int) -> float:
    """FLOP/s of a square product, median of ten: what MFU is measured against."""
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds = [timed(lambda: a @ b, device)[0] for _ in range(13)][3:]
    return 2.0 * size**3 / statistics.median(seconds)


def timed(work: Callable[[], Any], device: str) -> tuple[float, Any]:
    """Seconds until the device is done, and what came out."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    start = time.perf_counter()
    found = work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start, found


def measure_tool(
    name: str,
    weigh: Callable[[], list[float]],
    items: Sequence[Item],
    config: Any,
    given: argparse.Namespace,
    rate: float,
) -> dict[str, Any]:
    """Warm up, one run that is counted and watched for memory, then the median; a tool that fails says why."""
    on_cuda = given.device.startswith("cuda")
    try:
        weigh()  # warms up, and tries a rival's batch sizes
        free_memory(given.device)
        resident = torch.cuda.memory_allocated() if on_cuda else 0
        if on_cuda:
            torch.cuda.reset_peak_memory_stats()
        with counting() as count:
            sums = weigh()
        peak = (torch.cuda.max_memory_allocated() - resident) / 1e9 if on_cuda else None
        seconds = [timed(weigh, given.device)[0] for _ in range(given.runs)]
    except (RuntimeError, ValueError, ImportError) as error:
        return {"title": name, "failed": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}
    median, work = statistics.median(seconds), count_work(items)
    flops = sum(flops_of(work, config.to_dict()).values())
    return {
        "title": name,
        "seconds": seconds,
        "responses_per_s": len(sums) / median,
        "logical_per_s": work.logical_tokens / median,
        "computed_per_s": count.tokens / median if count.tokens else None,
        # Of the FLOPs that are needed, not of those spent: what is computed twice does not count as use.
        "mfu": flops / median / rate,
        "peak_gb": peak,
        "sums": sums,
    }


def free_memory(device: str) -> None:
    """Give back what the tool before left behind."""
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()


def measure_shape(shape: str, config: Any, given: argparse.Namespace, rate: float) -> list[dict[str, Any]]:
    """One model, every N, every tool; vLLM last, when our copy of the model is gone."""
    dtype = getattr(torch, given.dtype)
    cases = {n: best_of(f"gpu_{n}", n, PROMPT_TOKENS, vocabulary=config.vocab_size).items for n in given.n}
    found: dict[int, list[dict[str, Any]]] = {n: [] for n in given.n}
    model = random_model(config, given.device, dtype)
    for n, items in cases.items():
        for name, weigh in gpu_tools.in_process(model, items):
            found[n].append(measure_tool(name, weigh, items, config, given, rate))
            say(shape, n, found[n][-1])
    del model
    free_memory(given.device)
    if "vllm" not in gpu_tools.missing() and not given.tiny:
        engine = gpu_tools.vllm_engine(config, given.dtype)
        for n, items in cases.items():
            found[n].append(measure_tool("vLLM", engine(items), items, config, given, rate))
            say(shape, n, found[n][-1])
    return [{"shape": shape, "n": n, "tools": compared(tools)} for n, tools in found.items()]


def compared(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each tool with its largest difference from ours per response, in nats, in place of its sums."""
    ours: list[float] = next((tool["sums"] for tool in tools if "sums" in tool), [])
    for tool in tools:
        sums = tool.pop("sums", None)
        same_weights = sums is not None and tool["title"] != "vLLM"  # vLLM draws its own random weights
        tool["from_ours"] = max(abs(a - b) for a, b in zip(sums, ours, strict=True)) if same_weights and sums else None
    return tools


def say(shape: str, n: int, tool: dict[str, Any]) -> None:
    """One line to the terminal."""
    rest = tool.get("failed") or f"{tool['responses_per_s']:.2f} responses/s, MFU {tool['mfu']:.2f}"
    print(f"{shape} N={n} {tool['title']}: {rest}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--tiny", action="store_true", help="tiny models, to try the script")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--n", type=int, nargs="+", default=list(CANDIDATES))
    parser.add_argument("--out", default=str(OUT), help="a file, or - for stdout")
    given = parser.parse_args()
    if given.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit("there is no CUDA device here; try the script with --tiny --device cpu --out -")
    rate = matmul_rate(given.device, getattr(torch, given.dtype), 256 if given.tiny else MATMUL)
    on_cuda = given.device.startswith("cuda")
    found = {
        "device": given.device,
        "device_name": torch.cuda.get_device_name(given.device) if on_cuda else "CPU",
        "dtype": given.dtype,
        "is_tiny": given.tiny,
        "torch": torch.__version__,
        "matmul_flops": rate,
        "not_importable": gpu_tools.missing(),
        "cases": [
            one for name, config in shapes(given.tiny).items() for one in measure_shape(name, config, given, rate)
        ],
    }
    text = json.dumps(found, indent=1) + "\n"
    if given.out == "-":
        print(text)
    else:
        Path(given.out).write_text(text)


if __name__ == "__main__":
    main()
