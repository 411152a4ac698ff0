"""What an engine is: token ids with a response mask in, token log-probs out.

Everything that can weigh (the plain batched forward, the engine that shares prefixes, a server) fits behind
`LogprobEngine`; everything that can hold models (room.py) behind `ModelSource`. Tokenizing is chat.py's part,
subtracting is ratio.py's. Nothing here imports torch.
"""

import hashlib
import math
import sys
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from scoring.pairs import ModelSpec


@dataclass(frozen=True, slots=True)
class LogprobRequest:
    """One sequence whose response tokens are to be weighed.

    ids      p0 p1 p2 | r0 r1 r2      prompt, then response; nothing after the last counted token
    mask      0  0  0 |  1  1  1      position 0 is never True: nothing predicts it

    Raises ValueError when the mask does not fit the ids, marks position 0, or marks nothing (a sum over nothing
    would be a silent 0).
    """

    ids: tuple[int, ...]
    is_response: tuple[bool, ...]

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.is_response):
            raise ValueError(f"{len(self.ids)} ids but a mask of {len(self.is_response)}: they must be equally long")
        if not any(self.is_response):
            raise ValueError(f"no response token in {len(self.ids)} ids: the mask must mark at least one")
        if self.is_response[0]:
            raise ValueError("the mask marks position 0, which nothing predicts: start the response later")

    def content_key(self) -> str:
        """sha256 (hex) over ids and mask: the same on every machine, and the cache's key beside the fingerprint."""
        ids = array("q", self.ids)
        if sys.byteorder == "big":
            ids.byteswap()
        digest = hashlib.sha256(b"tare-logprob-1\0%d\0" % len(self.ids))
        digest.update(ids.tobytes())
        digest.update(bytes(self.is_response))
        return digest.hexdigest()

    @property
    def response_tokens(self) -> int:
        """How many tokens will be weighed."""
        return sum(self.is_response)


@dataclass(frozen=True, slots=True)
class TokenLogprobs:
    """Log-probs in nats, one for each True of the request's mask, in order; each <= 0, float32 precision."""

    values: tuple[float, ...]

    @property
    def total(self) -> float:
        """Log-prob of the response: the float64 sum, exact in the order-independent sense of math.fsum."""
        return math.fsum(self.values)

    @property
    def mean(self) -> float:
        """Mean log-prob per token, in nats."""
        return self.total / len(self.values)


@dataclass(frozen=True, slots=True)
class Pack:
    """What one forward, or one answer of a server, gave: results by index into the requests.

    computed_tokens: token positions that went through the model for it, padding not counted.
    """

    results: Mapping[int, TokenLogprobs]
    computed_tokens: int


class LogprobEngine(Protocol):
    """Weighs token sequences under one model.

    What comes out equals, for every request and whatever it is packed with:

        logits = model(ids).logits.float()
        [log_softmax(logits[t - 1])[ids[t]] for t in positions where is_response]

    Both methods may be called from several threads; forwards of one model never overlap.
    """

    name: str  # which engine, for the run's configuration
    fingerprint: str  # weights, architecture and compute dtype; the cache's key beside the request's
    context_limit: int  # tokens, prompt and response together

    def weigh(self, requests: Sequence[LogprobRequest], *, known: Collection[int] = ()) -> Iterator[Pack]:
        """Packs as they are computed; every request that is not `known` comes out in exactly one of them.

        The plan is made over all requests and depends on nothing else; what is known is then left out of it. So a
        resumed run, whose finished packs are known, forms the same packs again and gets the same bits.
        Raises PromptTooLong, EngineFailed; never gives NaN.
        """
        ...

    def logprobs(self, requests: Sequence[LogprobRequest]) -> list[TokenLogprobs]:
        """All of them, in their order."""
        ...


def collect(packs: Iterator[Pack]) -> list[TokenLogprobs]:
    """The results of all packs in the order of their indices."""
    found: dict[int, TokenLogprobs] = {}
    for pack in packs:
        found.update(pack.results)
    return [found[index] for index in sorted(found)]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How texts are written. Raises ValueError for settings that nothing can be written under.

    temperature: 0 writes the most likely text (n times the same).
    seed: the same seed and settings give the same texts on the same device.
    stop_ids: the end of turn (EncodedItem.end_of_turn_ids), beside the model's own end token.
    """

    n: int
    temperature: float
    max_new_tokens: int
    seed: int
    top_p: float = 1.0
    stop_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.n < 1 or self.temperature < 0 or not 0 < self.top_p <= 1 or self.max_new_tokens < 1:
            raise ValueError(
                f"n {self.n}, temperature {self.temperature}, top_p {self.top_p}, max_new_tokens "
                f"{self.max_new_tokens}: n and tokens must be at least 1, temperature at least 0, top_p above 0 and at "
                "most 1"
            )


@dataclass(frozen=True, slots=True)
class SampledText:
    """A text a model wrote, and whether it ended by itself (False: the token limit cut it)."""

    text: str
    has_ended: bool


class TextSampler(Protocol):
    """Writes texts with one model."""

    def sample(self, ids: Sequence[int], how: Sampling) -> list[SampledText]:
        """`how.n` texts that continue `ids` (EncodedItem.prompt_ids), each within the context.

        Raises PromptTooLong when the prompt leaves no room, EngineFailed when nothing could be written.
        """
        ...


class OpenModel(Protocol):
    """A loaded model, usable while the ModelSource that gave it holds it open."""

    @property
    def ref(self) -> str: ...
    @property
    def engine(self) -> LogprobEngine: ...
    @property
    def tokenizer(self) -> Any: ...
    @property
    def sampler(self) -> TextSampler: ...
    @property
    def device(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def memory_bytes(self) -> int: ...


class ModelSource(Protocol):
    """Where models come from; `ModelRoom` in production, a small real class in tests."""

    def open(self, spec: "ModelSpec") -> AbstractContextManager[OpenModel]:
        """Load (or find loaded) and hold; several threads may hold one model. Raises ModelUnavailable."""
        ...
