"""Criteria: the text that conditions both models, one instruction by default and others by domain.

The body is stored as JSON and identified by the sha256 of its canonical form. Exemplars have their place in the
JSON, but rendering them is not built yet, so a body that has some is refused rather than half used.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scoring.errors import BadCatalogue

DEMO_FILE = Path(__file__).resolve().parent.parent / "demo" / "criteria.toml"


@dataclass(frozen=True, slots=True, init=False)
class CriteriaBody:
    """An instruction for every domain: `default`, unless `domains` (name, instruction) has one for it."""

    default: str
    domains: tuple[tuple[str, str], ...] = field(default=())

    def __init__(self, default: str, domains: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = domains.items() if isinstance(domains, Mapping) else domains
        object.__setattr__(self, "default", default)
        object.__setattr__(self, "domains", tuple(sorted((name, text) for name, text in pairs)))
        names = [name for name, _ in self.domains]
        if len(set(names)) != len(names):
            raise ValueError(f"the domains {names} name one twice; give each domain one instruction")

    def instruction_for(self, domain: str | None) -> str:
        """The instruction that conditions an item of this domain; "" means none."""
        return dict(self.domains).get(domain, self.default) if domain is not None else self.default

    def to_json(self) -> str:
        """Canonical JSON: the same body always gives the same text."""
        body = {"default": _entry(self.default), "domains": {name: _entry(text) for name, text in self.domains}}
        return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "CriteriaBody":
        """Read what `to_json` wrote, or the same by hand. Raises ValueError with one line on anything else."""
        try:
            body = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"criteria are not JSON ({error}); give an object with default and domains") from error
        if not isinstance(body, dict) or set(body) - {"default", "domains"} or "default" not in body:
            raise ValueError("criteria must be an object with the key default, domains beside it, and no other")
        domains = body.get("domains", {})
        if not isinstance(domains, dict):
            raise ValueError(f"domains is {domains!r}; it must map each domain to its instruction")
        read = {name: _instruction(f"domain {name!r}", entry) for name, entry in domains.items()}
        return cls(_instruction("default", body["default"]), read)

    @property
    def sha256(self) -> str:
        """Hex digest of the canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BuiltinCriteria:
    """Criteria that come with Tare."""

    name: str
    title: str
    body: CriteriaBody


NONE = BuiltinCriteria("none", "No criteria", CriteriaBody(""))

HELPFUL = BuiltinCriteria(
    "helpful",
    "Helpful, honest and safe",
    CriteriaBody(
        "You are a careful assistant. Do exactly what is asked, and nothing that was not asked. State only what is "
        "true, say so when you are not sure, and keep to the length that the question needs.",
        {
            "chat": "You are a friendly assistant. Answer the person's actual need in a warm and natural tone, clearly "
            "and without padding.",
            "reasoning": "You are a precise assistant. Work through the problem step by step, check every step, and "
            "give the correct final result.",
            "safety": "You are a responsible assistant. Decline to help with what could hurt people, say briefly why, "
            "and offer a safe alternative; help fully with everything that is harmless.",
        },
    ),
)


def builtin_criteria(demo_file: Path = DEMO_FILE) -> dict[str, BuiltinCriteria]:
    """Built-in criteria by name: `none`, `helpful`, then those of the demo pair.

    Raises BadCatalogue with one line for each bad entry of the file, or when it cannot be read.
    """
    found = [NONE, HELPFUL, *_read_demo(demo_file)]
    return {criteria.name: criteria for criteria in found}


def _entry(instruction: str) -> dict[str, Any]:
    return {"instruction": instruction, "exemplars": []}


def _instruction(where: str, entry: Any) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("instruction"), str):
        raise ValueError(f"{where} is {entry!r}; it must be an object with an instruction text")
    if set(entry) - {"instruction", "exemplars"}:
        raise ValueError(f"{where} has the keys {sorted(entry)}; only instruction and exemplars are known")
    exemplars = entry.get("exemplars", [])
    if exemplars != []:
        raise ValueError(f"{where} has exemplars; this version cannot render them yet, leave the list empty")
    return entry["instruction"]


def _read_demo(path: Path) -> list[BuiltinCriteria]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadCatalogue(f"{path}: cannot be read as TOML ({error}); restore it from the repository") from error
    found: list[BuiltinCriteria] = []
    problems = []
    for number, entry in enumerate(data.get("criteria", []), start=1):
        try:
            found.append(_read_entry(entry, {NONE.name, HELPFUL.name, *(criteria.name for criteria in found)}))
        except ValueError as problem:
            problems.append(f"{path}: criteria {number}: {problem}")
    if problems:
        raise BadCatalogue("\n".join(problems))
    return found


def _read_entry(entry: Any, taken: set[str]) -> BuiltinCriteria:
    if not isinstance(entry, dict):
        raise ValueError("an entry is a table; write it as [[criteria]]")
    name, title, default = entry.get("name"), entry.get("title"), entry.get("default")
    if not (isinstance(name, str) and isinstance(title, str) and isinstance(default, str) and name):
        raise ValueError("name, title and default must be texts, and the name not empty")
    if name in taken:
        raise ValueError(f"the name {name!r} is taken; choose another")
    domains = entry.get("domains", {})
    if not isinstance(domains, dict) or not all(isinstance(text, str) for text in domains.values()):
        raise ValueError(f"domains of {name!r} must map each domain to a text")
    return BuiltinCriteria(name, title, CriteriaBody(default, domains))
