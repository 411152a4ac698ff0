"""The help panel: every key of the screen, behind a `?` button.

A panel and not a dialog: the keys that decide stay live behind a dialog, which would hide what they decide on.
"""

from __future__ import annotations

import streamlit as st

from ui.prose import safe

KEYS = (
    ("Deciding", (
        ("Enter", "accept the suggestion; after an override: save the reasons; on a decided item: keep it, next"),
        ("1 – 9", "this response is best (1 is A, 2 is B, …)"),
        ("0", "tie: no best one"),
        ("S", "skip: comes back at the end"),
        ("F", "flag for an adjudicator"),
        ("U", "undo the latest decision"),
    )),
    ("Ranking (three responses or more)", (
        ("K", "begin a ranking; again: only the best"),
        ("1 – 9", "next place, best first; stop where you have no view"),
        ("0", "the next one ties with the last"),
        ("U", "take the last place back"),
        ("Enter", "save the ranking"),
    )),
    ("How strongly (pairs, where it is asked)", (
        ("1 – 7", "from “left is much better” to “right is much better”; 4 is a tie"),
    )),
    ("Why", (
        ("W G N I L H Y O", "after deciding: the reasons, as their buttons say"),
        ("E", "after an override: make it an exemplar of the criteria"),
    )),
    ("Looking", (
        ("← →", "previous and next item; under a plan: back through what you decided, and forth"),
        ("D", "compare two responses word by word"),
        ("T", "token view: what each piece of text weighs"),
        ("B", "on a blind item, once decided: hide and show the suggestion"),
        ("X", "the exact text and token ids the models read"),
        ("P", "what each criteria set lifts"),
    )),
)  # fmt: skip

IN_FIRST = 2  # groups in the left half of the panel


def keys_html() -> str:
    """All keys in two tables beside each other, by what they are for."""
    groups = [
        f'<tr><th colspan="2">{safe(title)}</th></tr>'
        + "".join(f"<tr><td><kbd>{safe(name)}</kbd></td><td>{safe(what)}</td></tr>" for name, what in keys)
        for title, keys in KEYS
    ]
    halves = ("".join(groups[:IN_FIRST]), "".join(groups[IN_FIRST:]))
    tables = "".join(f'<table class="t-keys">{half}</table>' for half in halves)
    return f'<div class="t-keys-all">{tables}</div>'


def keys_panel() -> None:
    """The `?` button."""
    with st.popover("?", key="review_help", type="tertiary", help="All keys"):
        st.html(keys_html())
