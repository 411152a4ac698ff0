"""An adapter's files before anything is loaded: found, safe, for this base, of a kind that leaves the base as it is.

LoRA (with DoRA and rsLoRA) in safetensors only. Reads the configuration and the weights' header; loads nothing
(adapters.py). What PEFT would take but what would change the base beneath other adapters is refused by name.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.errors import ModelUnavailable, UnsafeModel
from scoring.model_files import commit_of, count_parameters, file_sha256, from_hub, local_folder, read_json
from scoring.pairs import ModelSpec

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
# An adapter saved by a trainer brings the tokenizer and chat template it was trained with.
_WANTED = (CONFIG_FILE, WEIGHTS_FILE, "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.json",
           "merges.txt", "*.jinja")  # fmt: skip
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
# Initial weights that leave the base's own weights alone. PiSSA, OLoRA, CorDA, LoftQ and the like subtract from them.
_HARMLESS_STARTS = (True, False, "gaussian", "orthogonal", "eva")
# Keys of adapter_config.json whose meaning is known to change nothing but the adapter's own modules. Any other key
# that says something is refused: numbers under a setting that was passed over would be wrong.
_KNOWN = frozenset((
    "task_type", "peft_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode",
    "r", "target_modules", "exclude_modules", "lora_alpha", "lora_dropout", "fan_in_fan_out", "bias", "use_rslora",
    "modules_to_save", "init_lora_weights", "layers_to_transform", "layers_pattern", "rank_pattern", "alpha_pattern",
    "megatron_core", "loftq_config", "eva_config", "trainable_token_indices", "use_dora", "qalora_group_size",
    "runtime_config", "lora_bias", "ensure_weight_tying",
))  # fmt: skip
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """Where an adapter lies. commit: the hub's, when the files come from its cache."""

    ref: str
    folder: Path
    commit: str | None
    config: Mapping[str, Any]
    parameters: int

    @property
    def has_tokenizer(self) -> bool:
        """Whether it brings a whole tokenizer of its own."""
        return (self.folder / "tokenizer_config.json").is_file() and (self.folder / "tokenizer.json").is_file()

    @property
    def template_file(self) -> Path:
        """Where its chat template lies when it brings one beside or without a tokenizer."""
        return self.folder / "chat_template.jinja"


def find_adapter(spec: ModelSpec) -> AdapterFiles:
    """The files of the spec's adapter: a local folder, or a hub repository (downloaded when not in the cache).

    Raises ModelUnavailable or UnsafeModel with one line: which adapter, which file or setting, why, what to do.
    """
    ref = spec.adapter
    if ref is None:
        raise ValueError(f"{spec.ref} names no adapter")
    folder = local_folder(ref) or from_hub(ref, spec.adapter_revision, _WANTED)
    config = read_json(ref, folder / CONFIG_FILE)
    weights = folder / WEIGHTS_FILE
    if not weights.is_file():
        pickled = next((path.name for path in sorted(folder.glob("adapter_model.*"))), None)
        if pickled:
            raise UnsafeModel(
                f"{ref}: only pickled weights ({pickled}), which can run code; Tare loads {WEIGHTS_FILE} only: save "
                "the adapter as safetensors"
            )
        raise ModelUnavailable(f"{ref}: {WEIGHTS_FILE} is missing in {folder}; complete the files")
    check_kind(ref, config)
    check_base(ref, config, spec)
    return AdapterFiles(ref, folder, commit_of(folder), config, count_parameters(ref, weights))


def adapter_fingerprint(files: AdapterFiles, base_fingerprint: str) -> str:
    """sha256 (hex) over the base's fingerprint (weights, config, dtype) and the adapter's commit or files."""
    digest = hashlib.sha256(f"tare-adapter-1\0{base_fingerprint}\0".encode())
    if files.commit is not None:
        digest.update(f"hub\0{files.ref}\0{files.commit}".encode())
        return digest.hexdigest()
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        digest.update(f"{name}\0{file_sha256(files.folder / name)}\0".encode())
    return digest.hexdigest()


def check_kind(ref: str, config: Mapping[str, Any]) -> None:
    """Refuse what is no LoRA of a causal LM, or would change the base beneath other adapters."""
    way_out = "merge it into its base (merge_and_unload of peft) and name the merged folder as a model"
    kind = config.get("peft_type")
    if kind != "LORA":
        raise ModelUnavailable(f"{ref}: a {kind!r} adapter; Tare puts LoRA adapters over a shared base: {way_out}")
    if config.get("task_type") not in (None, "CAUSAL_LM"):
        raise ModelUnavailable(f"{ref}: trained for {config['task_type']!r}; choose an adapter of a causal LM")
    start = config.get("init_lora_weights", True)
    if start not in _HARMLESS_STARTS:
        raise ModelUnavailable(
            f"{ref}: init_lora_weights is {start!r}, which changes the base's weights; save it again with "
            "path_initial_model_for_weight_conversion, or " + way_out
        )
    if config.get("bias", "none") != "none":
        raise ModelUnavailable(f"{ref}: bias is {config['bias']!r}, trained over the base's own; {way_out}")
    unknown = sorted(key for key, value in config.items() if value and key not in _KNOWN)
    if unknown:
        raise ModelUnavailable(
            f"{ref}: {CONFIG_FILE} sets {unknown[0]!r}, which Tare does not know to leave the base alone; {way_out}"
        )


def check_base(ref: str, config: Mapping[str, Any], spec: ModelSpec) -> None:
    """Refuse another hub model than the adapter was trained over; folders cannot be compared by name, only by shape."""
    named = config.get("base_model_name_or_path")
    if not isinstance(named, str) or not named:
        return
    is_hub = _HUB_ID.fullmatch(named) and _HUB_ID.fullmatch(spec.ref) and local_folder(spec.ref) is None
    if is_hub and named.lower() != spec.ref.lower():
        raise ModelUnavailable(
            f"{ref}: trained over {named!r}, and the pair puts it over {spec.ref!r}; name that base, or, if both are "
            f"the same weights, download the adapter and correct base_model_name_or_path in its {CONFIG_FILE}"
        )
    if not is_hub and Path(named).name.lower() != Path(spec.ref).name.lower():
        log.warning("%s was trained over %r and is put over %r: only the shapes are compared", ref, named, spec.ref)
