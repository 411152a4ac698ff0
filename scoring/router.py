"""The zero-shot router's question: which of these domains is this prompt? Pure: texts in, texts and probabilities out.

    p(domain) = softmax over the domains of log p_strong(the domain's name, end of turn | the question)

The definitions come first and the request last, so that all items share the beginning and an item's domains share
everything but their names: one forward each, no generation. Leaves out tokens and the model
(services/routing/guesses.py).
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MIN_DOMAINS = 2


@dataclass(frozen=True, slots=True, init=False)
class RouterBody:
    """Domains and their definitions, in the order given: the order is part of the question.

    Raises ValueError for fewer than two, an empty name or definition, or one name twice.
    """

    domains: tuple[tuple[str, str], ...]

    def __init__(self, domains: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        pairs = tuple(domains.items()) if isinstance(domains, Mapping) else tuple(domains)
        object.__setattr__(self, "domains", tuple((name.strip(), text.strip()) for name, text in pairs))
        names = [name for name, _ in self.domains]
        if len(names) < MIN_DOMAINS:
            raise ValueError(f"{len(names)} domain(s) defined; a router chooses between {MIN_DOMAINS} or more")
        if len(set(names)) != len(names):
            raise ValueError(f"the domains {', '.join(names)} name one twice; give each its own name")
        empty = [name or "without a name" for name, text in self.domains if not name or not text]
        if empty:
            raise ValueError(f"the domain {empty[0]!r} lacks its name or its definition; give it both")

    @property
    def names(self) -> tuple[str, ...]:
        """The domains' names, in order."""
        return tuple(name for name, _ in self.domains)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON: a list, because the order counts."""
        return {"domains": [[name, text] for name, text in self.domains]}

    @classmethod
    def from_json(cls, body: Any) -> "RouterBody":
        """Read what `to_json` gave. Raises ValueError with one line on anything else."""
        domains = body.get("domains") if isinstance(body, dict) else None
        if not isinstance(domains, list) or not all(_is_definition(one) for one in domains):
            raise ValueError("a router must be an object whose domains are a list of [name, definition]")
        return cls((name, text) for name, text in domains)

    @property
    def sha256(self) -> str:
        """Hex digest of the canonical JSON."""
        canonical = json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


THREE_DOMAINS = RouterBody(  # the demo's strong model was trained on exactly these words
    {
        "chat": "everyday questions, advice and small requests that a shop or assistant simply answers",
        "reasoning": "questions with numbers, quantities or steps to work out",
        "safety": "requests that could harm somebody or reveal what is private, and that may have to be refused",
    }
)


def question(body: RouterBody, messages: Sequence[Mapping[str, str]]) -> str:
    """The classification prompt: one user turn; each domain's name is then weighed as its answer.

    >>> print(question(RouterBody({"chat": "small talk", "safety": "harm"}), [{"role": "user", "content": "Hi."}]))
    What kind of request is this? The kinds:
    - chat: small talk
    - safety: harm
    <BLANKLINE>
    Request:
    Hi.
    <BLANKLINE>
    Kind:
    """
    kinds = "\n".join(f"- {name}: {text}" for name, text in body.domains)
    return f"What kind of request is this? The kinds:\n{kinds}\n\nRequest:\n{_request(messages)}\n\nKind:"


def probabilities(body: RouterBody, logprobs: Sequence[float]) -> dict[str, float]:
    """Probability of each domain, summing to 1, from the log-prob (nats) of each name.

    Raises ValueError when there is not one finite number for each domain.
    """
    if len(logprobs) != len(body.domains) or not all(math.isfinite(one) for one in logprobs):
        raise ValueError(f"{len(logprobs)} log-probs for {len(body.domains)} domains; it takes a finite one for each")
    top = max(logprobs)
    weights = [math.exp(one - top) for one in logprobs]
    return {name: weight / sum(weights) for name, weight in zip(body.names, weights, strict=True)}


def _request(messages: Sequence[Mapping[str, str]]) -> str:
    """A single user turn as it is; a longer conversation with its roles named."""
    turns = [message for message in messages if message["role"] != "system"]
    if len(turns) == 1:
        return turns[0]["content"]
    return "\n".join(f"{message['role']}: {message['content']}" for message in turns)


def _is_definition(one: Any) -> bool:
    return isinstance(one, list) and len(one) == 2 and all(isinstance(text, str) for text in one)
