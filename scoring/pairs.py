"""The catalogue of model pairs: scoring/pairs.toml, and a user's own file that adds to it or overrides by name.

Reads and checks TOML; loads no model (models.py) and measures no threshold (the demo's world.toml comes from its
evaluation).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from scoring.errors import BadCatalogue
from scoring.server.settings import checked_url
from scoring.world import WorldRule

DType = Literal["auto", "float32", "bfloat16", "float16"]
DTYPES = ("auto", "float32", "bfloat16", "float16")
PROJECT_ROOT = Path(__file__).resolve().parent.parent
BUILTIN_FILE = Path(__file__).with_name("pairs.toml")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model: a local folder or a hub id, at a revision (hub only; None: the default branch), in a dtype.

    adapter: a PEFT adapter, a folder or a hub id, over the model that `ref` names.
    url: an OpenAI-compatible server's base, such as "http://127.0.0.1:8000/v1"; `ref` then names the tokenizer's files
        and `revision` whatever tells two sets of weights apart. served_as: the server's name for the model (None: ref).
    """

    ref: str
    revision: str | None = None
    dtype: DType = "auto"
    adapter: str | None = None
    adapter_revision: str | None = None
    url: str | None = None
    served_as: str | None = None

    @property
    def label(self) -> str:
        """What people see: the model, and the adapter over it, or the server it stands at."""
        if self.url is not None:
            return f"{self.served_as or self.ref} at {self.url.rpartition('@')[2]}"
        return self.ref if self.adapter is None else f"{self.ref} + {self.adapter}"


@dataclass(frozen=True, slots=True)
class ModelPair:
    """One pair of the catalogue.

    template: "strong" renders both models' text with the strong one's chat template; "own" gives each its own.
    system_role: whether that template has one; None: found out by trying.
    world: when text is out of what the pair knows; None: never.
    criteria: "any" text, or "closed": only lines the pair was trained on.
    memory_gb: weights of both in bf16, 10^9 bytes; 0 for models that stand at servers.
    strong_performance, weak_performance: how good each model is, a number of the user's choice (a benchmark's, say) on
        one scale for all pairs; None: not given. They describe and are no part of what a run computes.
    """

    name: str
    title: str
    strong: ModelSpec
    weak: ModelSpec
    parameters: str
    context: int
    licence: str
    memory_gb: float
    template: Literal["strong", "own"] = "strong"
    system_role: bool | None = None
    world: WorldRule | None = None
    criteria: Literal["any", "closed"] = "any"
    notes: str = ""
    strong_performance: float | None = None
    weak_performance: float | None = None


def load_catalogue(user_file: Path | None = None) -> dict[str, ModelPair]:
    """All pairs by name, the built-in ones first, in the order of their files.

    Raises BadCatalogue with one line for each bad entry (file, entry, rule, way out), or when the file cannot be read.
    """
    pairs = _read_file(BUILTIN_FILE, PROJECT_ROOT)
    return pairs if user_file is None else pairs | load_file(user_file)


def load_file(path: Path) -> dict[str, ModelPair]:
    """The pairs of a user's file alone, by name. Raises BadCatalogue."""
    return _read_file(path, path.resolve().parent)


def _read_file(path: Path, base: Path) -> dict[str, ModelPair]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadCatalogue(f"{path}: cannot be read as TOML ({error}); see scoring/pairs.toml for the form") from error
    entries = data.get("pairs")
    if not isinstance(entries, list) or set(data) != {"pairs"}:
        raise BadCatalogue(
            f"{path}: holds {sorted(data) or 'nothing'}; it must hold [[pairs]] entries and nothing else"
        )
    pairs: dict[str, ModelPair] = {}
    problems = []
    for number, entry in enumerate(entries, start=1):
        try:
            pair = read_entry(entry, base)
            if pair.name in pairs:
                raise ValueError(f"the name {pair.name!r} is taken by an earlier entry; choose another")
            pairs[pair.name] = pair
        except ValueError as problem:
            label = entry.get("name", "without a name") if isinstance(entry, dict) else "not a table"
            problems.append(f"{path}: entry {number} ({label}): {problem}")
    if problems:
        raise BadCatalogue("\n".join(problems))
    return pairs


_TEXTS = ("name", "title", "strong", "weak", "parameters", "licence")
_MODEL_TEXTS = ("revision", "adapter", "adapter_revision", "url", "served_as")  # each for strong_ and weak_
_SIDE_TEXTS = tuple(f"{side}_{key}" for side in ("strong", "weak") for key in _MODEL_TEXTS)
_OPTIONAL_TEXTS = ("notes", "dtype", "template", "criteria", "world_file", *_SIDE_TEXTS)
_PERFORMANCES = ("strong_performance", "weak_performance")
_OTHERS = ("context", "memory_gb", "system_role", "world", *_PERFORMANCES)


