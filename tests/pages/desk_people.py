"""People at the desk, for page tests: a screen that opens pages and finds widgets, and a reviewer who decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from desk_data import Draft
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "app.py"
SUMS = Draft(
    "How much are 3 tins of sencha at 7.50 each?",
    ("They come to 21.50.", "They come to 22.50.", "I do not know.", "Ask someone else."),
    best=1,
    gold=(2, 1, 3, 3),
    sources=("model-x", "model-y", None, None),
)
PAIR = Draft("How long does gyokuro brew?", ("Two minutes.", "An hour."), best=0, domain="chat", subset="brewing")
TOO_LONG = Draft("A very long story?", ("Yes.", "No."), best=None, domain=None)


class Screen:
    """A visitor's browser: opens a page, finds widgets by key, reads what the page shows."""

    def __init__(self) -> None:
        self.at = AppTest.from_file(str(APP), default_timeout=30)

    def open(self, path: str = "pages/review.py", **query: object) -> Screen:
        """Opens a page the way a deep link does on a fresh server: without app.py."""
        for name, value in query.items():
            self.at.query_params[name.rstrip("_")] = str(value)
        self.at.switch_page(path)
        return self.settled(self.at.run())

    def settled(self, at: AppTest) -> Screen:
        """Fails when the page showed an exception."""
        assert not at.exception, at.exception
        return self

    def html(self) -> str:
        """All HTML blocks of the page, the style sheet left out."""
        return "\n".join(block.proto.body for block in self.at.get("html") if "<style>" not in block.proto.body)

    def words(self) -> str:
        """Everything the page shows as text: HTML blocks, Markdown, errors, labels of buttons."""
        parts = [self.html(), *(block.value for block in (*self.at.markdown, *self.at.error, *self.at.caption))]
        return "\n".join([*parts, *(button.label for button in self.at.button)])

    def button(self, thing: str) -> Any:
        """The button whose key begins with `review_<thing>`."""
        found = [button for button in self.at.button if str(button.key).startswith(f"review_{thing}")]
        assert len(found) == 1, [button.key for button in self.at.button]
        return found[0]

    def has_button(self, thing: str) -> bool:
        """Whether such a button is there."""
        return any(str(button.key).startswith(f"review_{thing}") for button in self.at.button)

    def press(self, thing: str) -> Screen:
        """Presses a button."""
        return self.settled(self.button(thing).click().run())

    def query(self, name: str) -> str | None:
        """What the URL says."""
        value = self.at.query_params.get(name)
        return None if value is None else str(value)


class Reviewer(Screen):
    """A person who reviews: the verbs of the review screen."""

    def accept(self) -> Screen:
        return self.press("accept")

    def choose(self, number: int) -> Screen:
        return self.press(f"choose_{number}")

    def tie(self) -> Screen:
        return self.press("tie")

    def skip(self) -> Screen:
        return self.press("skip")

    def flag(self) -> Screen:
        return self.press("flag")

    def undo(self) -> Screen:
        return self.press("undo")

    def tag(self, tag: str) -> Screen:
        found = [button for button in self.at.button if button.label == tag]
        return self.settled(found[0].click().run())

    def save_reasons(self, note: str | None = None) -> Screen:
        if note is not None:
            self.note.input(note)
        return self.press("save")

    @property
    def note(self) -> Any:
        """The note's text box."""
        return next(box for box in self.at.text_input if str(box.key).startswith("review_note"))

    @property
    def item_id(self) -> int:
        """The item on screen, as the URL names it."""
        return int(str(self.at.query_params["item"]))
