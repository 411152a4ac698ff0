"""Load one causal model and its tokenizer: device and dtype chosen, safetensors only, no code from the model's files.

Keeps nothing (room.py does) and weighs nothing (engine/engines.py). Every failure is one line of ModelUnavailable.
"""

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.utils import logging as transformers_logging

from scoring.adapter_files import AdapterFiles, adapter_fingerprint, find_adapter
from scoring.adapters import AdapterShelf
from scoring.checkpoint_dtype import checkpoint_dtype
from scoring.engine.engines import length_limit, make_engine
from scoring.engine.plain import PlainEngine, is_out_of_memory
from scoring.engine.products import quicken
from scoring.engine.turns import turns_of
from scoring.errors import ModelUnavailable, UnsafeModel
from scoring.memory import GIGABYTE, available_bytes, needed_bytes
from scoring.model_files import ModelFiles, find_model, fingerprint
from scoring.pairs import DTYPES, DType, ModelSpec
from scoring.protocol import LogprobEngine
from scoring.sampling import ModelSampler

__all__ = [
    "LoadedModel", "ModelSpec", "choose_device", "choose_dtype", "context_limit", "estimate_bytes", "load_adapter",
    "load_model", "read_tokenizer",
]  # fmt: skip

# Tokenizers without a limit of their own say 10^30; no model reads a million tokens in one forward here.
ABSURD_LENGTH = 1_000_000
# What transformers raises over files that are incomplete, damaged or not what they say.
BROKEN_FILES = (OSError, ValueError, KeyError, TypeError, ImportError, SafetensorError, StrictDataclassError)
CONTEXT_NAMES = ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length", "max_seq_len")

# transformers and peft patch torch and their own classes while they build a model (default dtype, weight tying, how
# parameters are registered). Two at once get each other's patches, and one of them may stay for good.
_building = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """An `OpenModel`: engine and sampler take turns on their device, so that forwards never overlap.

    device and dtype are those in use ("cuda:0", "bfloat16"); memory_bytes counts weights and buffers as loaded: of a
    model with an adapter only the adapter's, for its base (which `shelf` holds) counts on its own.
    """

    ref: str
    engine: LogprobEngine
    tokenizer: Any
    sampler: ModelSampler
    device: str
    dtype: str
    memory_bytes: int
    shelf: AdapterShelf
    on_shelf: str | None = None  # the adapter's name there; None: this is the base

    def close(self) -> None:
        """Take an adapter off its base. A base goes with its last reference."""
        if self.on_shelf is not None:
            self.shelf.unload(self.on_shelf)


def choose_device(wanted: str = "auto") -> str:
    """The device in use: CUDA, else MPS, else CPU, or the one wanted. Raises ModelUnavailable if it is not there."""
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(kind for kind, is_there in has.items() if is_there)
    kind = wanted.split(":")[0]
    if not has.get(kind, False):
        there = ", ".join(kind for kind, is_there in has.items() if is_there)
        raise ModelUnavailable(f"the device {wanted!r} is not there; this machine has {there}")
    return wanted


def choose_dtype(wanted: DType, device: str, *, spec: ModelSpec | None = None) -> DType:
    """The compute dtype in use.

    auto: on CUDA what the spec's files are in (bfloat16 where they do not say); float32 on CPU, where it is exact and
    bf16 mostly slower; float32 on MPS too, because float16 overflows to NaN in some bf16-trained models and bf16 costs
    nats. Who needs a 7B model on a Mac asks for float16. Raises ModelUnavailable.
    """
    if wanted not in DTYPES:
        raise ModelUnavailable(f"dtype is {wanted!r}; it must be one of {', '.join(DTYPES)}")
    if wanted != "auto":
        return wanted
    if not device.startswith("cuda"):
        return "float32"
    return (None if spec is None or spec.url is not None else checkpoint_dtype(spec)) or "bfloat16"


def estimate_bytes(spec: ModelSpec, *, device: str) -> int:
    """Bytes the model needs on the device, from its files' headers; with an adapter, the adapter alone.

    Raises ModelUnavailable.
    """
    files = find_model(spec) if spec.adapter is None else find_adapter(spec)
    return needed_bytes(files.parameters, choose_dtype(spec.dtype, device, spec=spec))


def load_model(spec: ModelSpec, *, device: str = "auto", dtype: DType = "auto") -> LoadedModel:
    """Load a model for weighing. A dtype in the spec goes before `dtype`. Raises ModelUnavailable or UnsafeModel."""
    device = choose_device(device)
    dtype = choose_dtype(spec.dtype if spec.dtype != "auto" else dtype, device, spec=spec)
    files = find_model(spec)
    check_architecture(files.ref, files.config)
    _check_memory(files, device, dtype)
    tokenizer = load_tokenizer(files.ref, files.folder)
    model = _load_weights(files, device, dtype)
    limit = context_limit(model.config, tokenizer)
    place = device if ":" in device else str(model.device)
    shelf = AdapterShelf(model, turns_of(place))
    turns = shelf.turns_for(None)
    engine = make_engine(model, fingerprint=fingerprint(files, dtype), context_limit=limit, turns=turns)
    sampler = ModelSampler(model, tokenizer, context_limit=limit, turns=turns)
    memory = sum(tensor.numel() * tensor.element_size() for tensor in [*model.parameters(), *model.buffers()])
    return LoadedModel(spec.ref, engine, tokenizer, sampler, place, dtype, memory, shelf)


