"""One side of a pair looked at: files or server, kind, tokenizer, what it takes; every failure noted as one line.

Goes on after a failure with whatever does not rest on it, so that a person sees all there is to mend. Loads config and
tokenizer, never weights. What concerns both sides together is pair_check.py's part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scoring.checkpoint_dtype import dtype_in
from scoring.errors import ModelUnavailable, TemplateProblem
from scoring.memory import needed_bytes
from scoring.model_files import from_hub, local_folder, read_json
from scoring.models import adapter_tokenizer, choose_dtype, context_limit, load_tokenizer
from scoring.pair_check.facts import Finding, Kind, Severity, Side, SideFacts, size_text
from scoring.pair_check.files import SMALL, LookedAt, adapter_files, licence_of, look_at_adapter, look_at_model, misfit
from scoring.pair_check.kind import architecture_of, likely_engine, read_config, reads_images, why_not_causal
from scoring.pairs import DType, ModelSpec
from scoring.rendering import ChatWriter
from scoring.server.model import DTYPE as SERVED_DTYPE
from scoring.server.model import open_served
from scoring.server.settings import settings_from_environment

# Somebody waits at a screen: a server that does not answer is told soon, and nothing is lost yet.
PATIENCE_S = 20.0


@dataclass(eq=False)
class SeenSide:
    """A side as far as it could be seen.

    parts: parameters by what must stand in memory, a base and an adapter apart; each key says its dtype.
    """

    side: Side
    spec: ModelSpec
    device: str
    problems: list[Finding] = field(default_factory=list)
    base: LookedAt | None = None
    adapter: LookedAt | None = None
    config: Any = None
    tokenizer: Any = None
    dtype: str | None = None
    context: int | None = None
    licence: str | None = None
    parts: dict[ModelSpec, int] | None = None

    def note(self, severity: Severity, line: str) -> None:
        self.problems.append(Finding(severity, self.side, line))

    @contextmanager
    def noting(self) -> Iterator[None]:
        """What cannot be had stops the pair, not the check."""
        try:
            yield
        except (ModelUnavailable, TemplateProblem) as problem:
            self.note("stops", str(problem))

    def facts(self) -> SideFacts:
        looked = [each for each in (self.base, self.adapter) if each is not None]
        return SideFacts(
            side=self.side,
            label=self.spec.label,
            kind=self._kind(),
            place=self._place(),
            architecture=None if self.config is None else _architecture(self.config),
            is_causal=None if self.config is None else why_not_causal(self.config) is None,
            parameters=sum(self.parts.values()) if self.parts else None,
            to_download_bytes=sum(each.to_download for each in looked),
            dtype=self.dtype,
            needed_bytes=None if self.parts is None else bytes_of(self.parts),
            context=self.context,
            vocabulary=None if self.tokenizer is None else len(self.tokenizer),
            rows=None if self.config is None else getattr(self.config.get_text_config(), "vocab_size", None),
            has_template=None if self.tokenizer is None else bool(getattr(self.tokenizer, "chat_template", None)),
            has_system_role=has_system_role(self.tokenizer),
            licence=self.licence,
            engine=self._engine(),
        )

    def _kind(self) -> Kind:
        if self.spec.url is not None:
            return "server"
        if self.spec.adapter is not None:
            return "adapter"
        if self.base is not None:
            return "hub" if self.base.is_hub else "folder"
        try:
            return "hub" if local_folder(self.spec.ref) is None else "folder"
        except ModelUnavailable:
            return "folder"

    def _place(self) -> str | None:
        if self.spec.url is not None:
            return self.spec.url
        looked = self.adapter or self.base
        if looked is None:
            return None
        return str(looked.folder) if not looked.is_hub else "the hub" if looked.to_download else "the hub, downloaded"

    def _engine(self) -> str | None:
        if self.spec.url is not None:
            return "server"
        if self.config is None or why_not_causal(self.config) is not None:
            return None
        return likely_engine(self.config, None if self.adapter is None else self.adapter.config)


def see_side(side: Side, spec: ModelSpec, *, device: str) -> SeenSide:
    """Everything that one model's small files or its server say."""
    seen = SeenSide(side, spec, device)
    if spec.url is not None:
        _see_server(seen)
    else:
        _see_files(seen)
    if seen.config is not None:
        _see_kind(seen)
    return seen


def bytes_of(parts: Mapping[ModelSpec, int]) -> int:
    """To have free for these weights and the work."""
    return sum(needed_bytes(count, part.dtype) for part, count in parts.items())


def has_system_role(tokenizer: Any) -> bool | None:
    """Whether its own template writes a system message; None without a tokenizer or a template."""
    if tokenizer is None:
        return None
    try:
        return ChatWriter(tokenizer).has_system_role
    except TemplateProblem:
        return None


