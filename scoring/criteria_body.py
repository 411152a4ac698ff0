"""What criteria are made of: for each domain an instruction and exemplars, identified by the sha256 of canonical JSON.

Leaves out the sets that come with Tare (criteria.py) and how they reach a model (conditioning.py).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SIDES = ("prompt", "good", "bad")  # of an exemplar: none may be empty


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One worked case: a prompt, the response that is right for it, one that is not, and why.

    Raises ValueError when prompt, good or bad has no text, or good and bad are the same.
    """

    prompt: str
    good: str
    bad: str
    explanation: str = ""

    def __post_init__(self) -> None:
        missing = [side for side in SIDES if not getattr(self, side).strip()]
        if missing:
            raise ValueError(f"an exemplar has no {missing[0]} text; it needs a prompt, a good and a bad response")
        if self.good.strip() == self.bad.strip():
            raise ValueError("an exemplar's good and bad response are the same text; they must differ")

    @property
    def sha256(self) -> str:
        """Hex digest of its four texts: the same exemplar in any criteria."""
        return hashlib.sha256(_canonical(asdict(self)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DomainCriteria:
    """The criteria of one domain; "" and no exemplars mean none at all."""

    instruction: str = ""
    exemplars: tuple[Exemplar, ...] = ()


@dataclass(frozen=True, slots=True, init=False)
class CriteriaBody:
    """Criteria for every domain: `default`, unless `domains` has an entry for it. A bare text is an instruction.

    >>> CriteriaBody("Be kind.", {"safety": "Be careful."}).entry_for("safety").instruction
    'Be careful.'
    """

    default: DomainCriteria
    domains: tuple[tuple[str, DomainCriteria], ...] = field(default=())

    def __init__(
        self,
        default: str | DomainCriteria,
        domains: Mapping[str, str | DomainCriteria] | Iterable[tuple[str, str | DomainCriteria]] = (),
    ) -> None:
        pairs = domains.items() if isinstance(domains, Mapping) else domains
        by_name = sorted(((name, _as_entry(entry)) for name, entry in pairs), key=lambda pair: pair[0])
        object.__setattr__(self, "default", _as_entry(default))
        object.__setattr__(self, "domains", tuple(by_name))
        names = [name for name, _ in self.domains]
        if len(set(names)) != len(names):
            raise ValueError(f"the domains {names} name one twice; give each domain one entry")
        if any(not name.strip() for name in names):
            raise ValueError("a domain has no name; give it one, or put its text under default")

    def entry_for(self, domain: str | None) -> DomainCriteria:
        """What conditions an item of this domain."""
        return dict(self.domains).get(domain, self.default) if domain is not None else self.default

    def instruction_for(self, domain: str | None) -> str:
        """The instruction alone; "" means none."""
        return self.entry_for(domain).instruction

    @property
    def n_exemplars(self) -> int:
        """Over all domains."""
        return sum(len(entry.exemplars) for entry in (self.default, *(entry for _, entry in self.domains)))

    def to_json(self) -> str:
        """Canonical JSON: the same body always gives the same text."""
        domains = {name: asdict(entry) for name, entry in self.domains}
        return _canonical({"default": asdict(self.default), "domains": domains})

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
        read = {name: _read_entry(f"domain {name!r}", entry) for name, entry in domains.items()}
        return cls(_read_entry("default", body["default"]), read)

    @property
    def sha256(self) -> str:
        """Hex digest of the canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _as_entry(entry: str | DomainCriteria) -> DomainCriteria:
    return DomainCriteria(entry) if isinstance(entry, str) else entry


def _read_entry(where: str, entry: Any) -> DomainCriteria:
    if not isinstance(entry, dict) or not isinstance(entry.get("instruction"), str):
        raise ValueError(f"{where} is {entry!r}; it must be an object with an instruction text")
    if set(entry) - {"instruction", "exemplars"}:
        raise ValueError(f"{where} has the keys {sorted(entry)}; only instruction and exemplars are known")
    exemplars = entry.get("exemplars", [])
    if not isinstance(exemplars, list):
        raise ValueError(f"{where} has exemplars that are no list; give a list of objects with prompt, good and bad")
    read = tuple(_read_exemplar(f"{where}, exemplar {n}", one) for n, one in enumerate(exemplars, start=1))
    return DomainCriteria(entry["instruction"], read)


def _read_exemplar(where: str, found: Any) -> Exemplar:
    keys = (*SIDES, "explanation")
    if not isinstance(found, dict) or set(found) - set(keys) or not all(isinstance(v, str) for v in found.values()):
        raise ValueError(f"{where} must be an object of texts with the keys {', '.join(keys)} and no other")
    missing = [side for side in SIDES if not found.get(side, "").strip()]
    if missing:
        raise ValueError(f"{where} has no {missing[0]} text; it needs a prompt, a good and a bad response")
    try:
        return Exemplar(**found)
    except ValueError as problem:
        raise ValueError(f"{where}: {problem}") from None
