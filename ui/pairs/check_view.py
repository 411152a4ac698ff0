"""A check on a screen: made behind a button, kept until the pair changes, shown with its facts and findings.

What it keeps is derived and can be had again. Leaves out words and HTML (check_words.py, html.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from services.pairs.check import PairCheck, check_pair
from ui import resources
from ui.pairs.html import check_html

if TYPE_CHECKING:
    from scoring.pairs import ModelPair

CHECKS = "pairs_checks"  # session key: what was checked -> what came of it
KEPT = 20


def make_check(pair: ModelPair, *, is_declared: bool) -> PairCheck:
    """Check now, with a line that says so; what this process's idle models hold counts as free."""
    with st.spinner("Reading configs and tokenizers; no weights are loaded …"):
        room = resources.model_room()
        check = check_pair(pair, is_declared=is_declared, held_bytes=room.stats().bytes_held)
    checks: dict[object, PairCheck] = st.session_state.setdefault(CHECKS, {})
    checks.pop(_key(pair, is_declared), None)
    checks[_key(pair, is_declared)] = check
    for old in list(checks)[:-KEPT]:
        del checks[old]
    return check


def kept_check(pair: ModelPair, *, is_declared: bool) -> PairCheck | None:
    """What a check of exactly these models said before; None when there was none."""
    found: PairCheck | None = st.session_state.get(CHECKS, {}).get(_key(pair, is_declared))
    return found


def show_check(check: PairCheck, *, key: str, is_boxed: bool = True) -> None:
    """The result, in a box of its own or within another."""
    with st.container(border=is_boxed, key=key):
        st.html(check_html(check))


def forget_check(pair: ModelPair, *, is_declared: bool) -> None:
    """Show it no longer."""
    st.session_state.get(CHECKS, {}).pop(_key(pair, is_declared), None)


def _key(pair: ModelPair, is_declared: bool) -> object:
    return (pair.name, pair.context, pair.licence, *_models(pair)) if is_declared else _models(pair)


def _models(pair: ModelPair) -> tuple[object, ...]:
    return (pair.strong, pair.weak, pair.template, pair.system_role)
