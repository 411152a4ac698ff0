"""The frame round every screen: the table of pages, the way in, the choices that screens share, errors in one line.

    st.session_state["frame_dataset"]   and  ?dataset=   the dataset in hand (name or id)
    st.session_state["frame_run"]       and  ?run=       the run in hand (id)
    st.session_state["frame_as"]        and  ?as=        who is deciding

The URL wins over the session, so that a link means what it says; a page opened without them gets the session's back in
its URL, so that a refresh loses nothing. Leaves out what is cached (resources.py) and the pickers (pickers.py).
"""

from __future__ import annotations

import logging
import os
import re
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from services.annotators import NAME_LIMIT
from services.errors import ServiceError
from ui import resources

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent

REVIEW, DATASETS, RUNS = "pages/review.py", "pages/datasets.py", "pages/runs.py"
INSIGHTS, LIVE = "pages/insights.py", "pages/live.py"
PAIRS = "pages/pairs.py"
CRITERIA = "pages/criteria.py"
DOMAINS = "pages/domains.py"
BENCHMARKS = "pages/benchmarks.py"
AUDIT = "pages/audit.py"
PEOPLE, ADJUDICATE = "pages/people.py", "pages/adjudicate.py"

DATASET, RUN, ANNOTATOR = "dataset", "run", "as"  # names in the URL of what every screen shares
SHARED = (DATASET, RUN, ANNOTATOR)
ITEM, ONLY = "item", "only"  # in the URL of Review only
PLAN, QUEUE = "plan", "queue"  # in the URL of Review and Audit: the plan; of Review: skipped or flagged ones only
FILTERS = ("find", "domain", "subset", "margin", "verdict", "by", "reason", "source", "label", ONLY)  # filter_query.py
OF_DATASET = (RUN, ITEM, PLAN, QUEUE, *FILTERS)  # what another dataset makes meaningless
PAIR = "pair"  # in a link to Runs: the pair to begin with


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A line in the table of pages. Pages of one group share a menu; a page without one stands in the bar itself."""

    path: str
    title: str
    icon: str
    group: str = ""


MODELS, PEOPLE_GROUP, CRITERIA_GROUP = "Models", "People", "Criteria"  # menus of the bar

PAGES = (
    PageEntry(REVIEW, "Review", ":material/rate_review:"),
    PageEntry(DATASETS, "Datasets", ":material/dataset:"),
    PageEntry(RUNS, "Runs", ":material/balance:"),
    PageEntry(AUDIT, "Audit", ":material/verified:"),
    PageEntry(INSIGHTS, "Insights", ":material/insights:"),
    PageEntry(LIVE, "Live", ":material/edit_note:"),
    PageEntry(PEOPLE, "People", ":material/group:", PEOPLE_GROUP),
    PageEntry(ADJUDICATE, "Adjudicate", ":material/gavel:", PEOPLE_GROUP),
    PageEntry(CRITERIA, "Criteria", ":material/tune:", CRITERIA_GROUP),
    PageEntry(DOMAINS, "Domains", ":material/category:", CRITERIA_GROUP),
    PageEntry(PAIRS, "Pairs", ":material/compare_arrows:", MODELS),
    PageEntry(BENCHMARKS, "Benchmarks", ":material/leaderboard:", MODELS),
)

MARKS = re.compile(r"([\\`*_{}\[\]()#+.!|~<>$&-])")  # what Markdown reads
COLON = "\N{MODIFIER LETTER COLON}"  # looks alike; Streamlit reads :red[...], :material/...: and :smile: anywhere
ABOUT = (
    "**Tare**, a review desk for AI-made preference labels. Every response is weighed by a strong and by a weak "
    "language model; people decide what to keep."
)

_is_through_app: ContextVar[bool] = ContextVar("is_through_app", default=False)


def run_app() -> None:
    """Everything app.py does: navigation, look, worker, then the page; an error becomes one line."""
    page = _navigation()
    st.html(ROOT / "ui" / "desk.css")
    token = _is_through_app.set(True)
    try:
        resources.start_worker()
        page.run()
    except resources.DATABASE_ERRORS as error:
        LOG.exception("the database failed")
        st.error(
            _as_line(f"{resources.database_line(error)} Nothing you decided before is lost. Then reload this page.")
        )
    except ServiceError as error:
        st.error(_as_line(str(error)))
    finally:
        _is_through_app.reset(token)


def _navigation() -> st.Page:
    """The table of pages. The tab's icon is set first: else Streamlit fetches the page's icon from a font server."""
    icon = str(ROOT / "ui" / "tare.svg")
    st.set_page_config(page_title="Tare", page_icon=icon, layout="wide", menu_items={"About": ABOUT})
    groups: dict[str, list[st.Page]] = {"": [_home_page()]}
    for entry in PAGES:
        groups.setdefault(entry.group, []).append(_page(entry))
    return st.navigation(groups, position="top")


def _page(entry: PageEntry) -> st.Page:
    return st.Page(entry.path, title=entry.title, icon=entry.icon)


def _home_page() -> st.Page:
    """`/` itself: sends on to /review, because the default page of a navigation cannot be reached by its own name."""
    return st.Page(_go_to_review, title="Tare", default=True, visibility="hidden")


def _go_to_review() -> None:
    st.switch_page(REVIEW, query_params=_query())


def open_page(path: str) -> None:
    """First line of every page: makes sure that app.py ran, then settles the shared choices. May be called twice.

    On a fresh server Streamlit runs a deep-linked page without app.py, until somebody has called st.navigation. So such
    a visitor's run does just that and begins again, now through app.py, at the same page with the same query.
    """
    if not _is_through_app.get():
        _navigation()
        st.rerun()
    for name in SHARED:
        if name in st.query_params:
            st.session_state[f"frame_{name}"] = st.query_params[name]
        elif f"frame_{name}" in st.session_state:
            st.query_params[name] = st.session_state[f"frame_{name}"]


def _query() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def chosen(name: str) -> str | None:
    """The shared choice of that name (DATASET, RUN, ANNOTATOR), as text; None when nobody chose."""
    value = st.session_state.get(f"frame_{name}")
    return str(value) if value else None


def choose(name: str, value: object | None) -> None:
    """Sets a shared choice in the session and the URL; None forgets it. Another dataset forgets all that is of one.

    The URL changes once: each change is a step of the browser's history, and none may name half of a choice.
    """
    query = st.query_params.to_dict()
    if name == DATASET and chosen(DATASET) not in (None, str(value)):
        st.session_state.pop(f"frame_{RUN}", None)
        query = {other: text for other, text in query.items() if other not in OF_DATASET}
    if name == RUN and chosen(RUN) != str(value):
        query.pop(PLAN, None)  # a plan is of one run
    if value is None:
        st.session_state.pop(f"frame_{name}", None)
        query.pop(name, None)
    else:
        st.session_state[f"frame_{name}"] = query[name] = str(value)
    if query != st.query_params.to_dict():
        st.query_params.from_dict(query)


def go(path: str, **query: object) -> None:
    """Moves to another page, shared choices kept; `query` adds to them or changes them."""
    st.switch_page(path, query_params=link_query(**query))


def link_query(**query: object) -> dict[str, str]:
    """The query a link to another page carries: the shared choices, and what is given."""
    kept = {name: value for name in SHARED if (value := chosen(name)) is not None}
    return kept | {name: str(value) for name, value in query.items() if value is not None}


def annotator() -> str:
    """Who is deciding: the URL's `as`, else TARE_ANNOTATOR, else "me"."""
    named = chosen(ANNOTATOR) or os.environ.get("TARE_ANNOTATOR", "")
    return "".join(letter for letter in named if letter.isprintable()).strip()[:NAME_LIMIT].strip() or "me"


