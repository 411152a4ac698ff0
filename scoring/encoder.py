"""Text to token ids with character offsets: one tokenizer, frozen, safe to share between threads.

Works on a private copy of the tokenizer's Rust backend, so that nobody's truncation or padding setting can cut a
text, and no thread can change it under another. Renders nothing (rendering.py), marks no response (chat.py).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from scoring.control_tokens import ControlTokens, rename_control_tokens
from scoring.errors import TemplateProblem

# What a continuation may be glued to so that no dummy space is put before it; the first that does not merge is taken.
ANCHORS = ("\n", "a", "0", "!")


@dataclass(frozen=True, slots=True)
class EncodedText:
    """Token ids and, for each, the characters [start, end) it covers; a BOS that was added covers (0, 0)."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


class TextEncoder:
    """Encodes marked text (see control_tokens.py) under one tokenizer.

    Keeps no reference to the tokenizer object itself, so that caches keyed by it can let go.
    """

    def __init__(self, tokenizer: Any, template: str) -> None:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if not isinstance(backend, Tokenizer):
            raise TemplateProblem(
                f"the tokenizer {type(tokenizer).__name__} gives no character offsets; Tare needs a fast tokenizer "
                "(tokenizer.json beside the model)"
            )
        self._json = backend.to_str()
        self._plain = _bare(Tokenizer.from_str(self._json))
        self._renamed: tuple[Tokenizer, dict[int, int]] | None = None
        self._lock = threading.Lock()
        # A token that the template writes controls it, even if its "special" flag was forgotten.
        added = tokenizer.added_tokens_decoder.values()
        self.control = ControlTokens(token.content for token in added if token.special or token.content in template)
        self.control_ids = frozenset(_known_id(self._plain, content) for content in self.control.stand_ins)
        self._bos_to_add = _bos_to_add(tokenizer, backend)

    def encode(self, text: str) -> EncodedText:
        """The whole text; begins with BOS if the tokenizer adds one and the text has not written it already."""
        encoded = self._tokenize(text)
        if self._bos_to_add is None or encoded.ids[:1] == (self._bos_to_add,):
            return encoded
        return EncodedText((self._bos_to_add, *encoded.ids), ((0, 0), *encoded.offsets))

    def encode_continuation(self, text: str) -> EncodedText:
        """The text as it reads after other text: no BOS, and no dummy space that a tokenizer puts at a beginning."""
        for anchor in ANCHORS:
            before, both = self._tokenize(anchor).ids, self._tokenize(anchor + text)
            size = len(before)
            if not 0 < size < len(both.ids) or both.ids[:size] != before or both.offsets[size][0] < len(anchor):
                continue
            offsets = ((start - len(anchor), end - len(anchor)) for start, end in both.offsets[size:])
            return EncodedText(both.ids[size:], tuple(offsets))
        return self._tokenize(text)

    def _tokenize(self, text: str) -> EncodedText:
        if not self.control.is_marked(text):
            encoding = self._plain.encode(text, add_special_tokens=False)
            return EncodedText(tuple(encoding.ids), tuple(encoding.offsets))
        tokenizer, original_id = self._renamed_tokenizer()
        encoding = tokenizer.encode(self.control.swap(text), add_special_tokens=False)
        return EncodedText(tuple(original_id.get(i, i) for i in encoding.ids), tuple(encoding.offsets))

    def _renamed_tokenizer(self) -> tuple[Tokenizer, dict[int, int]]:
        """The tokenizer that reads control text as text, and {its id: ours}; built on first need (a second or so)."""
        with self._lock:
            if self._renamed is None:
                renamed = _bare(rename_control_tokens(self._json, self.control))
                names = self.control.stand_ins.items()
                ids = {_known_id(renamed, new): _known_id(self._plain, old) for old, new in names}
                self._renamed = renamed, ids
            return self._renamed


def _bare(tokenizer: Tokenizer) -> Tokenizer:
    """Without the truncation and padding that a tokenizer.json may carry, and without its post-processor.

    The post-processor would add special tokens (here: `encode`) and, in GPT-2's, trim spaces off the offsets.
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = False
    tokenizer.post_processor = None
    return tokenizer


def _known_id(tokenizer: Tokenizer, content: str) -> int:
    token_id: int | None = tokenizer.token_to_id(content)
    if token_id is None:
        raise TemplateProblem(f"the tokenizer lists the token {content!r} but has no id for it; repair its files")
    return token_id


def _bos_to_add(tokenizer: Any, backend: Tokenizer) -> int | None:
    """The BOS id if the tokenizer would put one before a text; None for those without (Qwen)."""
    bos: int | None = tokenizer.bos_token_id
    first: Sequence[int] = backend.encode("a").ids[:1]
    return bos if bos is not None and list(first) == [bos] else None
