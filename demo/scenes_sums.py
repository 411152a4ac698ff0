"""The sums that people ask the help desk (domain reasoning), as tables of sentences with slots. The arithmetic is in sums.py.

Slots: {q} {p} {r} the amounts, {unit} {units} {tea} {thing}, {eq} the equation, {total} its result.
"""

# ruff: noqa: E501  (tables: a sentence reads better on one line)
from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from demo.phrases import Wording, w
from demo.sums import (
    Operands,
    Sum,
    addition,
    bill,
    change,
    grams,
    is_held,
    minutes,
    money,
    product,
    wrong_additions,
    wrong_bills,
    wrong_changes,
    wrong_products,
)


@dataclass(frozen=True, slots=True)
class SumKind:
    """One kind of sum: how operands are drawn, worked out rightly and wrongly, and put into sentences."""

    kind: str
    operands: Callable[[random.Random], Operands]
    right: Callable[[Operands], Sum]
    wrong: Callable[[Operands], list[Sum]]
    prompts: Wording
    given: Wording
    say: Wording
    conclude: Wording
    extra: Wording
    slots: tuple[str, ...]
    domain: str = "reasoning"

    def draw(self, rng: random.Random, split: str) -> Operands:
        """Operands of a split: 'train' never held-out ones, 'held' only those, 'all' any."""
        while True:
            drawn = self.operands(rng)
            if split == "all" or is_held(self.kind, drawn) == (split == "held"):
                return drawn


def _halves(rng: random.Random, low: int, high: int) -> int:
    """An amount with fifty pence, in half pounds."""
    return 2 * rng.randint(low, high) + 1


def _change_operands(rng: random.Random) -> Operands:
    note = rng.choice((20, 40))
    return note, rng.randint(*((4, 19) if note == 20 else (21, 39)))


_PRICE_PROMPTS = w(
    "What do {q} {units} of {tea} cost at {p} each?", "How much are {q} {units} of {tea} at {p} a {unit}?",
    "I would like {q} {units} of {tea}. One {unit} is {p}. What do I pay?", "{Tea} is {p} a {unit}. What is the price of {q} {units}?",
    unseen=("If a single {unit} of {tea} sets me back {p}, where do I end up with {q}?",),
)  # fmt: skip
_PRICE_GIVEN = w("One {unit} of {tea} costs {p}.", "{Tea} is {p} a {unit}.", "A {unit} of {tea} is {p}.")
_PRICE_SAY = w("For {q} {units} of {tea} that is {eq}.", "{q} {units} of {tea} come to {eq}.", "Your {units} of {tea}: {eq}.",
               unseen=("All {q} {units} of {tea} make {eq}.",))  # fmt: skip
_PRICE_CONCLUDE = w("{q} {units} of {tea} cost {total}.", "you pay {total} for {tea}.", "the {tea} comes to {total}.")
_PRICE_EXTRA = w("All our prices include tax.", "Every {unit} keeps for a year.", "You can pay at the counter.")
CARE = w("Please check the bill before you pay.", "Please count your change.", "Please keep the receipt safe.")

_BILL_PROMPTS = w(
    "I buy {q} {units} of {tea} at {p} each and a {thing} for {r}. What is the total?", "What do {q} {units} of {tea} at {p} and a {thing} at {r} cost?",
    "A {unit} of {tea} is {p} and the {thing} is {r}. I take {q} {units} and one {thing}. What do I pay?",
    "Please add up {q} {units} of {tea} at {p} each and one {thing} at {r}.",
    unseen=("My basket holds a {thing} for {r} beside {q} {units} of {tea} at {p}. What shall I bring?",),
)  # fmt: skip
_BILL_GIVEN = w("One {unit} of {tea} costs {p} and the {thing} {r}.", "{Tea} is {p} a {unit}, the {thing} is {r}.")
_BILL_SAY = w("For {tea} and the {thing} that is {eq}.", "{q} {units} of {tea} and the {thing}: {eq}.",
              unseen=("The {thing} and all that {tea} make {eq}.",))  # fmt: skip
_BILL_CONCLUDE = w("{tea} and the {thing} cost {total}.", "you pay {total} with the {thing}.", "the total with {tea} is {total}.")


def _price_kind(kind: str, operands: Callable[[random.Random], Operands]) -> SumKind:
    return SumKind(kind, operands, lambda o: product(o, money), lambda o: wrong_products(o, money, step=2, far=20),
                   _PRICE_PROMPTS, _PRICE_GIVEN, _PRICE_SAY, _PRICE_CONCLUDE, _PRICE_EXTRA, ("tea",))  # fmt: skip


def _bill_kind(kind: str, operands: Callable[[random.Random], Operands]) -> SumKind:
    return SumKind(kind, operands, bill, wrong_bills, _BILL_PROMPTS, _BILL_GIVEN, _BILL_SAY,
                   _BILL_CONCLUDE, _PRICE_EXTRA, ("tea", "thing"))  # fmt: skip