def number(text: str) -> int | None:
    """An id from a URL; None for what cannot be one (SQLite and PostgreSQL hold 63 bits).

    >>> number("12"), number("-1"), number("x"), number("9" * 30)
    (12, None, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def page_link(path: str, label: str, /, **query: object) -> None:
    """A link to another page with the shared choices in its address; `query` adds to them or changes them."""
    st.page_link(path, label=label, query_params=link_query(**query), icon=":material/arrow_forward:")


def empty_state(
    title: str, text: str, *, key: str, link: str | None = None, label: str = "", **query: object
) -> DeltaGenerator:
    """A calm panel that says what is missing and leads to the page that mends it. Texts are ours, never a model's.

    Returns the panel, for a page that has more to offer in it.
    """
    panel = st.container(key=f"{key}_empty", gap="small", horizontal_alignment="center")
    with panel:
        st.markdown(f"### {title}")
        st.markdown(text)
        if link is not None:
            page_link(link, label, **query)
    return panel


def plain(text: str) -> str:
    """Untrusted text for a label that reads Markdown (a button, a popover): shown as it is, never interpreted.

    >>> plain("a*b")
    'a\\\\*b'
    """
    return MARKS.sub(r"\\\1", text.replace(":", COLON))


def _as_line(text: str) -> str:
    """Text for a place that reads Markdown: a code span, in which nothing is interpreted."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"
