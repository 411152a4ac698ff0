"""Numeric noise of a run's models: measured once per model, engine and kind of device, kept, and put to use.

Costs at most 16 responses a model, the first time it is used; runs after that, also ones that find everything in the
cache, read what was measured. Changes no number of any run. Leaves out the arithmetic (scoring/noise.py).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from db.queries_noise import keep_noise, noise_of
from db.tables import utc_now
from scoring.errors import ScoringError
from scoring.noise import Noise, margin_noise, measure, pick_sample
from scoring.protocol import LogprobRequest, OpenModel
from scoring.ratio import RankBy
from services.weighing.logprob_cache import read

log = logging.getLogger(__name__)


def known_noise(sessions: sessionmaker[Session], model: OpenModel) -> Noise | None:
    """What was measured of this model before, None when nothing was."""
    with sessions() as session:
        row = noise_of(session, model.engine.fingerprint, engine=model.engine.name, device=_kind(model))
    return None if row is None else Noise(row.n, row.max_sum, row.rms_sum, row.max_mean, row.rms_mean)


def see_to_noise(sessions: sessionmaker[Session], model: OpenModel, requests: Sequence[LogprobRequest]) -> Noise | None:
    """The model's noise: as measured before, or measured now on some of the requests, which the cache must hold.

    A measurement on fewer responses than there are now is made again. None when there is nothing to measure on, or
    when it failed: a run does not end because of it.
    """
    unique = list({request.content_key(): request for request in requests}.values())
    sample = [unique[index] for index in pick_sample(unique)]
    before = known_noise(sessions, model)
    if not sample or (before is not None and before.n >= len(sample)):
        return before
    cached = read(sessions, model.engine.fingerprint, [request.content_key() for request in sample])
    try:
        found = measure(model.engine, sample, [cached[request.content_key()] for request in sample])
    except ScoringError as error:
        log.warning("the numeric noise of %s was not measured: %s", model.ref, error)
        return before
    row = asdict(found) | {
        "fingerprint": model.engine.fingerprint,
        "engine": model.engine.name,
        "device": _kind(model),
        "dtype": model.dtype,
        "measured_at": utc_now(),
    }
    with sessions.begin() as session:
        keep_noise(session, row)
    return found


def margin_noise_of(models: Mapping[str, Any], *, rank_by: RankBy) -> float | None:
    """A run's noise from the models of its configuration; None until both are measured."""
    found = [_stored(models.get(side)) for side in ("strong", "weak")]
    if found[0] is None or found[1] is None:
        return None
    return margin_noise(found[0], found[1], rank_by=rank_by)


def within(margin: float | None, noise_margin: float | None) -> bool:
    """Whether a margin says nothing. A tie of equal texts (margin 0) is exact; noise not measured drowns nothing."""
    return margin is not None and noise_margin is not None and 0 < margin < noise_margin


def _stored(description: Any) -> Noise | None:
    known = description.get("noise") if isinstance(description, Mapping) else None
    if not isinstance(known, Mapping):
        return None
    return Noise(**{field.name: known[field.name] for field in fields(Noise)})


def _kind(model: OpenModel) -> str:
    """cuda of cuda:1: two devices of a kind compute alike."""
    return model.device.split(":")[0][:20]
