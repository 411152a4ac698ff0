"""A model at an OpenAI-compatible server as an `OpenModel`: its tokenizer from local files, everything else over HTTP.

Loads no weights and holds no memory. What it is called by is a fingerprint over what the user says of it, for the
weights behind a server's name cannot be read; services/weighing/served_weights.py watches that they stay the same.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scoring.errors import ModelUnavailable
from scoring.model_files import file_sha256, from_hub, local_folder, read_json
from scoring.models import ABSURD_LENGTH, CONTEXT_NAMES, load_tokenizer
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest
from scoring.server.answers import Vocabulary
from scoring.server.engine import ServerEngine, turns_at
from scoring.server.handshake import Handshake, shake_hands
from scoring.server.http import ServerTrouble, session
from scoring.server.sampling import ServerSampler
from scoring.server.settings import ServerSettings, checked_url, settings_from_environment
from scoring.server.thread import result_of

DTYPE = "as served"
# Weighed when a model is opened and before each chunk of a run; long enough that other weights show.
PROBE_TEXT = (
    "Weigh this: three apples, two pears and a pot of green tea cost 12.50 at the corner shop, said the keeper; why is "
    "the sky blue, and how many days has a leap year?"
)
PROBE_TOKENS = 64
# All that a tokenizer reads, and config.json for its limit; no weights.
_WANTED = ("tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.jinja", "*.model")
_HASHED = (
    "added_tokens.json", "chat_template.jinja", "merges.txt", "special_tokens_map.json", "spiece.model",
    "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ServedModel:
    """An `OpenModel` without weights here. ref: the server's name for it; device: "server:HOST:PORT"."""

    ref: str
    engine: ServerEngine
    tokenizer: Any
    sampler: ServerSampler
    device: str
    dtype: str = DTYPE
    memory_bytes: int = 0


def open_served(spec: ModelSpec, *, settings: ServerSettings | None = None) -> ServedModel:
    """Read the tokenizer and talk to the server once. Raises ModelUnavailable in one line."""
    served_as, url = spec.served_as or spec.ref, _checked(spec)
    settings = settings or settings_from_environment()
    folder = local_folder(spec.ref) or from_hub(spec.ref, None, (*_WANTED, "config.json"))
    files = tokenizer_sha256(spec.ref, folder)
    tokenizer = _tokenizer(spec.ref, folder, files)
    probe = probe_request(tokenizer)

    vocabulary = Vocabulary(len(tokenizer), lambda token_id: str(tokenizer.decode([token_id])))

    async def meet() -> Handshake:
        # Somebody may be waiting for the model to open, and nothing is lost yet: few tries.
        async with session(url, replace(settings, tries=min(settings.tries, 3)), turns_at(url)) as open_session:
            return await shake_hands(open_session, served_as, probe, vocabulary)

    try:
        handshake = result_of(meet)
    except ServerTrouble as trouble:
        raise ModelUnavailable(f"{served_as} at {url}: the server {trouble.fact}; {trouble.way_out}") from trouble
    engine = ServerEngine(
        url,
        served_as,
        fingerprint=fingerprint(served_as, spec.revision, files),
        context_limit=_limit(spec.ref, handshake, folder, tokenizer),
        handshake=handshake,
        probe=probe,
        vocabulary=vocabulary,
        settings=settings,
    )
    names_ids = handshake.dialect.names_ids
    sampler = ServerSampler(engine, tokenizer, url=url, served_as=served_as, names_ids=names_ids, settings=settings)
    return ServedModel(served_as, engine, tokenizer, sampler, device=f"server:{urlsplit(url).netloc}")


def fingerprint(served_as: str, revision: str | None, tokenizer_hash: str) -> str:
    """sha256 (hex) over the server's name for the model, the user's word for its weights, and the tokenizer's files.

    The address is no part of it: the same model may move to another machine.
    """
    known = ("tare-model-1", "server", served_as, revision or "", tokenizer_hash)
    return hashlib.sha256("\0".join(known).encode()).hexdigest()


def tokenizer_sha256(ref: str, folder: Path) -> str:
    """sha256 (hex) over the names and contents of a tokenizer's files. Raises ModelUnavailable when there is none."""
    there = [folder / name for name in _HASHED if (folder / name).is_file()]
    if not there:
        raise ModelUnavailable(f"{ref}: no tokenizer file in {folder}; name the folder or hub id of its tokenizer")
    digest = hashlib.sha256()
    for path in there:
        digest.update(f"{path.name}\0{file_sha256(path)}\0".encode())
    return digest.hexdigest()


def probe_request(tokenizer: Any) -> LogprobRequest:
    """The fixed text, from its second token on; BOS first where the model has one."""
    start: Sequence[int] = () if tokenizer.bos_token_id is None else (tokenizer.bos_token_id,)
    ids = (*start, *tokenizer(PROBE_TEXT, add_special_tokens=False)["input_ids"])[:PROBE_TOKENS]
    return LogprobRequest(ids, (False, *[True] * (len(ids) - 1)))


@functools.lru_cache(maxsize=8)
def _tokenizer(ref: str, folder: Path, _sha256: str) -> Any:
    """Kept although the model is not: it takes a second to read, and encoders are remembered beside it."""
    return load_tokenizer(ref, folder)


def _checked(spec: ModelSpec) -> str:
    name = spec.served_as or spec.ref
    if spec.adapter is not None:
        raise ModelUnavailable(
            f"{name}: an adapter over a served model; let the server load it (vLLM: --lora-modules) and give its name "
            "there as served_as"
        )
    if spec.dtype != "auto":
        raise ModelUnavailable(
            f"{name}: dtype {spec.dtype!r} is asked for, and a server computes in the one it was started with; choose "
            "auto, and start the server with it"
        )
    try:
        return checked_url(spec.url or "")
    except ValueError as problem:
        raise ModelUnavailable(f"{name}: {problem}") from None


def _limit(ref: str, handshake: Handshake, folder: Path, tokenizer: Any) -> int:
    """Tokens of one text. A server writes at least one more, inside: vLLM takes one less than its max_model_len."""
    if handshake.max_model_len is not None:
        return handshake.max_model_len - 1
    config = read_json(ref, folder / "config.json") if (folder / "config.json").is_file() else {}
    settings = {**config, **(config.get("text_config") or {})}
    named = [settings[name] for name in CONTEXT_NAMES if isinstance(settings.get(name), int) and settings[name] > 0]
    limit = named[0] if named else int(tokenizer.model_max_length)
    if limit > ABSURD_LENGTH:
        raise ModelUnavailable(
            f"{ref}: neither the server (max_model_len) nor the tokenizer's files say how long a text may be; put the "
            "model's config.json beside the tokenizer"
        )
    return limit - 1
