"""The cases of a dataset, quickly: what people left open is kept until somebody answers again, the rest read anew.

Among many thousand answers the whole list takes a second; settling a case must not. Leaves out drawing.
"""

from __future__ import annotations

import streamlit as st

from services import adjudication
from services.adjudication import CaseRow
from ui import resources
from ui.people.read import Version, version_of


def cases_of(dataset_id: int, *, with_settled: bool) -> tuple[CaseRow, ...]:
    """The cases in file order, as they stand now; with the settled ones, if wanted."""
    settled = adjudication.adjudicated_ids(resources.sessions(), dataset_id=dataset_id)
    now = adjudication.cases(resources.sessions(), dataset_id=dataset_id, with_settled=True, item_ids=settled)
    touched = set(settled)
    kept = [row for row in _left_open(version_of(dataset_id)) if row.item_id not in touched]
    rows = sorted((*kept, *now), key=lambda row: row.position)
    return tuple(row for row in rows if with_settled or row.settled_at is None)


@st.cache_resource(show_spinner=False, max_entries=4)
def _left_open(version: Version) -> tuple[CaseRow, ...]:
    """Every case as it stood at some moment since the newest answer: right for items that nobody has settled."""
    return adjudication.cases(resources.sessions(), dataset_id=version[1], with_settled=True)