def load_adapter(spec: ModelSpec, base: LoadedModel) -> LoadedModel:
    """Put the spec's adapter over a loaded base, whose weights both then share. Raises ModelUnavailable."""
    files = find_adapter(spec)
    _check_memory(files, base.device, base.dtype)
    tokenizer = adapter_tokenizer(files, lambda: base.tokenizer)
    with _building:  # the engine too: it looks at the model, which must not change beneath it
        name, memory = base.shelf.load(files)
        try:
            engine = _adapter_engine(files, base, name)
        except BaseException:
            base.shelf.unload(name)
            raise
    model, turns, limit = base.shelf.model, base.shelf.turns_for(name), base.engine.context_limit
    sampler = ModelSampler(model, tokenizer, context_limit=limit, turns=turns)
    return LoadedModel(spec.label, engine, tokenizer, sampler, base.device, base.dtype, memory, base.shelf, name)


def _adapter_engine(files: AdapterFiles, base: LoadedModel, name: str) -> LogprobEngine:
    model = base.shelf.model
    known: dict[str, Any] = {
        "fingerprint": adapter_fingerprint(files, base.engine.fingerprint),
        "context_limit": base.engine.context_limit,
        "turns": base.shelf.turns_for(name),
    }
    # A head with an adapter in or around it is more than its weight: only the plain engine is sure to call it.
    if type(model.get_output_embeddings()) is torch.nn.Linear:
        return make_engine(model, **known)
    return PlainEngine(model, **known, alone_over=length_limit(model))


def context_limit(config: Any, tokenizer: Any) -> int:
    """Tokens the model can read at once.

    From the config; a sliding window (Mistral) limits what a token attends to, not how long a text may be. The
    tokenizer's own limit counts only when the config names none, and when it is not absurd.
    """
    text_config = config.get_text_config()
    named = (getattr(text_config, name, None) for name in CONTEXT_NAMES)
    limit = next((value for value in named if isinstance(value, int) and value > 0), None)
    if limit is None:
        limit = min(int(tokenizer.model_max_length), ABSURD_LENGTH)
    return limit


def check_architecture(ref: str, config: Mapping[str, Any]) -> None:
    """Refuse what transformers does not know by itself. Raises ModelUnavailable, UnsafeModel."""
    kind = config.get("model_type")
    if kind in CONFIG_MAPPING:
        return
    if "auto_map" in config:
        raise UnsafeModel(
            f"{ref}: its config.json asks to run code of its own (auto_map, model_type {kind!r}), which stays "
            "off; choose a model whose architecture is part of transformers"
        )
    raise ModelUnavailable(
        f"{ref}: config.json has model_type {kind!r}, which this transformers does not know; choose another model"
    )


def _check_memory(files: ModelFiles | AdapterFiles, device: str, dtype: str) -> None:
    needed, free = needed_bytes(files.parameters, dtype), available_bytes(device)
    if needed > free:
        raise ModelUnavailable(
            f"{files.ref}: needs {needed / GIGABYTE:.1f} GB in {dtype} and {free / GIGABYTE:.1f} GB are free on "
            f"{device}; choose a smaller dtype or model, or free memory"
        )


def load_tokenizer(ref: str, folder: Path) -> Any:
    """The tokenizer of a folder. Raises ModelUnavailable, UnsafeModel."""
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except BROKEN_FILES as error:
        kind = UnsafeModel if "trust_remote_code" in str(error) else ModelUnavailable
        raise kind(f"{ref}: its tokenizer cannot be loaded ({_reason(error)}); complete the files") from error


def read_tokenizer(spec: ModelSpec) -> Any:
    """The tokenizer that a model would have, without loading the model. Raises ModelUnavailable, UnsafeModel."""
    if spec.adapter is None:
        files = find_model(spec)
        return load_tokenizer(files.ref, files.folder)
    base = replace(spec, adapter=None, adapter_revision=None)
    return adapter_tokenizer(find_adapter(spec), lambda: read_tokenizer(base))


def adapter_tokenizer(files: AdapterFiles, base_tokenizer: Callable[[], Any]) -> Any:
    """The tokenizer it was trained with: its own, or its base's with its own chat template, or its base's."""
    if files.has_tokenizer:
        return load_tokenizer(files.ref, files.folder)
    if not files.template_file.is_file():
        return base_tokenizer()
    tokenizer = copy.deepcopy(base_tokenizer())
    tokenizer.chat_template = files.template_file.read_text(encoding="utf-8", errors="replace")
    return tokenizer


def _load_weights(files: ModelFiles, device: str, dtype: str) -> Any:
    transformers_logging.disable_progress_bar()  # it would write into the bars of a run
    try:
        with _building:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                files.folder,
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
        model, report = loaded
        _check_complete(files, report)
        model = model.to(device).eval().requires_grad_(False)
        quicken(model)
    except (*BROKEN_FILES, RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise ModelUnavailable(
                f"{files.ref}: memory on {device} ran out while loading in {dtype}; choose a smaller dtype or "
                "free memory"
            ) from error
        raise ModelUnavailable(f"{files.ref}: its weights cannot be loaded ({_reason(error)})") from error
    # Defaults made for chatting (repetition penalty, top-k) would change what is sampled; only the end stays.
    end = model.generation_config.eos_token_id
    model.generation_config = GenerationConfig(eos_token_id=end)
    return model


def _check_complete(files: ModelFiles, report: dict[str, Any]) -> None:
    """transformers fills weights it does not find with random numbers; here that is an error."""
    lacking = sorted(str(name) for key in ("missing_keys", "mismatched_keys") for name in report.get(key) or ())
    if lacking:
        raise ModelUnavailable(
            f"{files.ref}: {len(lacking)} weights are missing or misshapen in its files (first: {lacking[0]}); "
            "download it again, or choose a causal language model"
        )


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
