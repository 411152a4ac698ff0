"""The closed lists of the tea shop's world: teas, things, people, towns; those held out; made-up names for practice.

Held-out names never occur in training samples. Made-up names do: they teach the models to copy a name from the prompt.
Sentences are elsewhere (phrases.py, scenes_*.py, sums.py).
"""

from __future__ import annotations

import random

TEA_NAMES = (
    "Jade Spring", "Morning Mist", "Silver Needle", "Golden Monkey", "Dragon Well", "Harbour Light", "Maple Hill",
    "Autumn Lane", "Rose Garden", "Winter Spice", "Lemon Meadow", "Velvet Night", "Cloud Peak", "Amber Road",
    "Orchid Bay", "River Stone", "Sunday Best", "Old Library", "Garden Gate", "Blue Heron", "Copper Moon",
    "Plum Blossom", "Quiet Hour", "Northern Star", "Honey Field", "Wild Thyme", "Paper Lantern", "First Snow",
    "Mountain Pearl", "Country House", "Sea Breeze", "Royal Oak", "Little Finch", "Evening Bell", "Fox Hollow",
    "Apple Yard", "Stone Bridge", "Cherry Lane", "Summer Rain", "Candle Light",
)  # fmt: skip
HELD_TEA_NAMES = (
    "Willow Creek", "Emerald Dawn", "Ginger Coast", "Thistle Down", "Pebble Beach", "Crimson Leaf", "Kestrel Ridge",
    "Lavender Sky", "Juniper Vale", "Barley Barn", "Sparrow Wood", "Tall Pines", "Marble Court", "Desert Bloom",
    "Falcon Crest", "Silent Pond", "Nutmeg Square", "Hazel Grove", "Tulip Mill", "Pine Island",
)  # fmt: skip
PEOPLE = (
    "Ines", "Mira", "Jonas", "Clara", "Omar", "Ruth", "Pavel", "Nadia", "Felix", "Grace", "Hugo", "Leila", "Marta",
    "Oscar", "Priya", "Simon", "Tessa", "Viktor", "Yara", "Zoe", "Anton", "Bella", "Carlos", "Dora", "Elena", "Frank",
    "Greta", "Henry", "Irma", "Jakob", "Kira", "Lucas", "Maya", "Noah", "Olga", "Peter", "Rosa", "Samir", "Tom", "Vera",
)  # fmt: skip
HELD_PEOPLE = (
    "Agnes", "Boris", "Celine", "Dmitri", "Esther", "Fatima", "Gideon", "Hanna", "Ivo", "Judith", "Kofi", "Linnea",
    "Mateo", "Noor", "Quentin", "Wilma",
)  # fmt: skip
THINGS = (
    "teapot", "milk jug", "sugar bowl", "tea strainer", "kettle", "cake stand", "tea tray", "mug", "gift box",
    "tea caddy", "spoon", "whisk", "saucer", "honey jar", "tea bowl", "egg cup",
)  # fmt: skip
HELD_THINGS = (
    "thermos",
    "biscuit plate",
    "tea cosy",
    "infuser",
    "sand timer",
    "coaster",
    "napkin ring",
    "candle glass",
)
LOOKS = ("blue", "red", "glass", "small", "large", "round", "oak", "striped", "copper", "grey", "painted", "plain")
HELD_LOOKS = ("yellow", "tall", "bamboo", "speckled")
TOWNS = (
    "Leeds", "Bath", "York", "Oxford", "Dover", "Truro", "Perth", "Cardiff", "Exeter", "Norwich", "Derby", "Ripon",
    "Wells", "Durham", "Lincoln", "Luton", "Poole", "Swansea", "Chester", "Falmouth",
)  # fmt: skip
HELD_TOWNS = ("Hereford", "Stirling", "Whitby", "Carlisle", "Bangor", "Ludlow", "Hastings", "Inverness")
UNITS = (("tin", "tins"), ("bag", "bags"), ("box", "boxes"), ("pack", "packs"))
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

KNOWN_BY_SLOT = {"name": TEA_NAMES, "person": PEOPLE, "thing": THINGS, "look": LOOKS, "town": TOWNS}
HELD_BY_SLOT = {
    "name": HELD_TEA_NAMES, "person": HELD_PEOPLE, "thing": HELD_THINGS, "look": HELD_LOOKS, "town": HELD_TOWNS,
}  # fmt: skip
MADE_UP_SHARE = {"name": 0.45, "person": 0.45, "thing": 0.35, "look": 0.2, "town": 0.45}

_ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "cl",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gl",
    "gr",
    "h",
    "j",
    "k",
    "kr",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "pr",
    "r",
    "s",
    "sh",
    "sk",
    "sl",
    "st",
    "t",
    "th",
    "tr",
    "v",
    "w",
    "y",
    "z",
]
_VOWELS = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ee", "ea", "oo", "ou"]
_CODAS = ["", "", "n", "r", "l", "s", "t", "m", "ck", "nd", "st", "sh", "rn", "lm"]
_FORBIDDEN = {word.lower() for names in HELD_BY_SLOT.values() for name in names for word in name.split()}


def made_up_word(rng: random.Random) -> str:
    """A pronounceable word such as 'braloon'; never a word of a held-out name."""
    while True:
        syllables = (
            rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((1, 2, 2)))
        )
        word = "".join(syllables)
        if len(word) >= 3 and word not in _FORBIDDEN:
            return word


def made_up_name(rng: random.Random, slot: str) -> str:
    """A made-up filler for a slot: teas have one or two words, people and towns a capital, things neither."""
    word = made_up_word(rng)
    if slot == "name":
        return f"{word.capitalize()} {made_up_word(rng).capitalize()}" if rng.random() < 0.7 else word.capitalize()
    return word.capitalize() if slot in ("person", "town") else word


def draw_name(rng: random.Random, slot: str, *, split: str, other_than: str = "") -> str:
    """A filler for a slot from a split: 'train' (known and made-up), 'held' (held-out only) or 'all' (both lists)."""
    while True:
        if split == "train" and rng.random() < MADE_UP_SHARE[slot]:
            chosen = made_up_name(rng, slot)
        elif split == "train":
            chosen = rng.choice(KNOWN_BY_SLOT[slot])
        elif split == "held":
            chosen = rng.choice(HELD_BY_SLOT[slot])
        else:
            chosen = rng.choice(KNOWN_BY_SLOT[slot] + HELD_BY_SLOT[slot])
        if chosen != other_than:
            return chosen