def _see_files(seen: SeenSide) -> None:
    spec = seen.spec
    with seen.noting():
        seen.base = look_at_model(replace(spec, adapter=None, adapter_revision=None))
    base = seen.base
    if base is None:
        return
    with seen.noting():
        seen.config = read_config(spec.ref, base.folder, base.config)
    if seen.config is not None:  # which transformers reads for a tokenizer too
        with seen.noting():
            seen.tokenizer = load_tokenizer(spec.ref, base.folder)
    if spec.adapter is not None:
        _see_adapter(seen, base)
    if seen.config is not None and seen.tokenizer is not None:
        seen.context = context_limit(seen.config, seen.tokenizer)
    seen.licence = _licences(licence_of(base), None if seen.adapter is None else licence_of(seen.adapter))
    _see_memory(seen, base)


def _licences(base: str | None, adapter: str | None) -> str | None:
    """Both count for an adapter over a base: what one says does not free of the other."""
    if adapter is None or adapter == base:
        return base
    return f"{adapter} (adapter), {base or 'not stated'} (base)"


def _see_adapter(seen: SeenSide, base: LookedAt) -> None:
    with seen.noting():
        seen.adapter = look_at_adapter(seen.spec)
    if seen.adapter is None:
        return
    wrong = misfit(seen.adapter, base)
    if wrong is not None:
        seen.note("stops", f"{seen.adapter.ref}: {wrong}; name the base that it was trained over")
    named = str(seen.adapter.config.get("base_model_name_or_path") or "")
    if named and Path(named).name.lower() != Path(seen.spec.ref).name.lower():
        line = f"its config says it was trained over {named!r}, and the pair names {seen.spec.ref!r}"
        seen.note("warns", f"{seen.adapter.ref}: {line}; see that they are the same weights")
    if seen.tokenizer is not None:
        with seen.noting():
            seen.tokenizer = adapter_tokenizer(adapter_files(seen.adapter), lambda: seen.tokenizer)


def _see_memory(seen: SeenSide, base: LookedAt) -> None:
    spec = seen.spec
    dtype: DType = choose_dtype(spec.dtype, seen.device)
    if spec.dtype == "auto" and seen.device.startswith("cuda"):
        dtype = dtype_in(base.config) or dtype
    seen.dtype = dtype
    key = replace(spec, dtype=dtype)
    over = {key: seen.adapter} if spec.adapter is not None else {}
    looked = {replace(key, adapter=None, adapter_revision=None): base} | over
    if all(each is not None and each.parameters is not None for each in looked.values()):
        seen.parts = {part: each.parameters or 0 for part, each in looked.items() if each}
    for each in looked.values():
        if each is not None and each.to_download:
            seen.note("warns", f"{each.ref}: not downloaded yet; the first run fetches {size_text(each.to_download)}")
        elif each is not None and each.parameters is None:
            seen.note("warns", f"{each.ref}: not downloaded yet, and the hub does not say how large it is")


def _see_server(seen: SeenSide) -> None:
    """The tokenizer's files first, so that they are told although the server is down."""
    spec = seen.spec
    seen.dtype, seen.parts = SERVED_DTYPE, {}
    with seen.noting():
        folder = local_folder(spec.ref) or from_hub(spec.ref, None, SMALL)
        seen.tokenizer = load_tokenizer(spec.ref, folder)
        if (folder / "config.json").is_file():
            seen.config = read_config(spec.ref, folder, read_json(spec.ref, folder / "config.json"))
    if seen.tokenizer is None:
        return
    with seen.noting():
        usual = settings_from_environment()
        quick = replace(usual, tries=1, timeout_s=min(usual.timeout_s, PATIENCE_S))
        seen.context = open_served(spec, settings=quick).engine.context_limit


def _see_kind(seen: SeenSide) -> None:
    wrong = why_not_causal(seen.config)
    architecture = architecture_of(seen.config)
    if wrong is not None:
        way_out = "Tare weighs with causal language models only: choose one"
        seen.note("stops", f"{seen.spec.ref}: {architecture} is {wrong}; {way_out}")
        return
    if reads_images(seen.config):
        seen.note("warns", f"{seen.spec.ref}: {architecture} reads more than text; only its text part is used")
    rows = getattr(seen.config.get_text_config(), "vocab_size", None)
    if seen.tokenizer is not None and isinstance(rows, int) and len(seen.tokenizer) > rows:
        seen.note(
            "warns",
            f"{seen.spec.ref}: its tokenizer has {len(seen.tokenizer):,} tokens and the model knows {rows:,}; a text "
            "with one of the others is refused: use the tokenizer that belongs to it",
        )


def _architecture(config: Any) -> str:
    architecture = architecture_of(config)
    return architecture if architecture == config.model_type else f"{architecture} ({config.model_type})"
