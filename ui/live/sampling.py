"""The small form for sampling: how many responses, by which model of the pair, how hot, how long, which seed."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from services.pairs.catalogue import PairRow
from ui.live import state
from ui.panels import pressed

SOURCE_WORDS = {"both": "both", "strong": "the strong", "weak": "the weak"}
SAMPLE_LIMIT, TOKEN_LIMIT = 8, 512


@dataclass(frozen=True, slots=True)
class Sampling:
    """What was asked for."""

    n: int
    source: str
    temperature: float
    max_new_tokens: int
    seed: int


def show_sampling(pair: PairRow, *, is_ready: bool) -> Sampling | None:
    """The form; what was asked for when its button was pressed, else None."""
    with st.expander("Sample responses from the pair's models"):
        one, two, three, four = st.columns(4)
        n = one.number_input("How many", 1, SAMPLE_LIMIT, 4, key="live_n")
        temperature = two.number_input("Temperature", 0.0, 2.0, 0.7, 0.1, key="live_temperature")
        limit = min(TOKEN_LIMIT, max(16, pair.context // 2))
        longest = three.number_input("Tokens at most", 8, limit, min(128, limit), 8, key="live_length")
        seed = four.number_input(
            "Seed", 0, 2**31 - 1, 0, key="live_seed", help="The same seed gives the same responses."
        )
        source = st.radio(
            "Written by", list(SOURCE_WORDS), key="live_source", format_func=SOURCE_WORDS.get, horizontal=True
        )
        room = state.BOX_LIMIT - len(state.responses())
        is_pressed = pressed(
            "Sample and weigh", key="live_sample", icon=":material/casino:", is_disabled=not is_ready or room < 1
        )
    if not is_pressed:
        return None
    return Sampling(min(int(n), room), str(source), float(temperature), int(longest), int(seed))
