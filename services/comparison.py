"""Two responses word by word: what they share, where they part, and which words moved the reward from one to the other.

    left     They come to 21.50 in all.        same   "They come to "   changed  21.50 | 22.50   same  " in all."
    right    They come to 22.50 in all.

Words are matched first where both texts have them once and in the same order (patience diff), then between those by
difflib where that is quick; a long passage without any such word counts as rewritten. Pure: reads no database.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from services.token_views import TokenView

PIECE = re.compile(
    r"(?:\d+(?:[.,]\d+)+|[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf"
    r"\u4e00-\u9fff]+(?:['’][^\W\d_]+)*|([^\w\s])\1*)\s*|\s+"
)  # a word (a number, a character of an unspaced script, a sign or a row of it) with the white space after it
QUICK = 250_000  # pairs of words that difflib may have to look at; more are not compared one by one
CHANCE_WORDS = 1  # so few words that stay within a longer rewritten passage stay by chance
LONG_CHANGE = 4  # words of a rewritten passage from which on that holds


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of both texts: the same words, or different ones (either may be empty)."""

    is_same: bool
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both texts from beginning to end; the stretches put together are the texts."""

    stretches: tuple[Stretch, ...]
    n_left: int  # words
    n_right: int
    n_same: int  # words that stand in both

    @property
    def is_same(self) -> bool:
        """No difference but in white space."""
        return all(stretch.is_same for stretch in self.stretches)


@dataclass(frozen=True, slots=True)
class Moved:
    """A word of one of the two responses and how far it moved the reward towards the suggested one."""

    before: str  # a few words before it, untrusted like the word
    word: str
    after: str
    in_suggested: bool  # else it stands in the other response
    is_shared: bool  # it stands in both, and is weighed differently
    is_end: bool  # the end of the turn; `word` is empty
    nats: float  # > 0: towards the suggested one


@dataclass(frozen=True, slots=True)
class Movement:
    """What put the suggested response ahead of the other, word by word; all words together make up the gap."""

    gap: float  # nats: reward of the suggested minus reward of the other, summed over tokens
    moved: tuple[Moved, ...]  # the largest towards the suggested one first
    rest: float  # nats of the words that are not listed


@dataclass(frozen=True, slots=True)
class _Op:
    """Words [i, j) of the left and [k, m) of the right."""

    is_same: bool
    i: int
    j: int
    k: int
    m: int


def compare(left: str, right: str) -> Comparison:
    """The stretches of two texts."""
    old, new = pieces(left), pieces(right)
    ops = _operations(old, new)
    stretches = (Stretch(op.is_same, "".join(old[op.i : op.j]), "".join(new[op.k : op.m])) for op in ops)
    return Comparison(tuple(stretches), len(old), len(new), sum(op.j - op.i for op in ops if op.is_same))


def pieces(text: str) -> list[str]:
    """The words of a text with the white space after each; put together they are the text.

    >>> pieces("It's 21.50, or so")
    ["It's ", '21.50', ', ', 'or ', 'so']
    """
    return [found[0] for found in PIECE.finditer(text)]


def first_difference(texts: Sequence[str]) -> int:
    """How many characters all the texts begin with in common, up to the beginning of a word; 0 for fewer than two."""
    if len(texts) < 2:
        return 0
    low, high = min(texts), max(texts)  # what these two share, all of them share
    n = next((at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))
    if all(len(text) == n for text in texts):
        return n
    return max(texts[0].rfind(" ", 0, n), texts[0].rfind("\n", 0, n)) + 1


def what_moved(suggested: TokenView, other: TokenView, *, limit: int = 8) -> Movement:
    """Which words put the suggested response ahead: the words of it that gained most over the other's, ranked.

    A word that stands in both counts with the difference of its two deltas, a word of one response alone with its own;
    so what both say alike moves nothing, and everything together is the gap between the two rewards.
    """
    mine, theirs = _Weighed.of(suggested), _Weighed.of(other)
    found = sorted(_movements(mine, theirs), key=lambda one: -one.nats)
    listed = tuple(one for one in found[:limit] if one.nats > 0)
    return Movement(suggested.reward - other.reward, listed, sum(one.nats for one in found[len(listed) :]))


@dataclass(frozen=True, slots=True)
class _Weighed:
    """The words of a response, each with the deltas of the pieces that begin in it."""

    words: list[str]
    deltas: list[float]
    end: float

    @classmethod
    def of(cls, view: TokenView) -> _Weighed:
        """A piece that begins with white space belongs to the word after it."""
        words = pieces("".join(span.text for span in view.spans))
        starts = [0]
        for word in words:
            starts.append(starts[-1] + len(word))
        deltas, end, at = [0.0] * len(words), 0.0, 0
        for span in view.spans:
            if span.is_end or not words:
                end += span.delta
            else:
                first = min(at + len(span.text) - len(span.text.lstrip()), starts[-1] - 1)
                deltas[max(0, bisect_left(starts, first + 1) - 1)] += span.delta
            at += len(span.text)
        return cls(words, deltas, end)


def _movements(mine: _Weighed, theirs: _Weighed) -> Iterator[Moved]:
    for op in _operations(mine.words, theirs.words):
        if op.is_same:
            for i, k in zip(range(op.i, op.j), range(op.k, op.m), strict=True):
                yield _moved(mine, i, mine.deltas[i] - theirs.deltas[k], in_suggested=True, is_shared=True)
            continue
        for i in range(op.i, op.j):
            yield _moved(mine, i, mine.deltas[i], in_suggested=True)
        for k in range(op.k, op.m):
            yield _moved(theirs, k, -theirs.deltas[k], in_suggested=False)
    yield Moved("", "", "", in_suggested=True, is_shared=True, is_end=True, nats=mine.end - theirs.end)


def _moved(side: _Weighed, at: int, nats: float, *, in_suggested: bool, is_shared: bool = False) -> Moved:
    before, after = "".join(side.words[max(0, at - 5) : at]), "".join(side.words[at + 1 : at + 5])
    return Moved(before, side.words[at], after, in_suggested, is_shared, is_end=False, nats=nats)


def _operations(old: Sequence[str], new: Sequence[str]) -> list[_Op]:
    """The whole of both, in order; neighbours of one kind are one."""
    keys = [[piece.strip() or " " for piece in side] for side in (old, new)]
    pairs = list(_pairs(keys[0], keys[1], 0, len(old), 0, len(new)))
    return _without_chance(list(_joined(pairs, len(old), len(new))))


def _pairs(old: Sequence[str], new: Sequence[str], i: int, j: int, k: int, m: int) -> Iterator[tuple[int, int]]:
    """Matching words of old[i:j] and new[k:m], in order."""
    while i < j and k < m and old[i] == new[k]:
        yield i, k
        i, k = i + 1, k + 1
    n_tail = 0
    while i < j - n_tail and k < m - n_tail and old[j - n_tail - 1] == new[m - n_tail - 1]:
        n_tail += 1
    j, m = j - n_tail, m - n_tail
    anchors = _anchors(old, new, i, j, k, m)
    for at, to in anchors:
        yield from _pairs(old, new, i, at, k, to)
        yield at, to
        i, k = at + 1, to + 1
    if anchors:
        yield from _pairs(old, new, i, j, k, m)
    elif i < j and k < m and (j - i) * (m - k) <= QUICK:
        for block in SequenceMatcher(None, old[i:j], new[k:m], autojunk=False).get_matching_blocks():
            yield from ((i + block.a + step, k + block.b + step) for step in range(block.size))
    yield from ((j + step, m + step) for step in range(n_tail))


def _anchors(old: Sequence[str], new: Sequence[str], i: int, j: int, k: int, m: int) -> list[tuple[int, int]]:
    """Words that stand once in each passage: the longest run of them that keeps its order."""
    once_old, once_new = Counter(old[i:j]), Counter(new[k:m])
    place_of = {new[to]: to for to in range(k, m) if once_new[new[to]] == 1}
    shared = [(at, place_of[old[at]]) for at in range(i, j) if once_old[old[at]] == 1 and old[at] in place_of]
    ends: list[int] = []  # smallest last place of a run of each length
    runs: list[list[int]] = []  # for each pair: [length of the longest run that ends in it, the pair before]
    last_of: list[int] = []
    for number, (_, to) in enumerate(shared):
        length = bisect_left(ends, to)
        before = last_of[length - 1] if length else -1
        runs.append([length, before])
        ends[length : length + 1] = [to]
        last_of[length : length + 1] = [number]
    found, number = [], last_of[-1] if last_of else -1
    while number >= 0:
        found.append(shared[number])
        number = runs[number][1]
    return found[::-1]


def _joined(pairs: Sequence[tuple[int, int]], n_old: int, n_new: int) -> Iterator[_Op]:
    """Runs of matching words, and what lies between them."""
    i = k = 0
    at = 0
    while at < len(pairs):
        first = pairs[at]
        if first[0] > i or first[1] > k:
            yield _Op(False, i, first[0], k, first[1])
        length = 1
        while at + length < len(pairs) and pairs[at + length] == (first[0] + length, first[1] + length):
            length += 1
        i, k = first[0] + length, first[1] + length
        yield _Op(True, first[0], i, first[1], k)
        at += length
    if i < n_old or k < n_new:
        yield _Op(False, i, n_old, k, n_new)


def _without_chance(ops: list[_Op]) -> list[_Op]:
    """A word or two that stay between long rewritten passages are part of the rewriting."""
    found: list[_Op] = []
    for place, op in enumerate(ops):
        inside = 0 < place < len(ops) - 1
        by_chance = op.is_same and inside and op.j - op.i <= CHANCE_WORDS
        is_rewritten = by_chance and all(
            max(side.j - side.i, side.m - side.k) >= LONG_CHANGE for side in (found[-1], ops[place + 1])
        )
        is_same = op.is_same and not is_rewritten
        if found and not is_same and not found[-1].is_same:
            found[-1] = _Op(False, found[-1].i, op.j, found[-1].k, op.m)
        else:
            found.append(_Op(is_same, op.i, op.j, op.k, op.m))
    return found