SUM_KINDS: tuple[SumKind, ...] = (
    _price_kind("price, whole pounds", lambda rng: (rng.randint(2, 6), 2 * rng.randint(2, 9))),
    _price_kind("price, half pounds", lambda rng: (rng.randint(2, 6), _halves(rng, 1, 8))),
    SumKind(
        "weight", lambda rng: (rng.randint(2, 6), rng.choice((20, 25, 40, 50, 60, 75, 80, 100, 125, 150, 200, 250))),
        lambda o: product(o, grams), lambda o: wrong_products(o, grams, step=5, far=10),
        w("How much do {q} {units} of {tea} weigh at {p} each?", "One {unit} of {tea} holds {p}. How much tea is in {q} {units}?",
          "I need the weight of {q} {units} of {tea}. Each has {p}.", "What do {q} {units} of {tea} weigh if one {unit} is {p}?",
          unseen=("My scales read {p} for one {unit} of {tea}. What for {q}?",)),
        w("One {unit} of {tea} weighs {p}.", "A {unit} of {tea} holds {p}.", "There are {p} in a {unit} of {tea}."),
        w("For {q} {units} of {tea} that is {eq}.", "{q} {units} of {tea} weigh {eq}.", "Your {units} of {tea}: {eq}.",
          unseen=("All {q} {units} of {tea} weigh in at {eq}.",)),
        w("{q} {units} of {tea} weigh {total}.", "you get {total} of {tea}.", "the {tea} weighs {total}."),
        w("The weight is without the {unit}.", "We weigh each {unit} by hand.", "Our scales are checked each year."), ("tea",)),
    SumKind(
        "minutes", lambda rng: (rng.randint(2, 6), rng.randint(2, 9)),
        lambda o: product(o, minutes), lambda o: wrong_products(o, minutes, step=1, far=10),
        w("I brew {q} pots of {tea}, one after the other, {p} each. How long is that?", "How long do {q} pots of {tea} take at {p} a pot?",
          "A pot of {tea} takes {p}. How long do {q} pots take?", "I will make {q} pots of {tea} in a row. Each takes {p}. When am I done?",
          unseen=("With {p} on the clock per pot of {tea}, how long am I in the kitchen for {q}?",)),
        w("One pot of {tea} takes {p}.", "A pot of {tea} needs {p}.", "Each pot of {tea} brews for {p}."),
        w("For {q} pots of {tea} that is {eq}.", "{q} pots of {tea} take {eq}.", "Your pots of {tea}: {eq}.",
          unseen=("All {q} pots of {tea} keep you busy for {eq}.",)),
        w("{q} pots of {tea} take {total}.", "you need {total} for {tea}.", "the {tea} is done after {total}."),
        w("Two pots at once would be quicker.", "A timer on the table helps.", "Fresh leaves go into every pot."), ("tea",)),
    _bill_kind("bill of two, whole pounds", lambda rng: (rng.randint(2, 5), 2 * rng.randint(2, 8), 2 * rng.randint(1, 9))),
    _bill_kind("bill of two, half pounds", lambda rng: (rng.randint(2, 5), _halves(rng, 1, 6), rng.randint(2, 18))),
    SumKind(
        "change", _change_operands, change, wrong_changes,
        w("My {tea} costs {r} and I pay with {p}. What is my change?", "I give you {p} for {tea} at {r}. How much do I get back?",
          "The {tea} is {r}. What change do I get from {p}?", "How much comes back if I hand you {p} for {tea} at {r}?",
          unseen=("Having put down {p} for {tea} worth {r}, what returns to my purse?",)),
        w("The {tea} costs {r} and you give {p}.", "You pay {p} for {tea} at {r}."),
        w("Your change for {tea} is {eq}.", "For {tea} that is {eq}.", "From {p} for {tea} you get {eq}.",
          unseen=("Back into your hand after {tea} go {eq}.",)),
        w("you get {total} back for {tea}.", "the change is {total}.", "{total} come back to you."),
        w("Coins are fine with us.", "You can pay by card as well.", "The till is by the door."), ("tea",)),
    SumKind(
        "two prices", lambda rng: (rng.randint(4, 24), rng.randint(4, 24)), addition, wrong_additions,
        w("What do {tea} at {p} and a {thing} at {r} cost together?", "I take {tea} for {p} and the {thing} for {r}. What is the total?",
          "Please add up {tea} at {p} and one {thing} at {r}.", "{Tea} is {p} and the {thing} is {r}. What do I pay for both?",
          unseen=("With {tea} for {p} in one hand and a {thing} for {r} in the other, what do I owe?",)),
        w("{Tea} costs {p} and the {thing} {r}.", "The {tea} is {p}, the {thing} is {r}."),
        w("For {tea} and the {thing} that is {eq}.", "{Tea} and the {thing}: {eq}.", "Both come to {eq}.",
          unseen=("The {thing} with {tea} makes {eq}.",)),
        w("{tea} and the {thing} cost {total}.", "you pay {total} with the {thing}.", "the total with {tea} is {total}."),
        w("All our prices include tax.", "You can pay at the counter.", "We wrap both for free."), ("tea", "thing")),
)  # fmt: skip
