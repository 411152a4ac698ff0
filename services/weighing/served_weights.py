"""Whether the weights behind a server's name are still those that the cache holds numbers of.

A model at a server is known by its name, and the weights behind a name can change. So before anything new is computed
the server weighs a fixed probe, and its answer is compared with the one that the cache keeps under the fingerprint.
Engines in this process need none of it: their fingerprint is taken from the weights. Imports no engine.
"""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

from sqlalchemy.orm import Session, sessionmaker

from scoring.protocol import LogprobEngine, LogprobRequest, TokenLogprobs
from services.errors import Refused
from services.weighing.logprob_cache import read, write_batch

# Nats per token, mean of the absolute differences over the probe. bfloat16 in other company moves it by hundredths at
# most; another checkpoint of the same model by tenths. Closer checkpoints than this are not told apart.
LARGEST_DRIFT = 0.05


@runtime_checkable
class Probed(Protocol):
    """What an engine at a server has beside the others' (scoring/server/engine.py)."""

    place: str  # the model's name there and the address, for a message

    def probe(self) -> tuple[LogprobRequest, TokenLogprobs]:
        """The fixed request, and what the server gives for it now."""
        ...


def require_same_weights(sessions: sessionmaker[Session], engine: LogprobEngine) -> None:
    """Weigh the probe, and keep it if it is the first under this fingerprint.

    Raises Refused when the cache holds another answer to it; EngineFailed when the server does not answer.
    """
    if not isinstance(engine, Probed):
        return
    request, now = engine.probe()
    key = request.content_key()
    if key not in read(sessions, engine.fingerprint, [key]):
        with sessions.begin() as session:
            write_batch(session, engine.fingerprint, {key: now})
    before = read(sessions, engine.fingerprint, [key])[key]  # another process may have been first
    drift = drift_between(before, now)
    if drift > LARGEST_DRIFT:
        raise Refused(
            f"{engine.place}: the weights behind this name have changed (a fixed text's tokens differ by {drift:.2g} "
            f"nats on average, at most {LARGEST_DRIFT:g} is noise); what was weighed is kept, nothing was added: "
            "give the pair a new revision for this model and start a new run"
        )


def drift_between(before: TokenLogprobs, now: TokenLogprobs) -> float:
    """Mean absolute difference in nats per token of two answers to one request."""
    pairs = zip(before.values, now.values, strict=True)
    return math.fsum(abs(one - other) for one, other in pairs) / len(now.values)
