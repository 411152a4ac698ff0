"""The tools of the GPU comparison: each is a function from nothing to one sum a response, in the items' order.

Batch sizes of the rivals are tried and the fastest that fits is taken, inside the function that is timed afterwards.
"""

import importlib.util
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from bench.cases import Ids, Item

IGNORED = -100
BATCHES = (2, 4, 8, 16, 32)
Weigh = Callable[[], list[float]]
Rows = list[tuple[Ids, Ids]]
Forward = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def missing() -> list[str]:
    """Which of the rivals' packages are not here."""
    return [name for name in ("rewardbench", "trl", "vllm") if importlib.util.find_spec(name) is None]


def in_process(model: Any, items: Sequence[Item]) -> Iterator[tuple[str, Weigh]]:
    """Ours first, then every rival that runs on the very same model object."""
    yield ours(model, items)
    rows = [(item.prompt, response) for item in items for response in item.responses]
    yield (
        f"rewardbench {'' if has_rewardbench() else 'layout '}(pairs)",
        best_batch(rows, rewardbench_forward(model), model),
    )
    if "trl" not in missing():
        yield "TRL selective_log_softmax", best_batch(rows, trl_forward(model), model)


def ours(model: Any, items: Sequence[Item]) -> tuple[str, Weigh]:
    """The engine the product makes for this model."""
    from bench.workers.tare_worker import forget, requests_of
    from scoring.engine.engines import make_engine
    from scoring.engine.turns import turns_of

    engine = make_engine(
        model,
        fingerprint="bench",
        context_limit=model.config.max_position_embeddings,
        turns=turns_of(str(model.device)),
    )
    requests = requests_of(items)

    def weigh() -> list[float]:
        forget(engine)
        return [result.total for result in engine.logprobs(requests)]

    return f"Tare ({engine.name})", weigh


def has_rewardbench() -> bool:
    """Whether the real package can be imported here (it pins an old transformers)."""
    if "rewardbench" in missing():
        return False
    try:
        import rewardbench  # noqa: F401
    except ImportError:
        return False
    return True


def rewardbench_forward(model: Any) -> Forward:
    """Its concatenated forward and `get_batch_logps`: all logits, log_softmax in the model's dtype, summed in it."""
    if has_rewardbench():
        from rewardbench import DPOInference

        logps = DPOInference.get_batch_logps
    else:
        logps = _batch_logps

    def forward(ids: torch.Tensor, attention: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return logps(model(ids, attention_mask=attention).logits, labels)  # (B,)

    return forward


def _batch_logps(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    targets = labels[:, 1:]
    counted = targets != IGNORED
    picked = logits[:, :-1].log_softmax(-1).gather(2, targets.clamp(min=0)[:, :, None])[:, :, 0]
    return (picked * counted).sum(-1)


def trl_forward(model: Any) -> Forward:
    """TRL's `selective_log_softmax` on all logits."""
    from trl.trainer.utils import selective_log_softmax

    def forward(ids: torch.Tensor, attention: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        logits = model(input_ids=ids, attention_mask=attention, use_cache=False).logits[:, :-1]
        picked = selective_log_softmax(logits, ids[:, 1:])
        return (picked.float() * (labels[:, 1:] != IGNORED)).sum(-1)

    return forward


def best_batch(rows: Rows, forward: Forward, model: Any) -> Weigh:
    """Weighs in padded batches; the first call tries the sizes and keeps the fastest that fits in memory."""
    chosen: list[int] = []

    def weigh() -> list[float]:
        if not chosen:
            chosen.append(_fastest(rows, forward, model))
        return _batched(rows, forward, model, chosen[0])

    return weigh


def _fastest(rows: Rows, forward: Forward, model: Any) -> int:
    seconds = {}
    for size in [size for size in BATCHES if size <= len(rows)]:
        try:
            _batched(rows[:size], forward, model, size)  # warm
            start = time.perf_counter()
            _batched(rows, forward, model, size)  # ends in .tolist(), which waits for the device
            seconds[size] = time.perf_counter() - start
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            break
    if not seconds:
        raise RuntimeError("no batch size fits in memory")
    return min(seconds, key=lambda size: seconds[size])


def _batched(rows: Rows, forward: Forward, model: Any, size: int) -> list[float]:
    sums: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(rows), size):
            sums += forward(*_padded(rows[start : start + size], model.device)).tolist()
    return sums


def _padded(rows: Rows, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    width = max(len(prompt) + len(response) for prompt, response in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    attention, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORED)
    for row, (prompt, response) in enumerate(rows):
        length = len(prompt) + len(response)
        ids[row, :length] = torch.tensor(prompt + response)
        attention[row, :length] = 1
        labels[row, len(prompt) : length] = torch.tensor(response)
    return ids.to(device), attention.to(device), labels.to(device)


def vllm_engine(config: Any, dtype: str) -> Callable[[Sequence[Item]], Weigh]:
    """vLLM on the same shape with random weights of its own: no file of 16 GB is written. CUDA graphs stay on."""
    from vllm import LLM, SamplingParams
    from vllm.inputs import TokensPrompt

    with tempfile.TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        path = Path(folder) / "config.json"
        named = {"architectures": ["LlamaForCausalLM" if config.model_type == "llama" else "MistralForCausalLM"]}
        path.write_text(json.dumps({**json.loads(path.read_text()), **named}))
        llm = LLM(model=folder, dtype=dtype, load_format="dummy", skip_tokenizer_init=True, max_model_len=4096,
                  enable_prefix_caching=False)  # fmt: skip
    asked = SamplingParams(temperature=0, prompt_logprobs=0, max_tokens=1, detokenize=False)

    def engine(items: Sequence[Item]) -> Weigh:
        rows = [(item.prompt, response) for item in items for response in item.responses]
        prompts = [TokensPrompt(prompt_token_ids=list(prompt + response)) for prompt, response in rows]

        def weigh() -> list[float]:
            outputs = llm.generate(prompts, asked, use_tqdm=False)
            return [
                sum(
                    step[token].logprob
                    for step, token in zip(out.prompt_logprobs[-len(response) :], response, strict=True)
                )
                for (_, response), out in zip(rows, outputs, strict=True)
            ]

        return weigh

    return engine
