"""The content-addressed cache of log-probs, and the one way to fill it.

    key = (model fingerprint, sha256 of token ids and response mask)

A changed template, criterion or tokenizer changes the key, so nothing stale is ever found. Packs are planned over
all requests and what is cached is left out of them: resumed work computes bit-identical packs, repeated work none.
What the cache holds is what counts: results are read back from it, so two workers that race agree on every number.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from db.queries_logprobs import cached_keys, cached_logprobs, keep_logprobs
from scoring.protocol import LogprobEngine, LogprobRequest, TokenLogprobs
from services.packing import pack_floats, unpack_floats

KeepBatch = Callable[[str, Mapping[str, TokenLogprobs]], None]  # (fingerprint, results by content key)


@dataclass(frozen=True, slots=True)
class Filled:
    """How many requests went through the model, and how many were found."""

    n_computed: int
    n_cached: int


def fill(
    sessions: sessionmaker[Session],
    engine: LogprobEngine,
    requests: Sequence[LogprobRequest],
    *,
    keep: KeepBatch,
    before_computing: Callable[[], None] = lambda: None,
) -> Filled:
    """See to it that every request is cached under the engine's model.

    `keep` gets each pack as soon as it is computed and writes it (`write_batch` in a short transaction); nothing is
    open on the database while the engine computes. `before_computing` is called unless all is there already.
    Raises EngineFailed, and what these two raise.
    """
    by_key = {request.content_key(): request for request in requests}
    keys = list(by_key)
    with sessions() as session:
        present = cached_keys(session, engine.fingerprint, keys)
    unique = list(by_key.values())
    known = {index for index, key in enumerate(keys) if key in present}
    n_computed = 0
    if len(known) < len(keys):
        before_computing()
        packs = engine.weigh(unique, known=known)
        try:
            for pack in packs:
                keep(engine.fingerprint, {keys[index]: result for index, result in pack.results.items()})
                n_computed += len(pack.results)
        finally:
            if isinstance(packs, Generator):
                packs.close()  # a cancelled run must not leave requests to a server under way
    return Filled(n_computed, max(0, len(requests) - n_computed))


def write_batch(session: Session, fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
    """Keep a batch in the caller's transaction; rows that are there already stay."""
    keep_logprobs(
        session,
        [
            {
                "fingerprint": fingerprint,
                "content_key": key,
                "total": result.total,
                "n_tokens": len(result.values),
                "token_logprobs": pack_floats(result.values),
            }
            for key, result in sorted(results.items())  # one order for all, so that two writers never lock crosswise
        ],
    )


def read(sessions: sessionmaker[Session], fingerprint: str, content_keys: Sequence[str]) -> dict[str, TokenLogprobs]:
    """What the cache holds, by content key; missing ones are left out."""
    with sessions() as session:
        packed = cached_logprobs(session, fingerprint, list(dict.fromkeys(content_keys)))
    return {key: TokenLogprobs(unpack_floats(values)) for key, values in packed.items()}
