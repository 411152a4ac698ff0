"""What is asked of a server's /completions, and whether its answer is the log-probs of exactly what was asked.

    asked      ids            [ 7    3    9 ]         one prompt of token ids, echo, logprobs 1, max_tokens 0
    answered   token_logprobs [ null -2.1 -0.4 ]      one for each id; nothing predicts the first

Some servers write one token more than asked for: it is dropped. `top_logprobs` is never read for a value: under text
keys two tokens of one position may share a key. Whatever does not fit raises Unfit; nothing is guessed.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scoring.protocol import LogprobRequest, TokenLogprobs
from scoring.server.http import ServerTrouble

# vLLM writes -9999.0 where a log-prob is minus infinity, because JSON has no infinity.
FLOOR = -9999.0
# What rounding may put above 0 where a token is all but certain.
ROUNDING = 1e-5
# Bytes of an answer for each token, generously: vLLM 0.32 writes 240.
BYTES_PER_TOKEN = 4096
BYTES_AT_LEAST = 1_000_000


class Unfit(ServerTrouble):
    """An answer that is not what was asked for."""

    def __init__(self, fact: str) -> None:
        super().__init__(f"{fact}; nothing of this answer was kept", "see that it is vLLM or answers like it")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this server is asked. names_ids: for token ids beside the texts (vLLM). max_tokens: some refuse 0."""

    names_ids: bool
    max_tokens: int


DIALECTS = (Dialect(True, 0), Dialect(True, 1), Dialect(False, 0), Dialect(False, 1))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """size: tokens of the tokenizer. piece_of: a token id's text, to compare where a server names no ids."""

    size: int
    piece_of: Callable[[int], str]

    @property
    def least_top(self) -> float:
        """The most likely of V tokens has at least 1 / V. A model may have more rows than its tokenizer has tokens."""
        return -math.log(2 * self.size)


@dataclass(frozen=True, slots=True)
class Asked:
    """One sequence to weigh at a server."""

    request: LogprobRequest
    dialect: Dialect
    vocabulary: Vocabulary

    def body(self, served_as: str) -> dict[str, Any]:
        """The JSON to post."""
        body: dict[str, Any] = {
            "model": served_as,
            "prompt": list(self.request.ids),
            "max_tokens": self.dialect.max_tokens,
            "echo": True,
            "logprobs": 1,
            "temperature": 0,
        }
        if self.dialect.names_ids:
            body |= {"return_token_ids": True, "return_tokens_as_token_ids": True}
        return body

    @property
    def limit_bytes(self) -> int:
        """More than this is no answer."""
        return BYTES_AT_LEAST + BYTES_PER_TOKEN * len(self.request.ids)

    def read(self, answer: Any) -> TokenLogprobs:
        """The response tokens' log-probs. Raises Unfit."""
        choice = only_choice(answer)
        logprobs = choice.get("logprobs")
        values = logprobs.get("token_logprobs") if isinstance(logprobs, dict) else None
        if not isinstance(logprobs, dict) or not isinstance(values, list):
            raise Unfit("sent no token_logprobs: it does not echo a prompt's log-probs")
        n = len(self.request.ids)
        if len(values) not in (n, n + 1):
            raise Unfit(f"sent {len(values)} log-probs for {n} tokens")
        if values[0] is not None:
            raise Unfit(f"sent {_shown(values[0])} for the first token, which nothing predicts: is it shifted?")
        self._check_ids(answer, choice, logprobs)
        self._check_scale(logprobs.get("top_logprobs"))
        places = [place for place, is_response in enumerate(self.request.is_response) if is_response]
        # float32, as the cache keeps them: a total is the same before and after.
        return TokenLogprobs(tuple(array("f", [_value(values[place], place) for place in places])))

    def _check_ids(self, answer: Mapping[str, Any], choice: Mapping[str, Any], logprobs: Mapping[str, Any]) -> None:
        ids = list(self.request.ids)
        named, tokens = choice.get("prompt_token_ids"), logprobs.get("tokens")
        if isinstance(named, list) and named != ids:
            raise Unfit(f"weighed other token ids than the {len(ids)} it was sent")
        usage = answer.get("usage")
        counted = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        if isinstance(counted, int) and counted != len(ids):
            raise Unfit(f"counted {counted} prompt tokens where {len(ids)} were sent")
        if not isinstance(tokens, list) or len(tokens) != len(logprobs["token_logprobs"]):
            raise Unfit("sent not one token for each log-prob")
        for place, (token_id, token) in enumerate(zip(ids, tokens, strict=False)):
            if not _is_same(token, token_id, self.vocabulary.piece_of):
                raise Unfit(f"weighed another token at position {place} than id {token_id}, which it was sent")

    def _check_scale(self, tops: Any) -> None:
        """vLLM with --logprobs-mode raw_logits gives logits under the name of log-probs, and they may be negative."""
        rows = [row for row in tops if isinstance(row, dict) and row] if isinstance(tops, list) else []
        for row in rows:
            top = max((value for value in row.values() if isinstance(value, int | float)), default=0.0)
            if top > ROUNDING or top < self.vocabulary.least_top:
                raise Unfit(
                    f"sent {_shown(top)} for a most likely token, which cannot be a log-prob (is --logprobs-mode "
                    "raw_logprobs?)"
                )


def only_choice(answer: Any) -> Mapping[str, Any]:
    """The one choice of an answer to one prompt. Raises Unfit."""
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        count = len(choices) if isinstance(choices, list) else "no"
        raise Unfit(f"sent {count} choices where one was asked for")
    return choices[0]


def _is_same(token: Any, token_id: int, piece_of: Callable[[int], str]) -> bool:
    """Whether the server's name of a token can be this id: by the id where it names one, else by its text."""
    if not isinstance(token, str):
        return False
    if token.startswith("token_id:"):
        return token == f"token_id:{token_id}"
    theirs, ours = (text.strip("\u2581\u0120 ") for text in (token, piece_of(token_id)))
    # Half a character, a control token left out and bytes written as such say nothing.
    says_nothing = not theirs or not ours or "\ufffd" in theirs + ours or theirs.startswith(("bytes:", "<0x"))
    return says_nothing or theirs == ours


def _value(value: Any, place: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise Unfit(f"sent {_shown(value)} as the log-prob of token {place}")
    if value > ROUNDING or value <= FLOOR:
        rule = "a log-prob is at most 0" if value > 0 else "minus infinity is no number to add up"
        raise Unfit(f"sent {_shown(value)} as the log-prob of token {place}, and {rule}")
    return min(float(value), 0.0)


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)[:40]
