"""How alike texts are: TF-IDF of their words, cosine. Works on any language; a Chinese or Japanese sign is a word.

Words alone: two texts that say the same in other words are not alike here. Leaves out where texts come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SIGNS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # scripts that put no space between words
WORD = rf"[{SIGNS}]|[^\W{SIGNS}]+"
WORDS_KEPT = 200_000  # the most frequent ones, where there are more
ROWS_AT_ONCE = 1_000

Floats = NDArray[np.float32]


def vectors(texts: Sequence[str]) -> csr_matrix:
    """Texts as rows of length 1 (n, words); a text without a word is a row of zeros, like nothing."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, token_pattern=WORD, max_features=WORDS_KEPT)
    try:
        return csr_matrix(vectorizer.fit_transform(texts))
    except ValueError:  # not one word in all of them
        return csr_matrix((len(texts), 1), dtype=np.float32)


def nearest(rows: Any, others: Any, k: int, *, is_same: bool = False) -> tuple[NDArray[np.int64], Floats]:
    """The k most alike of `others` for each row, the most alike first.

    Args:
        rows: (n, words); others: (m, words), as `vectors` makes them.
        is_same: rows are the others themselves: none is its own neighbour.

    Returns:
        places (n, k') among the others and cosines (n, k'), k' = min(k, m or m - 1).
    """
    n, m = rows.shape[0], others.shape[0]
    k = min(k, m - 1 if is_same else m)
    places = np.zeros((n, max(k, 0)), dtype=np.int64)
    cosines = np.zeros((n, max(k, 0)), dtype=np.float32)
    if k <= 0:
        return places, cosines
    for start in range(0, n, ROWS_AT_ONCE):
        block = np.asarray((rows[start : start + ROWS_AT_ONCE] @ others.T).todense(), dtype=np.float32)
        if is_same:
            block[np.arange(len(block)), start + np.arange(len(block))] = -1.0
        best = np.argsort(-block, axis=1, kind="stable")[:, :k]
        places[start : start + len(block)] = best
        cosines[start : start + len(block)] = np.take_along_axis(block, best, axis=1)
    return places, np.clip(cosines, 0.0, 1.0)
