"""A visitor of the working screens, and a dataset weighed by a run as the services make one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from desk_data import Desk, Draft, write_desk
from streamlit.testing.v1 import AppTest

from db.session import Sessions
from db.tables import Run
from services.criteria.store import ensure_builtin
from services.pairs.catalogue import get_pair, spec_of
from services.reviews import review as reviews

APP = Path(__file__).parents[2] / "app.py"
HOSTILE = "<img src=x onerror=alert(1)> **b** :red[x] $a$ [l](javascript:alert(1)) :smile: www.evil.example"
GOOD = Draft(
    "How much are 3 tins of sencha at 7.50 each?",
    ("They come to 21.50.", "They come to 22.50.", "I do not know."),
    best=1,
    gold=(2, 1, 3),
    domain="reasoning",
    subset="sums",
)
WRONG = Draft("How long does gyokuro brew?", ("An hour.", "Two minutes."), best=0, gold=(2, 1), domain="chat")
TOO_LONG = Draft("A very long story?", ("Yes.", "No."), best=None, domain=None)


def weighed_desk(sessions: Sessions, drafts: Sequence[Draft] = (GOOD, WRONG, TOO_LONG), **more: Any) -> Desk:
    """A dataset and a run of the demo pair over it, its configuration as `start_run` writes it."""
    ensure_builtin(sessions)
    desk = write_desk(sessions, drafts, **more)
    if desk.run_id is None:
        return desk
    with sessions.begin() as session:
        run = session.get_one(Run, desk.run_id)
        run.n_out_of_world = sum(draft.is_out_of_world for draft in drafts)
        run.configuration = run.configuration | {"pair": spec_of(get_pair("demo"))}
        run.software = {"python": "3.11"}
    return desk


def decide(
    desk: Desk, place: int, *, chosen: int | None = None, verdict: str = "best", tags: Sequence[str] = ()
) -> None:
    """A decision on the item at that place; `chosen` is the place of a candidate."""
    reviews.decide(
        desk.sessions,
        item_id=desk.item_ids[place],
        run_id=desk.run_id,
        annotator="me",
        verdict_request=verdict,
        submission=uuid.uuid4().hex,
        chosen_candidate_id=None if chosen is None else desk.candidate_ids[place][chosen],
        reason_tags=tags,
    )


class Visitor:
    """A browser at one page: reads what is shown, presses and types by key."""

    def __init__(self, page: str, **query: object) -> None:
        self.at = AppTest.from_file(str(APP), default_timeout=30)
        for name, value in query.items():
            self.at.query_params[name] = str(value)
        self.at.switch_page(page)
        self.run()

    def run(self) -> Visitor:
        """Draws the page again; an exception on it fails the test."""
        self.at.run()
        assert not self.at.exception, self.at.exception
        return self

    def open(self, page: str) -> Visitor:
        """Goes to another page."""
        self.at.switch_page(page)
        return self.run()

    def press(self, key: str) -> Visitor:
        """Presses the button of that key."""
        self.at.button(key=key).click()
        return self.run()

    def type(self, key: str, text: str) -> Visitor:
        """Types into the text field or area of that key."""
        self.at.get_by_key(key).set_value(text)
        return self.run()

    def choose(self, key: str, value: Any) -> Visitor:
        """Sets the picker, radio or toggle of that key."""
        self.at.get_by_key(key).set_value(value)
        return self.run()

    def upload(self, key: str, name: str, content: bytes) -> Visitor:
        """Gives a file to the uploader of that key."""
        self.at.file_uploader(key=key).set_value((name, content, "application/octet-stream"))
        return self.run()

    def put(self, key: str, value: Any) -> Visitor:
        """Sets what has no widget class in tests (tabs, expanders) by its state."""
        self.at.session_state[key] = value
        return self.run()

    @property
    def keys(self) -> set[str]:
        """The keys of every button, download button, field and picker on the page."""
        at = self.at
        widgets = (*at.button, *at.download_button, *at.text_area, *at.text_input, *at.selectbox, *at.toggle, *at.radio)
        return {str(widget.key) for widget in widgets}

    @property
    def html(self) -> str:
        """All HTML blocks, style sheets left out."""
        return "\n".join(block.value for block in self.at.html if not block.value.lstrip().startswith(("<style", "/*")))

    @property
    def words(self) -> str:
        """HTML blocks, Markdown, captions, labels of buttons and links."""
        at = self.at
        parts = [self.html, *(block.value for block in (*at.markdown, *at.caption, *at.subheader))]
        return "\n".join([*parts, *(element.label for element in (*at.button, *at.download_button, *at.page_link))])

    @property
    def charts(self) -> int:
        """How many figures the page shows."""
        return len(self.at.get("plotly_chart"))

    def has_no_trouble(self) -> bool:
        """No exception, error or warning on the page, in Streamlit's elements or in ours."""
        at = self.at
        return not (at.exception or at.error or at.warning) and "t-notice-error" not in self.html

    def shows_only_as_text(self, hostile: str) -> bool:
        """Nothing of a hostile text is left that a browser or Streamlit's Markdown would interpret."""
        marked = [*(block.value for block in (*self.at.markdown, *self.at.caption, *self.at.subheader))]
        labels = [element.label for element in (*self.at.button, *self.at.page_link, *self.at.download_button)]
        traps = ("<img", ":red[", "$a$", "](javascript", ":smile:", "www.evil")
        return "<img" not in self.html and not any(trap in text for trap in traps for text in [*marked, *labels])
