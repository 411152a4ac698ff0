"""Token contributions on spans that two tokenizers share, so that strong and weak can be compared piece by piece.

    text       un believ able !
    strong     un|believ|able|!          cuts after 2 8 12 13
    weak       unbeliev  |able!          cuts after   8    13
    shared     unbeliev  |able!          a span ends where both have a boundary

A span's delta is its strong log-probs minus its weak ones; all deltas together are the reward, because every token
lands in exactly one span. Does not tokenize (chat.py gives the character spans).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

CharSpan = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpanContribution:
    """Characters [start, end) of a response and what they add: log-probs in nats, delta = strong - weak."""

    start: int
    end: int
    strong: float
    weak: float
    delta: float


def contributions(
    text: str,
    strong_spans: Sequence[CharSpan],
    strong_values: Sequence[float],
    weak_spans: Sequence[CharSpan],
    weak_values: Sequence[float],
) -> tuple[SpanContribution, ...]:
    """Contributions in reading order, the end of turn as one last span with start = end = len(text).

    Spans are character offsets into `text`, in token order; a token that starts at or after len(text) belongs to
    the end of turn. Tokens may share a character (an emoji split over several) or be empty.

    Raises ValueError when spans and values differ in number.
    """
    strong = _Side(text, strong_spans, strong_values)
    weak = _Side(text, weak_spans, weak_values)
    shared = sorted(set(strong.token_by_cut) & set(weak.token_by_cut))
    # Where both are through, the last span begins to close: it takes trailing characters no token covers along.
    cuts = [cut for cut in shared if not (strong.is_through(cut) and weak.is_through(cut))]
    found = []
    start = strong_from = weak_from = 0
    for cut in [*cuts, len(text)]:
        strong_to = strong.token_by_cut[cut] if cut != len(text) else strong.text_tokens
        weak_to = weak.token_by_cut[cut] if cut != len(text) else weak.text_tokens
        if strong_to > strong_from or weak_to > weak_from:
            found.append(_span(start, cut, strong.values[strong_from:strong_to], weak.values[weak_from:weak_to]))
        start, strong_from, weak_from = cut, strong_to, weak_to
    if len(strong.values) > strong_from or len(weak.values) > weak_from:
        found.append(_span(len(text), len(text), strong.values[strong_from:], weak.values[weak_from:]))
    return tuple(found)


class _Side:
    """One model's tokens over the text.

    token_by_cut: {character position: number of tokens before it} for every place between two tokens.
    text_tokens: how many tokens lie in the text; the rest are the end of turn.
    """

    def __init__(self, text: str, spans: Sequence[CharSpan], values: Sequence[float]) -> None:
        if len(spans) != len(values):
            raise ValueError(f"{len(spans)} token spans but {len(values)} log-probs: one of each per token is needed")
        self.values = list(values)
        inside = [(start, min(end, len(text))) for start, end in spans if start < len(text)]
        self.text_tokens = len(inside)
        later = _smallest_later_start(inside, len(text))
        # A place is a boundary only if no later token starts before it: the tokens of a split emoji all
        # start at the same character, so only the last of them ends it.
        self.token_by_cut: dict[int, int] = {}
        reach = 0
        for index, (_, end) in enumerate(inside):
            reach = max(reach, end)
            if later[index] >= reach > 0:
                self.token_by_cut[reach] = index + 1

    def is_through(self, cut: int) -> bool:
        """Whether every text token lies before this cut."""
        return self.token_by_cut[cut] == self.text_tokens


def _smallest_later_start(spans: Sequence[CharSpan], end: int) -> list[int]:
    """For each token the smallest start among those after it; `end` for the last."""
    smallest, found = end, []
    for start, _ in reversed(spans):
        found.append(smallest)
        smallest = min(smallest, start)
    return found[::-1]


def _span(start: int, end: int, strong: Sequence[float], weak: Sequence[float]) -> SpanContribution:
    strong_sum, weak_sum = math.fsum(strong), math.fsum(weak)
    return SpanContribution(start, end, strong_sum, weak_sum, strong_sum - weak_sum)
