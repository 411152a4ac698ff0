"""Model pairs for screens and runs: the catalogue listed, and a pair frozen into the database as a run used it.

Loads no model (scoring/room.py does) and imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.tables import ModelPairRow
from scoring.pairs import ModelPair, ModelSpec, load_catalogue, load_file
from scoring.world import WorldRule
from services.errors import NotFound

USER_FILE_VARIABLE = "TARE_PAIRS"


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair of the catalogue as a screen shows it."""

    name: str
    title: str
    strong: str  # folder or hub id, with its adapter or its server
    weak: str
    parameters: str
    context: int  # tokens
    licence: str
    memory_gb: float  # both models together
    is_closed: bool  # offers only its own list of criteria
    has_world: bool  # marks what lies outside its world
    notes: str
    is_own: bool  # from the user's own file, which may replace a built-in pair
    strong_performance: float | None  # as the user says, on a scale of their own
    weak_performance: float | None


def user_catalogue_file() -> Path | None:
    """The user's own catalogue: TARE_PAIRS, or pairs.toml in the working folder when there is one."""
    named = os.environ.get(USER_FILE_VARIABLE)
    if named:
        return Path(named)
    beside = Path("pairs.toml")
    return beside if beside.is_file() else None


def list_pairs() -> tuple[PairRow, ...]:
    """Every pair of the catalogue, the demo first, then as the files have them. Raises BadCatalogue."""
    own = own_pairs()
    pairs = load_catalogue() | own
    return tuple(_row(pair, is_own=pair.name in own) for pair in sorted(pairs.values(), key=_demo_first))


def own_pairs() -> dict[str, ModelPair]:
    """The pairs of the user's own file by name; empty where there is none. Raises BadCatalogue."""
    file = user_catalogue_file()
    return {} if file is None else load_file(file)


def catalogue() -> dict[str, ModelPair]:
    """The catalogue's pairs by name: the built-in ones and the user's own. Raises BadCatalogue."""
    return load_catalogue(user_catalogue_file())


def get_pair(name: str) -> ModelPair:
    """The catalogue's pair of that name; NotFound names what there is."""
    pairs = catalogue()
    if name not in pairs:
        raise NotFound(f"no model pair {name!r}; the catalogue has {', '.join(sorted(pairs))}")
    return pairs[name]


def spec_of(pair: ModelPair) -> dict[str, Any]:
    """The pair as plain JSON, as `model_pair.spec` and a run's configuration hold it.

    What a model does not use (adapter, url) is left out, so that a pair frozen before these were known stays the same.
    So is what changes no number (the performances), so that a run and its copy stay the same pair.
    """
    spec: dict[str, Any] = json.loads(json.dumps(asdict(pair)))
    for performance in ("strong_performance", "weak_performance"):
        del spec[performance]
    for side in ("strong", "weak"):
        spec[side] = {key: value for key, value in spec[side].items() if value is not None or key in ("revision",)}
    return spec


def pair_of(spec: dict[str, Any]) -> ModelPair:
    """The pair back from its JSON: what a run of last year used, whatever the catalogue says today."""
    known = dict(spec)
    known["strong"] = ModelSpec(**spec["strong"])
    known["weak"] = ModelSpec(**spec["weak"])
    known["world"] = None if spec.get("world") is None else WorldRule(**spec["world"])
    return ModelPair(**known)


def freeze_pair(session: Session, pair: ModelPair) -> int:
    """The `model_pair_id` of exactly this pair, written in the caller's transaction when it is new."""
    spec = spec_of(pair)
    sha256 = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
    wanted = select(ModelPairRow).where(ModelPairRow.name == pair.name, ModelPairRow.sha256 == sha256)
    found = session.scalar(wanted)
    if found is None:
        try:
            with session.begin_nested():
                session.add(ModelPairRow(name=pair.name, spec=spec, sha256=sha256))
        except IntegrityError:  # another process froze the same pair a moment ago
            pass
        found = session.scalars(wanted).one()
    return found.model_pair_id


def _demo_first(pair: ModelPair) -> bool:
    return pair.name != "demo"


def _row(pair: ModelPair, *, is_own: bool) -> PairRow:
    return PairRow(
        name=pair.name,
        title=pair.title,
        strong=pair.strong.label,
        weak=pair.weak.label,
        parameters=str(pair.parameters),
        context=pair.context,
        licence=pair.licence,
        memory_gb=pair.memory_gb,
        is_closed=pair.criteria == "closed",
        has_world=pair.world is not None,
        notes=pair.notes,
        is_own=is_own,
        strong_performance=pair.strong_performance,
        weak_performance=pair.weak_performance,
    )
