"""Which weights a run's models had, by fingerprint: a model that was trained on since is another model.

A folder keeps its name when it is written anew. Opens no model: fingerprints stand in the runs' configurations, and
those of a folder are hashed once (scoring/model_files.py). Leaves out hub models, whose revision says it, adapters and
servers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from scoring.errors import ModelUnavailable
from scoring.model_files import find_model, fingerprint, local_folder
from scoring.pairs import ModelSpec

ModelKey = str
WeightsKey = tuple[ModelKey, str]  # a model and the dtype it computed in


def model_key(spec: ModelSpec | Mapping[str, Any]) -> ModelKey:
    """What tells two models apart, as runs keep it: what is not used is left out."""
    known = asdict(spec) if isinstance(spec, ModelSpec) else dict(spec)
    return json.dumps({name: value for name, value in known.items() if value is not None}, sort_keys=True)


def weights_now(
    configurations: Sequence[Mapping[str, Any]], folders: Collection[ModelSpec] = ()
) -> dict[WeightsKey, str]:
    """The fingerprint of each model of these runs in each dtype: what the first run to name it says.

    configurations: of runs, the newest first.
    folders: models whose files are looked at instead, where they lie in a folder here.
    """
    here = {model_key(spec): spec for spec in folders}
    found: dict[WeightsKey, str] = {}
    for key, told in (known for one in configurations for known in _weights(one).items()):
        if key not in found:
            found[key] = (_in_folder(here[key[0]], key[1]) if key[0] in here else None) or told
    return found


def is_of_weights(configuration: Mapping[str, Any], now: Mapping[WeightsKey, str]) -> bool:
    """Whether a run was weighed with these weights, as far as it says."""
    return all(now.get(key, told) == told for key, told in _weights(configuration).items())


def _in_folder(spec: ModelSpec, dtype: str) -> str | None:
    if spec.url is not None or spec.adapter is not None:
        return None
    try:
        return None if local_folder(spec.ref) is None else fingerprint(find_model(spec), dtype)
    except (ModelUnavailable, OSError):
        return None  # opening it gives the clear line


def _weights(configuration: Mapping[str, Any]) -> dict[WeightsKey, str]:
    """What a run says of its models; nothing of one that it has not opened, or that an older version told less of."""
    models = configuration.get("models", {})
    return {
        (model_key(configuration["pair"][side]), models[side]["dtype"]): models[side]["fingerprint"]
        for side in ("strong", "weak")
        if models.get(side, {}).keys() >= {"dtype", "fingerprint"}
    }
