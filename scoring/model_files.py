"""A model's files before anything is loaded: found, safe, whole, their parameters counted, their fingerprint taken.

safetensors only: pickled weights can run code. Reads config and weight headers; builds no model (models.py).
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.errors import ModelUnavailable, UnsafeModel
from scoring.pairs import PROJECT_ROOT, ModelSpec

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# Everything a causal model and its tokenizer need, and no pickles, originals or exports.
_WANTED = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
_UNWANTED = ("original/*", "onnx/*", "openvino/*", "gguf/*", "*/*.safetensors")
_MAX_HEADER = 100_000_000  # bytes, the limit of the safetensors format itself


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where a model lies. commit: the hub's, when the files come from its cache."""

    ref: str
    folder: Path
    weights: tuple[Path, ...]
    commit: str | None
    config: Mapping[str, Any]
    parameters: int


def find_model(spec: ModelSpec) -> ModelFiles:
    """The files of a local folder, or of a hub model (downloaded when they are not in its cache yet).

    Raises ModelUnavailable or UnsafeModel with one line: which model, which file, why, what to do.
    """
    folder = local_folder(spec.ref) or from_hub(spec.ref, spec.revision)
    config = read_json(spec.ref, folder / "config.json")
    weights = weight_files(spec.ref, folder)
    count = sum(count_parameters(spec.ref, path) for path in weights)
    return ModelFiles(spec.ref, folder, weights, commit_of(folder), config, count)


def local_folder(ref: str) -> Path | None:
    """The folder a ref names: absolute, in Tare's own folder, or where Tare was started; None for a hub id.

    Raises ModelUnavailable when it can only be a folder and there is none.
    """
    path = Path(ref).expanduser()
    places = [path] if path.is_absolute() else [PROJECT_ROOT / path, Path.cwd() / path]
    found = next((place for place in places if place.is_dir()), None)
    if found is None and (ref.startswith(("demo/", ".")) or not _HUB_ID.fullmatch(ref)):
        looked = " or ".join(str(place) for place in places)
        raise ModelUnavailable(f"{ref}: there is no folder {looked}; correct the pair, or give a hub id (owner/name)")
    return found


def commit_of(folder: Path) -> str | None:
    """The hub's commit that a folder of its cache stands for; None for any other folder."""
    return folder.name if folder.parent.name == "snapshots" and _COMMIT.fullmatch(folder.name) else None


def fingerprint(files: ModelFiles, dtype: str) -> str:
    """sha256 (hex) over config, weights and compute dtype; the same on every device.

    A hub model is identified by its resolved commit, a local one by the content of its files (hashed once, see
    `file_sha256`).
    """
    digest = hashlib.sha256(f"tare-model-1\0{dtype}\0".encode())
    if files.commit is not None:
        digest.update(f"hub\0{files.ref}\0{files.commit}".encode())
        return digest.hexdigest()
    for path in (files.folder / "config.json", *files.weights):
        digest.update(f"{path.name}\0{file_sha256(path)}\0".encode())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """sha256 of a file, remembered by path, size and modification time so that 14 GB are read once, not each start.

    Remembered in `fingerprints.json` of the cache folder (TARE_CACHE_DIR, else ~/.cache/tare); losing that file only
    costs the time to hash again.
    """
    status = path.stat()
    key = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
    cache = _cache_folder() / "fingerprints.json"
    known = _read_hashes(cache)
    if key not in known:
        with path.open("rb") as file:
            known[key] = hashlib.file_digest(file, "sha256").hexdigest()
        _write_hashes(cache, known)
    return known[key]


def _cache_folder() -> Path:
    named = os.environ.get("TARE_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(named).expanduser() if named else Path(base).expanduser() / "tare"


def _read_hashes(cache: Path) -> dict[str, str]:
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_hashes(cache: Path, known: Mapping[str, str]) -> None:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        scratch = cache.with_suffix(f".{os.getpid()}.tmp")
        scratch.write_text(json.dumps(known, indent=1), encoding="utf-8")
        scratch.replace(cache)
    except OSError:
        return  # a read-only home: the next start hashes again


def from_hub(ref: str, revision: str | None, wanted: Sequence[str] = _WANTED) -> Path:
    """The folder of the hub's cache that holds a repository's files of the wanted names, downloaded if need be."""
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    what = ref + (f" at {revision}" if revision else "")
    try:
        folder = snapshot_download(ref, revision=revision, allow_patterns=list(wanted), ignore_patterns=list(_UNWANTED))
    except GatedRepoError as error:
        raise ModelUnavailable(
            f"{what}: gated on the hub; accept its licence at https://huggingface.co/{ref}, then `hf auth login`"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelUnavailable(f"{what}: the hub has no such revision; correct the pair") from error
    except RepositoryNotFoundError as error:
        raise ModelUnavailable(f"{what}: the hub has no such model, or it is private; correct it or log in") from error
    except LocalEntryNotFoundError as error:
        raise ModelUnavailable(
            f"{what}: not downloaded yet and the hub cannot be reached; go online once (`hf download {ref}`) or "
            "name a local folder"
        ) from error
    except HFValidationError as error:
        raise ModelUnavailable(f"{what}: no name that the hub has ({_one_line(error)}); correct the pair") from error
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        raise ModelUnavailable(f"{what}: the download failed ({_one_line(error)}); try again") from error
    return Path(folder)


def weight_files(ref: str, folder: Path) -> tuple[Path, ...]:
    """The safetensors files of a model's folder, all there. Raises ModelUnavailable, UnsafeModel (only pickles)."""
    index = folder / "model.safetensors.index.json"
    if (folder / "model.safetensors").is_file():
        return (folder / "model.safetensors",)
    if not index.is_file():
        pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern))
        if pickled:
            raise UnsafeModel(
                f"{ref}: only pickled weights ({pickled[0]}), which can run code; Tare loads safetensors only: "
                "convert the model or choose another"
            )
        raise ModelUnavailable(f"{ref}: model.safetensors is missing in {folder}; complete the files")
    shards = read_json(ref, index).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise ModelUnavailable(f"{ref}: {index.name} lists no weights; download the model again")
    names = sorted({str(name) for name in shards.values()})
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise UnsafeModel(
                f"{ref}: {index.name} names {name!r}; shards must be safetensors files of the same folder"
            )
        if not (folder / name).is_file():
            raise ModelUnavailable(f"{ref}: {name} is missing in {folder}; complete the files")
    return tuple(folder / name for name in names)


def count_parameters(ref: str, path: Path) -> int:
    """Parameters in one safetensors file, from its header; checks that the file is whole.

    Format: 8 bytes header length (little endian), JSON header, tensor data.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        raw = file.read(length) if length <= _MAX_HEADER else b""
    try:
        header = json.loads(raw)
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        end = 8 + length + max((entry["data_offsets"][1] for entry in tensors), default=0)
        count = sum(_product(entry["shape"]) for entry in tensors)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelUnavailable(
            f"{ref}: {path.name} is no safetensors file ({size} bytes; a Git LFS pointer?); download it again"
        ) from error
    if end != size:
        raise ModelUnavailable(f"{ref}: {path.name} has {size} bytes and should have {end}; download it again")
    return count


def _product(shape: list[int]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def read_json(ref: str, path: Path) -> dict[str, Any]:
    """A JSON object of the model's folder, or one line that names the file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{ref}: {path.name} is missing in {path.parent}; complete the files") from error
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{ref}: {path.name} cannot be read ({_one_line(error)}); download it again") from error
    if not isinstance(data, dict):
        raise ModelUnavailable(f"{ref}: {path.name} holds no JSON object; download it again")
    return data


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
