"""The criteria that come with Tare by name: the general sets, and those of the demo pair, read from demo/criteria.toml.

Leaves out the general sets' texts (criteria_sets.py), what criteria are made of (criteria_body.py) and how a model
reads them (conditioning.py).
"""

import tomllib
from pathlib import Path
from typing import Any

from scoring.criteria_body import CriteriaBody, DomainCriteria, Exemplar
from scoring.criteria_sets import GENERAL, HELPFUL, NONE, BuiltinCriteria
from scoring.errors import BadCatalogue

__all__ = [
    "GENERAL", "HELPFUL", "NONE", "BuiltinCriteria", "CriteriaBody", "DomainCriteria", "Exemplar", "builtin_criteria",
]  # fmt: skip

DEMO_FILE = Path(__file__).resolve().parent.parent / "demo" / "criteria.toml"


def builtin_criteria(demo_file: Path = DEMO_FILE) -> dict[str, BuiltinCriteria]:
    """Built-in criteria by name: the general sets, then those of the demo pair.

    Raises BadCatalogue with one line for each bad entry of the file, or when it cannot be read.
    """
    found = [*GENERAL, *_read_demo(demo_file)]
    return {criteria.name: criteria for criteria in found}


def _read_demo(path: Path) -> list[BuiltinCriteria]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadCatalogue(f"{path}: cannot be read as TOML ({error}); restore it from the repository") from error
    found: list[BuiltinCriteria] = []
    problems = []
    for number, entry in enumerate(data.get("criteria", []), start=1):
        try:
            found.append(_read_entry(entry, {criteria.name for criteria in (*GENERAL, *found)}))
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
