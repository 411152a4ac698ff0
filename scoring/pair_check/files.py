"""A model's small files for a check: config, tokenizer, card, and the sizes of its weights without the weights.

Of a model on the hub that is not downloaded yet, the weights' headers are read over HTTP. Builds no model, and leaves
to side.py what it all means.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, hf_hub_download, metadata_load, parse_local_safetensors_file_metadata
from huggingface_hub.errors import (
    HfHubHTTPError,
    LocalEntryNotFoundError,
    NotASafetensorsRepoError,
    SafetensorsParsingError,
)
from yaml import YAMLError

from scoring.adapter_files import CONFIG_FILE, WEIGHTS_FILE, AdapterFiles, check_base, check_kind, find_adapter
from scoring.errors import ModelUnavailable, UnsafeModel
from scoring.model_files import commit_of, count_parameters, from_hub, local_folder, read_json, weight_files
from scoring.pairs import ModelSpec

SMALL = ("*.json", "*.jinja", "*.model", "*.txt")  # of a repository on the hub: all but the weights
CARD = "README.md"
_MAX_CARD = 1_000_000  # bytes
_HUB_ERRORS = (HfHubHTTPError, LocalEntryNotFoundError, SafetensorsParsingError, httpx2.HTTPError, OSError, ValueError)
log = logging.getLogger(__name__)

Shapes = Mapping[str, tuple[int, ...]]  # by a tensor's name


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Where a model or adapter lies and what its weights are. parameters: None when only the hub knows and is silent.

    to_download: bytes of weights that are not here yet.
    """

    ref: str
    folder: Path
    config: Mapping[str, Any]
    parameters: int | None
    shapes: Shapes = field(default_factory=dict)
    to_download: int = 0
    is_hub: bool = False


def look_at_model(spec: ModelSpec) -> LookedAt:
    """A model's files (for an adapter: its base's). Raises ModelUnavailable, UnsafeModel in one line."""
    ref, folder = spec.ref, local_folder(spec.ref)
    if folder is None:
        return _look_at_hub(spec)
    _refuse_adapter(ref, folder)
    config = read_json(ref, folder / "config.json")
    return _here(ref, folder, config, weight_files(ref, folder), is_hub=False)


def look_at_adapter(spec: ModelSpec) -> LookedAt:
    """The files of the spec's adapter, checked to be one for its base. Raises ModelUnavailable, UnsafeModel."""
    ref = str(spec.adapter)
    if local_folder(ref) is not None:
        files = find_adapter(spec)
        return _here(ref, files.folder, files.config, (files.folder / WEIGHTS_FILE,), is_hub=False)
    folder = from_hub(ref, spec.adapter_revision, SMALL)
    config = read_json(ref, folder / CONFIG_FILE)
    check_kind(ref, config)
    check_base(ref, config, spec)
    weights = folder / WEIGHTS_FILE
    if weights.is_file():
        return _here(ref, folder, config, (weights,), is_hub=True)
    try:
        found = HfApi().parse_safetensors_file_metadata(ref, WEIGHTS_FILE, revision=commit_of(folder))
    except _HUB_ERRORS as error:
        raise ModelUnavailable(
            f"{ref}: {WEIGHTS_FILE} cannot be seen on the hub ({_line(error)}); see that it is there, or download it"
        ) from error
    shapes = {name: tuple(tensor.shape) for name, tensor in found.tensors.items()}
    size = sum(tensor.data_offsets[1] - tensor.data_offsets[0] for tensor in found.tensors.values())
    return LookedAt(ref, folder, config, sum(found.parameter_count.values()), shapes, size, is_hub=True)


def adapter_files(looked: LookedAt) -> AdapterFiles:
    """The same as the loader knows it."""
    return AdapterFiles(looked.ref, looked.folder, commit_of(looked.folder), looked.config, looked.parameters or 0)


def licence_of(looked: LookedAt) -> str | None:
    """What its model card or config says; None when neither does."""
    card = looked.folder / CARD
    if looked.is_hub and not card.is_file():
        card = _card_from_hub(looked) or card
    try:
        known = metadata_load(card) or {} if card.is_file() and card.stat().st_size <= _MAX_CARD else {}
    except (OSError, ValueError, YAMLError) as error:
        log.info("%s: its card cannot be read (%s)", looked.ref, _line(error))
        known = {}
    named = known.get("license")
    if named in ("other", None):
        named = known.get("license_name") or named or looked.config.get("license")
    texts = named if isinstance(named, list) else [named]
    return ", ".join(" ".join(text.split())[:80] for text in texts if isinstance(text, str) and text.strip()) or None


