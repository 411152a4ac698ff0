"""The closed lists of the tea shop's world: teas, things, people, towns; those held out; made-up names for practice.

Held-out names never occur in training samples. Made-up names do: they teach the models to copy a name from the prompt.
Sentences are elsewhere (phrases.py, scenes_*.py, sums.py).
"""

from __future__ import annotations

import random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# A known tea name is any first word with any second word; a held-out one has words that no known name has.
TEA_FIRST_WORDS = _words(
    "Jade Morning Silver Golden Dragon Harbour Maple Autumn Rose Winter Lemon Velvet Cloud Amber Orchid River "
    "Sunday Old Garden Blue Copper Plum Quiet Northern Honey Wild Paper First Mountain Country Sea Royal Little "
    "Evening Fox Apple Stone Cherry Summer Candle Ivory Meadow Star Poppy Cedar Crystal Pepper Lantern Scarlet "
    "Misty Linden Swan Peach Vanilla Frost Lucky Gentle Mossy Opal Saffron Dune Violet Birch Clover Spring Heron "
    "Almond Fern Sugar Indigo"
)
TEA_SECOND_WORDS = _words(
    "Spring Mist Needle Monkey Well Light Hill Lane Garden Spice Meadow Night Peak Road Bay Stone Best Library Gate "
    "Moon Blossom Hour Star Field Thyme Snow Pearl House Breeze Oak Finch Bell Hollow Yard Bridge Rain Lantern "
    "Cottage Song Valley Window Feather Path Shore Tower Harvest Ribbon Corner Dream Orchard Mill Lake Kitchen "
    "Whisper"
)
HELD_TEA_NAMES = (
    "Willow Creek", "Emerald Dawn", "Ginger Coast", "Thistle Down", "Pebble Beach", "Crimson Leaf", "Kestrel Ridge",
    "Lavender Sky", "Juniper Vale", "Barley Barn", "Sparrow Wood", "Tall Pines", "Marble Court", "Desert Bloom",
    "Falcon Crest", "Silent Pond", "Nutmeg Quay", "Hazel Grove", "Tulip Cove", "Pine Island",
)  # fmt: skip
PEOPLE = _words(
    "Ines Mira Jonas Clara Omar Ruth Pavel Nadia Felix Grace Hugo Leila Marta Oscar Priya Simon Tessa Viktor Yara "
    "Zoe Anton Bella Carlos Dora Elena Frank Greta Henry Irma Jakob Kira Lucas Maya Noah Olga Peter Rosa Samir Tom "
    "Vera Adam Alice Amir Andrea Anna Astrid Ben Bruno Camila Cem Chloe Daniel David Diana Edith Emil Emma Erik Eva "
    "Flora George Hassan Helen Ida Igor Iris Ivan James Jana Joan Jose Julia Karim Karl Kate Laura Leo Lena Liam "
    "Lisa Louis Lucy Malik Mario Mark Max Mei Milan Mona Nico Nina Nora Olivia Paul Petra Rafael Rita Robert Sara "
    "Sofia Stefan Susan Tara Theo Tina Uma Ursula Walter Yusuf Zara"
)
HELD_PEOPLE = (
    "Agnes", "Boris", "Celine", "Dmitri", "Esther", "Fatima", "Gideon", "Hanna", "Ivo", "Judith", "Kofi", "Linnea",
    "Mateo", "Noor", "Quentin", "Wilma",
)  # fmt: skip
THINGS = (
    "teapot", "milk jug", "sugar bowl", "tea strainer", "kettle", "cake stand", "tea tray", "mug", "gift box",
    "tea caddy", "spoon", "whisk", "saucer", "honey jar", "tea bowl", "egg cup", "scoop", "napkin", "table cloth",
    "candle", "cream jug", "butter dish", "toast rack", "cookie jar", "tea chest", "drip mat", "clock", "notebook",
    "basket", "vase", "pot stand", "glass lid", "bread board", "lemon press", "jam jar", "flask", "apron",
    "tea towel", "cup", "plate", "filter", "tea ball", "warmer", "picture book", "tea light", "oven glove",
    "grater", "tongs",
)  # fmt: skip
HELD_THINGS = (
    "thermos", "biscuit barrel", "tea cosy", "infuser", "sand timer", "coaster", "pitcher", "corkscrew",
)  # fmt: skip
LOOKS = _words(
    "blue red glass small large round oak striped copper grey painted plain green white black brown silver golden "
    "china wooden iron clay square flat heavy light old new fine thick thin pretty dotted checked woven shiny dark "
    "pale little big wide pink purple cream rustic modern"
)
HELD_LOOKS = (
    "yellow", "tall", "bamboo", "speckled",
)  # fmt: skip
TOWNS = _words(
    "Leeds Bath York Oxford Dover Truro Perth Cardiff Exeter Norwich Derby Ripon Wells Durham Lincoln Luton Poole "
    "Swansea Chester Falmouth Ely Hull Bristol Cambridge Brighton Preston Oban Ayr Penzance Torquay Sheffield "
    "Bolton Dundee Elgin Kendal Lancaster Margate Newport Reading Salisbury Stafford Taunton Warwick Windsor "
    "Worcester Belfast Derry Rugby"
)
HELD_TOWNS = (
    "Hereford", "Stirling", "Whitby", "Carlisle", "Bangor", "Ludlow", "Hastings", "Inverness",
)  # fmt: skip
UNITS = (("tin", "tins"), ("bag", "bags"), ("box", "boxes"), ("pack", "packs"))
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

