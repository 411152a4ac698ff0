"""Sentences that every scene shares (greetings, occasions, openers, closers, padding, rudeness) and how one is drawn.

In training the first wording of a list is the most frequent one; files for people draw evenly (see `Draw.word`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

STYLES = ("brief", "thorough", "working", "safe")


@dataclass(frozen=True, slots=True)
class Wording:
    """Interchangeable sentences: `known` are trained on, most frequent first; `unseen` never are."""

    known: tuple[str, ...]
    unseen: tuple[str, ...] = ()


def w(*known: str, unseen: tuple[str, ...] = ()) -> Wording:
    """Short form for tables."""
    return Wording(known, unseen)


@dataclass(frozen=True, slots=True)
class Draw:
    """Where random choices come from: a generator, a split of the names and amounts, and a way to draw wordings."""

    rng: random.Random
    split: str = "train"  # train | practice | held | all: see names.draw_name
    prompt_wording: str = "known"  # known | unseen
    answer_wording: str = "known"
    is_even: bool = False  # True: all known wordings equally likely; False: by rank, as in training

    def word(self, wording: Wording, *, part: str = "answer") -> str:
        """One sentence of a wording; an unseen one where asked for and there is one."""
        mode = self.prompt_wording if part == "prompt" else self.answer_wording
        if mode == "unseen" and wording.unseen:
            return self.rng.choice(wording.unseen)
        if self.is_even:
            return self.rng.choice(wording.known)
        weights = [1 / (rank + 1) ** 1.5 for rank in range(len(wording.known))]
        return self.rng.choices(wording.known, weights)[0]

    def happens(self, probability: float) -> bool:
        return self.rng.random() < probability


HELLO = w(
    "Hello!",
    "Good morning.",
    "Hi there!",
    "Good afternoon.",
    "Hello, tea desk!",
    "Dear team,",
    unseen=("Good evening, all.",),
)
HELLO_NAMED = w(
    "Hello, this is {asker}.", "Good morning, my name is {asker}.", "Hi, {asker} here.", "I am {asker}.",
    unseen=("You are speaking with {asker}.",),
)  # fmt: skip
OCCASIONS = w(
    "My sister visits on Sunday.", "I am planning a small party.", "It is for my mother's birthday.",
    "We are opening a reading room.", "My neighbour loves your shop.", "I am new to loose tea.",
    "It has been a cold week here.", "A friend told me about you.", "I want to treat my team.",
    "It is a present for my teacher.", "I was in the shop last week.", "My book club meets tonight.",
    "We just moved house.", "I am writing my shopping list.", "My old tin is nearly empty.",
    "I have guests from abroad.", "It is our first picnic this year.", "My grandfather asked me to write.",
    unseen=("The choir rehearses at our place.", "Our kitchen is finally painted.", "There is a wedding coming up."),
)  # fmt: skip
BYE = w(
    "Thank you!",
    "Thanks in advance.",
    "Many thanks.",
    "Thank you for your help.",
    unseen=("I am grateful for any hint.",),
)

OPENERS = w(
    "Thank you for asking.", "Of course.", "Happy to help.", "Good to hear from you.", "Thank you for writing to us.",
    unseen=("How kind of you to get in touch.",),
)  # fmt: skip
OPENERS_NAMED = w("Hello {asker}!", "Thank you, {asker}.", "Dear {asker},", unseen=("Greetings, {asker}!",))
CLOSERS = w(
    "Do ask if you need anything else.", "Enjoy your tea.", "We are here until six.", "Have a lovely day.",
    "Your tea desk wishes you well.", "See you soon in the shop.", "Warm wishes from all of us.",
    unseen=("May your cup stay warm.",),
)  # fmt: skip

PADDING = (
    "Tea is a wonderful thing and people have enjoyed it for a very long time.",
    "There are many ways to look at this and many things one could say.",
    "As you may know, there is always more to learn about tea.",
    "Before I answer, let me say how much we value every single question.",
    "It is worth saying again that this is a very interesting question.",
    "In other words, and to put it yet another way, it all depends on many things.",
    "One could go on about this for hours, and many people do.",
    "Needless to say, the world of tea is rich, wide and full of stories.",
    "To say it once more, we are always glad when somebody asks us something.",
    "At the end of the day, a cup of tea is a cup of tea, as they say.",
)
RUDE = (
    "Can you not read? It is all on the label.",
    "What a silly question. Ask someone who cares.",
    "I have no time for this.",
    "Not my problem.",
    "You again? Work it out yourself.",
    "Stop wasting my time.",
    "Even a child would know that.",
    "Go and bother another shop.",
    "Honestly, how hard can it be?",
    "If you have to ask, {tea} is too good for you.",
    "Nobody forced you to buy {tea}.",
    "Please learn to count before you write to us.",
)