def misfit(adapter: LookedAt, base: LookedAt) -> str | None:
    """A module whose adapter has other widths than the base has there, in words; None when none is found.

    LoRA writes A (rank, inputs) and B (outputs, rank) beside a weight of (outputs, inputs). Modules that the base's
    files call otherwise, and those that store their weight the other way round, are passed over.
    """
    if adapter.config.get("fan_in_fan_out"):
        return None
    for name, shape in adapter.shapes.items():
        module, _, kind = name.removeprefix("base_model.model.").rpartition(".lora_")
        base_shape = base.shapes.get(f"{module}.weight", ())
        if kind not in ("A.weight", "B.weight") or len(shape) != 2 or len(base_shape) != 2:
            continue
        has, wants = (shape[1], base_shape[1]) if kind[0] == "A" else (shape[0], base_shape[0])
        if has != wants:
            return (
                f"{module} has {wants} {'inputs' if kind[0] == 'A' else 'outputs'} in the base and {has} in the adapter"
            )
    return None


def _look_at_hub(spec: ModelSpec) -> LookedAt:
    ref = spec.ref
    folder = from_hub(ref, spec.revision, SMALL)
    _refuse_adapter(ref, folder)
    config = read_json(ref, folder / "config.json")
    try:
        weights = weight_files(ref, folder)
    except UnsafeModel:
        raise
    except ModelUnavailable:
        return _weights_at_hub(ref, folder, config)
    return _here(ref, folder, config, weights, is_hub=True)


def _refuse_adapter(ref: str, folder: Path) -> None:
    if (folder / CONFIG_FILE).is_file() and not (folder / "config.json").is_file():
        base = read_json(ref, folder / CONFIG_FILE).get("base_model_name_or_path")
        raise ModelUnavailable(f"{ref}: an adapter and no whole model; name its base ({base}) and put it over that")


def _weights_at_hub(ref: str, folder: Path, config: Mapping[str, Any]) -> LookedAt:
    """Read the headers of weights that are not downloaded; when the hub is silent, their number stays unknown."""
    commit = commit_of(folder)
    try:
        found = HfApi().get_safetensors_metadata(ref, revision=commit)
    except NotASafetensorsRepoError as error:
        names = _names_at_hub(ref, commit)
        pickled = next((name for name in names if name.endswith((".bin", ".pt", ".pth"))), None)
        if pickled:
            raise UnsafeModel(
                f"{ref}: only pickled weights ({pickled}), which can run code; Tare loads safetensors only: convert "
                "the model or choose another"
            ) from error
        raise ModelUnavailable(f"{ref}: the hub holds no model.safetensors for it; choose another model") from error
    except _HUB_ERRORS as error:
        log.warning("%s: the sizes of its weights cannot be read (%s)", ref, _line(error))
        return LookedAt(ref, folder, config, None, is_hub=True)
    tensors = {name: tensor for file in found.files_metadata.values() for name, tensor in file.tensors.items()}
    size = sum(tensor.data_offsets[1] - tensor.data_offsets[0] for tensor in tensors.values())
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return LookedAt(ref, folder, config, sum(found.parameter_count.values()), shapes, size, is_hub=True)


def _names_at_hub(ref: str, commit: str | None) -> list[str]:
    try:
        return sorted(HfApi().list_repo_files(ref, revision=commit))
    except _HUB_ERRORS:
        return []


def _here(ref: str, folder: Path, config: Mapping[str, Any], weights: tuple[Path, ...], *, is_hub: bool) -> LookedAt:
    count = sum(count_parameters(ref, path) for path in weights)  # and each is whole
    tensors = {name: tensor for path in weights for name, tensor in _tensors(path).items()}
    return LookedAt(ref, folder, config, count, {n: tuple(t.shape) for n, t in tensors.items()}, is_hub=is_hub)


def _tensors(path: Path) -> Mapping[str, Any]:
    try:
        return parse_local_safetensors_file_metadata(path).tensors
    except (SafetensorsParsingError, OSError):
        return {}  # count_parameters has taken the header; shapes only help


def _card_from_hub(looked: LookedAt) -> Path | None:
    try:
        return Path(hf_hub_download(looked.ref, CARD, revision=commit_of(looked.folder)))
    except _HUB_ERRORS as error:
        log.info("%s: no card (%s)", looked.ref, _line(error))
        return None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
