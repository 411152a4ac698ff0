"""Look here again: undecided suggestions most like overridden ones, and decisions at odds with their neighbours.

Computed when it is asked for and kept until somebody decides again. Prompts are untrusted: escaped, cut short.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from services.datasets import DatasetRow
from services.influence import AtOdds, LikeOverridden, LookAgain, look_again
from services.people.answers import newest_answer
from services.run_rows import RunRow
from ui import frame, resources
from ui.prose import safe
from ui.wording import count

SHOWN = 10
PROMPT_SHOWN = 110  # characters
State = tuple[str, int, int, int]  # database, dataset, run, newest answer


def show_again(dataset: DatasetRow, run: RunRow) -> None:
    """Both lists behind a panel: comparing texts takes seconds on a large dataset."""
    with st.expander("Look here again", key="insights_again", on_change="rerun", icon=":material/replay:") as panel:
        if not panel.open:
            return
        newest = newest_answer(resources.sessions(), dataset_id=dataset.dataset_id)
        found = _found((resources.database_url(), dataset.dataset_id, run.run_id, newest))
        st.caption(
            f"By likeness of texts, from {count(found.n_overridden, 'overridden item')} and "
            f"{count(found.n_agreed, 'accepted one')}. A hint where to look, no sample: it narrows no bound."
            + (f" {found.n_left_out:,} undecided suggestions were not compared." if found.n_left_out else "")
        )
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**Undecided, and most like overridden ones**")
            _list([_like(one) for one in found.like_overridden[:SHOWN]], _why_no_like(found), dataset, run)
        with right:
            st.markdown("**Decided, and at odds with what is most like it**")
            _list([_odds(one) for one in found.at_odds[:SHOWN]], "Decisions on like items agree so far.", dataset, run)


@st.cache_resource(show_spinner="Comparing texts…", max_entries=8)
def _found(state: State) -> LookAgain:
    return look_again(resources.sessions(), dataset_id=state[1], run_id=state[2], n=SHOWN)


def _why_no_like(found: LookAgain) -> str:
    return (
        "Nothing was overridden yet."
        if not found.n_overridden
        else "No undecided suggestion is like an overridden one."
    )


def _like(one: LikeOverridden) -> tuple[int, int, str, str]:
    near = f"like item {one.nearest_position + 1:,} (likeness {one.likeness:.2f})"
    reason = f", overridden for: {one.reason}" if one.reason else ""
    return one.item_id, one.position, one.prompt, near + reason


def _odds(one: AtOdds) -> tuple[int, int, str, str]:
    here = "accepted here" if one.agrees else "overridden here"
    others = "overridden" if one.agrees else "accepted"
    near = f"nearest: item {one.nearest_position + 1:,}, likeness {one.likeness:.2f}"
    return (
        one.item_id,
        one.position,
        one.prompt,
        f"{here}, {one.n_other} of {one.n_neighbours} like it {others}; {near}",
    )


def _list(rows: Sequence[tuple[int, int, str, str]], nothing: str, dataset: DatasetRow, run: RunRow) -> None:
    if not rows:
        st.caption(nothing)
        return
    lines = []
    for item_id, position, prompt, why in rows:
        query = urlencode(frame.link_query(dataset=dataset.name, run=run.run_id, item=item_id))
        words = " ".join(prompt.split())
        shown = words if len(words) <= PROMPT_SHOWN else words[: PROMPT_SHOWN - 1] + "…"
        lines.append(
            f'<div class="t-again"><a href="review?{safe(query)}" target="_self">{position + 1:,}</a>'
            f'<div><div dir="auto">{safe(shown)}</div><div class="t-muted">{safe(why)}</div></div></div>'
        )
    st.html("".join(lines))
