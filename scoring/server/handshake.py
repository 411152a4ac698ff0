"""The first words with a server: which models it has, how long a text it takes, in which dialect it gives log-probs.

The dialect is found by weighing a fixed probe, so that a server that cannot echo log-probs is refused before a run
begins. The probe's numbers also tell whether the weights behind a name have changed
(services/weighing/served_weights.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoring.protocol import LogprobRequest, TokenLogprobs
from scoring.server.answers import DIALECTS, Asked, Dialect, Unfit, Vocabulary
from scoring.server.http import NotThere, Refused, ServerSession, ServerTrouble

MODELS_LIMIT_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Handshake:
    """max_model_len: tokens, where the server says. answers_as: the name its answers carry; None: they carry none."""

    dialect: Dialect
    max_model_len: int | None
    answers_as: str | None
    probe: TokenLogprobs


async def shake_hands(
    session: ServerSession, served_as: str, probe: LogprobRequest, vocabulary: Vocabulary
) -> Handshake:
    """Raises ServerTrouble: no such model, or no dialect in which the server gives a prompt's log-probs."""
    cards = await _cards(session)
    if cards and served_as not in cards:
        names = ", ".join(repr(name)[:80] for name in list(cards)[:5])
        raise ServerTrouble(f"serves {names} and no {served_as!r}", "say which one in the pair (served_as)")
    first: ServerTrouble | None = None
    for dialect in DIALECTS:
        asked = Asked(probe, dialect, vocabulary)
        try:
            answer = await session.ask("POST", "/completions", asked.body(served_as), limit_bytes=asked.limit_bytes)
            found = asked.read(answer)
        except (Refused, Unfit) as trouble:
            if first is None or (isinstance(trouble, Unfit) and not isinstance(first, Unfit)):
                first = trouble  # what was wrong with an answer says more than a refusal
            continue
        answers_as = answer.get("model") if isinstance(answer.get("model"), str) else None
        if answers_as is not None and answers_as != served_as and not cards:
            raise ServerTrouble(
                f"answers as {answers_as[:80]!r}, not as {served_as!r}", "correct served_as in the pair"
            )
        return Handshake(dialect, cards.get(served_as), answers_as, found)
    raise first or ServerTrouble("knows no dialect", "see that it is vLLM or answers like it")


async def _cards(session: ServerSession) -> dict[str, int | None]:
    """max_model_len by the name of each model; empty when the server lists none."""
    try:
        listed: Any = await session.ask("GET", "/models", limit_bytes=MODELS_LIMIT_BYTES)
    except NotThere:
        return {}
    data = listed.get("data") if isinstance(listed, dict) else None
    cards = [card for card in data or () if isinstance(card, dict) and isinstance(card.get("id"), str)]
    return {card["id"]: _length(card.get("max_model_len")) for card in cards}


def _length(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