KNOWN_BY_SLOT = {
    "name": [*TEA_FIRST_WORDS, *TEA_SECOND_WORDS], "person": PEOPLE, "thing": THINGS, "look": LOOKS, "town": TOWNS,
}  # fmt: skip
HELD_BY_SLOT = {
    "name": HELD_TEA_NAMES, "person": HELD_PEOPLE, "thing": HELD_THINGS, "look": HELD_LOOKS, "town": HELD_TOWNS,
}  # fmt: skip
MADE_UP_SHARE = {"name": 0.3, "person": 0.25, "thing": 0.15, "look": 0.1, "town": 0.3}

_FRONTS = _words(
    "Ash Thorn Bram Fen Hol Wend Kel Mar Nor Pell Rav Sel Tam Wil Dun Cal Bel Ard Cor Dal Els Far Gil Har Ing Kirk "
    "Lam Mel Ost Pen Quar Ros Sand Thur Ul Ven Wex Yel Zan Bor Cham Dor Ever Fal Gar"
)
_BACKS = _words(
    "wick mere by ton ford dale ley brook worth combe field well stead more den ham low ridge gate burn holt mont "
    "etta ina or is an elle wyn ara isse ulf ando"
)
_ONSETS = _words("b br c ch cl d dr f fl g gl gr h j k l m n p pl pr r s sh sl st t th tr v w y z")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ee", "ea", "oo", "ou")
_CODAS = ("", "", "n", "r", "l", "s", "t", "m", "ck", "nd", "st", "sh", "rn")
_FORBIDDEN = {word.lower() for names in HELD_BY_SLOT.values() for name in names for word in name.split()}


def made_up_word(rng: random.Random) -> str:
    """A word such as 'ashmere' or (one in four) 'braloon'; never a word of a held-out name."""
    while True:
        word = (rng.choice(_FRONTS) + rng.choice(_BACKS)).lower()
        if rng.random() < 0.25:
            word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(2))
        if word not in _FORBIDDEN:
            return word


def _known_name(rng: random.Random, slot: str) -> str:
    if slot == "name":
        return f"{rng.choice(TEA_FIRST_WORDS)} {rng.choice(TEA_SECOND_WORDS)}"
    return rng.choice(KNOWN_BY_SLOT[slot])


def _made_up_name(rng: random.Random, slot: str) -> str:
    word = made_up_word(rng)
    if slot == "name":
        return f"{word.capitalize()} {made_up_word(rng).capitalize()}" if rng.random() < 0.6 else word.capitalize()
    return word.capitalize() if slot in ("person", "town") else word


def draw_name(rng: random.Random, slot: str, *, split: str, other_than: str = "") -> str:
    """A filler for a slot from a split: 'train' (known, some made-up), 'practice' (twice as many), 'held', 'all'."""
    times_made_up = {"train": 1, "practice": 2}.get(split, 0)
    while True:
        if times_made_up and rng.random() < times_made_up * MADE_UP_SHARE[slot]:
            chosen = _made_up_name(rng, slot)
        elif split in ("train", "practice") or (split == "all" and rng.random() < 0.5):
            chosen = _known_name(rng, slot)
        else:
            chosen = rng.choice(HELD_BY_SLOT[slot])
        if chosen != other_than:
            return chosen
