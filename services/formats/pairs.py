"""Responses of which it is known which are better: put in an order that does not give the better ones away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from services.formats.drafts import CandidateDraft, Message

SAID = "the better one's place is drawn from the row's content, so that it is not always A"
SAID_OF_MANY = "their places are drawn from the row's content, so that the better ones do not always come first"
FILE_ORDER = "file_order"  # the key of metadata: for each candidate its place in the file, counted from 0


def better_and_worse(
    messages: Sequence[Message],
    chosen: str,
    rejected: str,
    *,
    chosen_score: float | None = None,
    rejected_score: float | None = None,
) -> tuple[CandidateDraft, CandidateDraft]:
    """Both as candidates, gold rank 1 and 2, in an order that the same row always gets."""
    better = CandidateDraft(chosen, gold_rank=1.0, gold_score=chosen_score)
    worse = CandidateDraft(rejected, gold_rank=2.0, gold_score=rejected_score)
    content = json.dumps([list(messages), chosen, rejected], sort_keys=True).encode()
    is_better_first = hashlib.sha256(content).digest()[0] % 2 == 0
    return (better, worse) if is_better_first else (worse, better)


def drawn_order(messages: Sequence[Message], texts: Sequence[str]) -> list[int]:
    """The places of the file in an order that the same row always gets: [2, 0, 1] puts the third text first."""
    content = json.dumps([list(messages), *texts], sort_keys=True).encode()
    keys = [hashlib.sha256(b"%d " % place + content).digest() for place in range(len(texts))]
    return sorted(range(len(texts)), key=keys.__getitem__)