def read_entry(entry: Any, base: Path) -> ModelPair:
    """One [[pairs]] table as a pair; ValueError says which rule it breaks and the way out.

    base: the folder that a world_file is relative to.
    """
    if not isinstance(entry, dict):
        raise ValueError("an entry is a table; write it as [[pairs]]")
    unknown = sorted(set(entry) - {*_TEXTS, *_OPTIONAL_TEXTS, *_OTHERS})
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; known are {', '.join([*_TEXTS, *_OPTIONAL_TEXTS, *_OTHERS])}")
    texts = {key: _text(entry, key) for key in _TEXTS}
    dtype = _choice(entry, "dtype", DTYPES)
    return ModelPair(
        name=texts["name"],
        title=texts["title"],
        strong=_model(entry, "strong", dtype),
        weak=_model(entry, "weak", dtype),
        parameters=texts["parameters"],
        context=int(_positive(entry, "context")),
        licence=texts["licence"],
        memory_gb=float(_positive(entry, "memory_gb", or_zero=_is_served(entry))),
        template=_choice(entry, "template", ("strong", "own")),
        system_role=_optional_bool(entry, "system_role"),
        world=_world(entry, base),
        criteria=_choice(entry, "criteria", ("any", "closed")),
        notes=_optional_text(entry, "notes") or "",
        strong_performance=_optional_number(entry, "strong_performance"),
        weak_performance=_optional_number(entry, "weak_performance"),
    )


def _model(entry: Mapping[str, Any], side: str, dtype: DType) -> ModelSpec:
    more = {key: _optional_text(entry, f"{side}_{key}") for key in _MODEL_TEXTS}
    if more["url"] is not None:
        try:
            more["url"] = checked_url(more["url"])
        except ValueError as problem:
            raise ValueError(f"{side}_url: {problem}") from None
    elif more["served_as"] is not None:
        raise ValueError(f"{side}_served_as names a model at a server; give {side}_url too")
    return ModelSpec(_text(entry, side), dtype=dtype, **more)


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is {value!r}; it must be a text that is not empty")
    return value


def _optional_text(entry: Mapping[str, Any], key: str) -> str | None:
    return _text(entry, key) if key in entry else None


def _optional_bool(entry: Mapping[str, Any], key: str) -> bool | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}; it must be true or false, or left out")
    return value


def _choice(entry: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> Any:
    value = entry.get(key, choices[0])
    if value not in choices:
        raise ValueError(f"{key} is {value!r}; it must be one of {', '.join(choices)}")
    return value


def _positive(entry: Mapping[str, Any], key: str, *, or_zero: bool = False) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} is {value!r}; it must be a number above 0")
    if not (0 < value < float("inf") or (or_zero and value == 0)):
        raise ValueError(f"{key} is {value!r}; it must be a number above 0")
    return value


def _optional_number(entry: Mapping[str, Any], key: str) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{key} is {value!r}; it must be a number, or left out")
    return float(value)


def _is_served(entry: Mapping[str, Any]) -> bool:
    """Both models stand at servers: nothing is loaded here."""
    return "strong_url" in entry and "weak_url" in entry


def _world(entry: Mapping[str, Any], base: Path) -> WorldRule | None:
    if "world" in entry:
        return world_rule(entry["world"])
    if "world_file" not in entry:
        return None
    path = base / _text(entry, "world_file")
    if not path.exists() and not (base / entry["strong"]).exists():
        return None  # nothing of this pair is here: opening its model gives the clear line
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"world_file {entry['world_file']!r} cannot be read ({error}); it must be TOML") from error
    return world_rule(data.get("world", data))


def world_rule(table: Any) -> WorldRule:
    """A world rule from a TOML table with model, prompt_min, response_min. Raises ValueError on anything else."""
    if not isinstance(table, dict) or table.get("model") not in ("weak", "strong"):
        raise ValueError("the world rule needs model = 'weak' or 'strong', the model its thresholds were measured on")
    limits = [table.get("prompt_min"), table.get("response_min")]
    if limits == [None, None]:
        raise ValueError("the world rule has no threshold; give prompt_min, response_min or both (nats per token)")
    if any(limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float)) for limit in limits):
        raise ValueError(f"prompt_min and response_min are {limits}; they must be numbers (nats per token)")
    return WorldRule(table["model"], *(limit if limit is None else float(limit) for limit in limits))
