"""What is weighed: seeded token ids, the same for every tool, and the figure each case is to reach.

    n8_p512      one prompt of 512 tokens, 8 responses of 64-256 (n32_p512, n8_p2048 likewise)
    pairs24      24 prompts with 2 responses, nothing else shared
    criteria50   1,500 tokens of criteria shared by 50 items
    growth_N     N items for the growth curve (small models)

Ids only: no text is tokenized here. Standard library only, because every tool's interpreter imports it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

BOS = 1
FIRST_WORD = 6  # 0 pads, 1 begins, 2 ends, 3-5 are roles
LENGTHS = (64, 256)  # tokens of a response; the longest of a case has exactly 256
PAIR, SMALL_PAIR = "pair56m", "pair2m"
VOCABULARY = {PAIR: 32_000, SMALL_PAIR: 2_000}
Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A prompt and its candidates."""

    prompt: Ids
    responses: tuple[Ids, ...]


@dataclass(frozen=True, slots=True)
class Rival:
    """A tool to compare with. at_least: how many times faster we must be; memory_share: our peak over its peak."""

    tool: str
    at_least: float | None
    memory_share: float | None = None
    fixed: tuple[tuple[str, object], ...] = ()  # a setting the comparison asks for, instead of the best


@dataclass(frozen=True, slots=True)
class Case:
    """Items and who weighs them. parts: a rival's run k weighs only the k-th part of the items (a whole run would
    take it minutes); it shares nothing between items, so the median of the parts times their number is a whole run.
    """

    name: str
    title: str
    items: tuple[Item, ...]
    rivals: tuple[Rival, ...] = ()
    parts: int = 1
    checked_items: int | None = None  # how many are compared with the float64 loop; None: all
    tried_pairs: int = 8  # pairs of responses in the calibration of a batch size
    models: str = PAIR

    def part(self, k: int) -> tuple[int, int]:
        """First and last-but-one index of the items of part k (wrapping)."""
        size = len(self.items) // self.parts
        return (k % self.parts) * size, (k % self.parts + 1) * size


def _words(chance: random.Random, n: int, vocabulary: int) -> Ids:
    return tuple(chance.randrange(FIRST_WORD, vocabulary) for _ in range(n))


def _responses(chance: random.Random, n: int, vocabulary: int, lengths: tuple[int, int] = LENGTHS) -> tuple[Ids, ...]:
    return tuple(_words(chance, chance.randint(*lengths), vocabulary) for _ in range(n))


def _with_longest(items: list[Item], chance: random.Random, vocabulary: int) -> tuple[Item, ...]:
    """The last response of the first item gets the full length, so that the longest is the same in every case."""
    first = items[0]
    longest = _words(chance, LENGTHS[1], vocabulary)
    return (Item(first.prompt, (*first.responses[:-1], longest)), *items[1:])


def best_of(
    name: str,
    n: int,
    prompt_tokens: int,
    rivals: tuple[Rival, ...] = (),
    *,
    tried_pairs: int = 8,
    vocabulary: int = VOCABULARY[PAIR],
) -> Case:
    """One prompt with n candidates."""
    chance = random.Random(f"tare-bench-{name}")
    prompt = (BOS, *_words(chance, prompt_tokens - 1, vocabulary))
    items = _with_longest([Item(prompt, _responses(chance, n, vocabulary))], chance, vocabulary)
    return Case(name, f"N={n}, prompt {prompt_tokens:,}", items, rivals, tried_pairs=tried_pairs)


def n8_p512() -> Case:
    """One prompt, eight candidates."""
    rivals = (Rival("rewardbench", 4, 1 / 9), Rival("lm_eval", 3.5), Rival("vllm", 4))
    return best_of("n8_p512", 8, 512, rivals)


def n32_p512() -> Case:
    """One prompt, 32 candidates."""
    rivals = (
        Rival("rewardbench", 6.5, 1 / 20), Rival("lm_eval", 5.5), Rival("trl", 4), Rival("trl_fused", None),
        Rival("vllm", 4),
    )  # fmt: skip
    return best_of("n32_p512", 32, 512, rivals)


def n8_p2048() -> Case:
    """A long prompt."""
    return best_of("n8_p2048", 8, 2048, (Rival("rewardbench", 13, 1 / 19),), tried_pairs=4)


def pairs24() -> Case:
    """Unrelated pairs in arrival order: nothing is shared but the pair's own prompt."""
    chance, size = random.Random("tare-bench-pairs24"), VOCABULARY[PAIR]
    items = [
        Item((BOS, *_words(chance, chance.randint(64, 1024) - 1, size)), _responses(chance, 2, size)) for _ in range(24)
    ]
    rivals = (Rival("rewardbench", 3, 1 / 4, fixed=(("pairs", 8),)),)
    title = "24 unrelated pairs, prompts of 64-1,024"
    return Case("pairs24", title, _with_longest(items, chance, size), rivals, checked_items=12)


def criteria50() -> Case:
    """Criteria of 1,500 tokens that 50 items share, as a domain's items do."""
    chance, size = random.Random("tare-bench-criteria50"), VOCABULARY[PAIR]
    criteria = (BOS, *_words(chance, 1499, size))
    items = [Item((*criteria, *_words(chance, 100, size)), _responses(chance, 4, size)) for _ in range(50)]
    return Case(
        "criteria50",
        "criteria of 1,500 shared by 50 items x 4, prompts of 100",
        _with_longest(items, chance, size),
        (Rival("rewardbench", 12),),
        parts=10,
        checked_items=2,
        tried_pairs=4,
    )


def growth(n: int) -> Case:
    """N items of five domains: 60 tokens of criteria a domain, prompts of 16-48, two responses of 16-48."""
    chance, size = random.Random("tare-bench-growth"), VOCABULARY[SMALL_PAIR]
    criteria = [(BOS, *_words(chance, 59, size)) for _ in range(5)]
    items = tuple(
        Item(
            (*chance.choice(criteria), *_words(chance, chance.randint(16, 48), size)),
            _responses(chance, 2, size, (16, 48)),
        )
        for _ in range(n)
    )
    return Case(f"growth_{n}", f"{n:,} items", items, checked_items=0, models=SMALL_PAIR)


CASES: dict[str, Callable[[], Case]] = {
    made.__name__: made for made in (n8_p512, n32_p512, n8_p2048, pairs24, criteria50)
}


def make_case(name: str) -> Case:
    """The case of that name, or ValueError with those there are."""
    if name.startswith("growth_"):
        return growth(int(name.removeprefix("growth_")))
    if name not in CASES:
        raise ValueError(f"there is no case {name!r}; there are {', '.join(CASES)} and growth_N")
    return CASES[name]()
