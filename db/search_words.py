"""Text as words to be looked for, the same on every database: what is indexed and what is asked for are split alike.

    "Tea-pots, 7.50 é 中文 🍵"  ->  tea pots 7 50 e 中 文 🍵

A word is a run of letters and digits, folded (case, width, accents). Scripts written without spaces are split into
their characters; a phrase of them finds a word. Emoji are words. Pure; leaves out the index (queries_search.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
SYMBOLS = "\u2190-\u21ff\u2300-\u2bff\U0001f000-\U0001faff"
ASCII_WORD = re.compile(r"[a-z0-9]+")
WORD = re.compile(rf"[{UNSPACED}{SYMBOLS}]|[^\W_{UNSPACED}{SYMBOLS}]+")
PIECE = re.compile(rf"[{UNSPACED}{SYMBOLS}]|[^\s{UNSPACED}{SYMBOLS}]+")
ASKED = re.compile(r'"([^"]*)"|(\S+)')
QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
PREFIX_FROM = 3  # letters; a shorter word is looked for whole
WORD_LIMIT = 500  # characters of a word that are kept: PostgreSQL holds 2,046 bytes
TERM_LIMIT = 20  # words and phrases of one search
POSITIONS_KEPT = 255  # of one word: what PostgreSQL holds
LAST_POSITION = 16_383  # PostgreSQL's own
VECTOR_LIMIT = 1_000_000  # bytes of an item's index there; what comes after is not indexed


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must follow each other; with `is_prefix` the last may go on."""

    words: tuple[str, ...]
    is_prefix: bool


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in order.

    >>> words_of("Tea-pots, 7.50 É")
    ['tea', 'pots', '7', '50', 'e']
    """
    if text.isascii():
        return [word[:WORD_LIMIT] for word in ASCII_WORD.findall(text.lower())]
    return [word[:WORD_LIMIT] for word in WORD.findall(_folded(text))]


def _folded(text: str) -> str:
    """Without case, width and accents. Hangul is put together again, for its syllables come apart with the accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in apart if unicodedata.category(letter)[0] != "M")
    return unicodedata.normalize("NFC", bare)


def terms_of(asked: str) -> tuple[Term, ...]:
    """What somebody typed as terms that must all be there; nothing in it is an operator but quotes.

    >>> terms_of('brew "two minutes" a')
    (Term(words=('brew',), is_prefix=True), Term(words=('two', 'minutes'), is_prefix=False), Term(words=('a',), ...
    """
    found = []
    for phrase, word in ASKED.findall(asked.translate(QUOTES)):
        words = tuple(words_of(phrase or word))
        if words:
            found.append(Term(words, is_prefix=not phrase and len(words[-1]) >= PREFIX_FROM))
    return tuple(dict.fromkeys(found))[:TERM_LIMIT]


def fts_query(terms: Iterable[Term]) -> str:
    """The terms for SQLite's FTS5: every word stands in quotes."""
    return " ".join(f'"{" ".join(term.words)}"' + (" *" if term.is_prefix else "") for term in terms)


def ts_query(terms: Iterable[Term]) -> str:
    """The terms for PostgreSQL's tsquery."""
    return " & ".join(_ts_term(term) for term in terms)


def _ts_term(term: Term) -> str:
    words = [f"'{word}'" for word in term.words]
    if term.is_prefix:
        words[-1] += ":*"
    return f"({' <-> '.join(words)})"


def fts_body(texts: Iterable[str]) -> str:
    """An item's texts as FTS5 reads them. Plain ASCII goes as it is: the tokenizer there splits it the same way."""
    return "\n".join(text if text.isascii() else " ".join(words_of(text)) for text in texts)


def ts_vector(texts: Iterable[str]) -> str:
    """An item's texts as PostgreSQL's tsvector, written out, so that its own parser and locale have no say."""
    places: dict[str, list[int]] = {}
    size = 0
    for place, word in enumerate(_all_words(texts), 1):
        known = places.get(word)
        size += 2 if known is not None else len(word.encode()) + 8
        if size > VECTOR_LIMIT:
            break
        if known is None:
            places[word] = [min(place, LAST_POSITION)]
        elif len(known) < POSITIONS_KEPT and known[-1] < LAST_POSITION:
            known.append(min(place, LAST_POSITION))
    return " ".join(f"'{word}':{','.join(map(str, at))}" for word, at in places.items())


def _all_words(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from words_of(text)


def where_it_says(texts: Iterable[str], asked: str, *, width: int) -> str:
    """The passage round the first word that was asked for, about `width` characters on one line; "" where none is.

    A guide to the eye: it looks for each word by itself, folded as the index is.
    """
    wanted = [(term.words[0], term.is_prefix and len(term.words) == 1) for term in terms_of(asked)]
    for text in texts:
        at = _place_of(text, wanted)
        if at is not None:
            start = max(0, at - width // 3)
            start = (text.rfind(" ", max(0, start - 20), start + 1) + 1) or start  # at a word, where one begins nearby
            passage = " ".join(text[start : start + width].split())
            return ("…" if start else "") + passage + ("…" if start + width < len(text) else "")
    return ""


def _place_of(text: str, wanted: list[tuple[str, bool]]) -> int | None:
    for match in PIECE.finditer(text):
        for word in words_of(match[0]):
            if any(word == known or (is_prefix and word.startswith(known)) for known, is_prefix in wanted):
                return match.start()
    return None
