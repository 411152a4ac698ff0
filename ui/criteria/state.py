"""What the Criteria page has in hand: a set, a version of it or the annotator's draft, and the one write of each edit.

    ?set=NAME              the set; without it the draft touched last, else the criteria of the run in hand
    ?set=NAME&version=N    that version, to read while there is a draft of the set
Every edit reads the draft anew, changes it and keeps it in the database; nothing typed lives in the session alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from services import version_store
from services.criteria import drafts as criteria_drafts
from services.criteria import store as criteria_store
from services.criteria.drafts import Draft, SeenAt
from services.criteria.editing import Editing, change_draft, keep_editing, read_editing
from services.criteria.store import CriteriaBody, CriteriaRow
from services.errors import NotFound, Refused, ServiceError
from ui import frame, resources

SET, VERSION, TRIAL, HELD_OUT = "set", "version", "trial", "heldout"  # in the URL of this page
SAID = "criteria_said"  # session key: (is_error, one line) to show once
UNDO = "criteria_undo"  # session key: how to take the last change back
UNSAVED = "criteria_unsaved"  # session key: (set, domain, field's key, text) that the database did not take
CHANGED = "the draft was changed, adopted or discarded in another window since this page showed it; look again"
FAILURES: tuple[type[Exception], ...] = (ServiceError, *resources.DATABASE_ERRORS)


@dataclass(frozen=True, slots=True)
class InHand:
    """The criteria on the screen. shown: the version, None for the draft. versions: newest first, none of a new set."""

    annotator: str
    name: str
    versions: tuple[CriteriaRow, ...]
    shown: CriteriaRow | None
    draft: Draft | None
    editing: Editing

    @property
    def is_editable(self) -> bool:
        """A version is edited by beginning a draft of it; while there is one already, versions are to read."""
        return self.shown is None or self.draft is None

    @property
    def base(self) -> CriteriaRow | None:
        """The version that an edit begins from, or began from."""
        if self.draft is None:
            return self.shown
        known = (row for row in self.versions if row.criteria_id == self.draft.base_criteria_id)
        return next(known, None)

    @property
    def is_builtin(self) -> bool:
        """Whether an edit must be given another name."""
        return any(row.is_builtin for row in self.versions)

    @property
    def label(self) -> str:
        """What is on the screen: "the draft", "helpful v1"."""
        return "the draft" if self.shown is None else f"{self.shown.name} v{self.shown.version}"


@dataclass(frozen=True, slots=True)
class Undo:
    """How things stood before the last change that one may want back. before: None when there was no draft.

    left: the draft that the change made; once another window has changed that one, nothing is taken back.
    """

    annotator: str
    name: str
    before: Editing | None
    what: str
    left: Draft


def set_names() -> tuple[str, ...]:
    """Every set there is, and the annotator's drafts of sets that do not exist yet."""
    sessions = resources.sessions()
    names = [row.name for row in criteria_store.list_criteria(sessions)]
    drafts = [draft.name for draft in criteria_drafts.list_drafts(sessions, frame.annotator())]
    return tuple(dict.fromkeys([*names, *drafts]))


def default_name(run_criteria: str | None) -> str:
    """What to open when nobody chose: the draft touched last, the run's criteria, the first set."""
    drafts = criteria_drafts.list_drafts(resources.sessions(), frame.annotator())
    return drafts[0].name if drafts else run_criteria or set_names()[0]


def take(name: str) -> InHand:
    """What the URL asks for of that set. Raises NotFound for a set or version that is not there."""
    sessions, annotator = resources.sessions(), frame.annotator()
    known = read_editing(sessions, annotator, name)
    draft, editing = known if known is not None else (None, None)
    versions = versions_of(name, may_be_new=draft is not None)
    wanted = st.query_params.get(VERSION)
    if wanted is None and draft is not None and editing is not None:
        return InHand(annotator, name, versions, None, draft, editing)
    shown = versions[0] if wanted is None else next((row for row in versions if str(row.version) == wanted), None)
    if shown is None:
        raise NotFound(
            f"{name!r} has no version {wanted!r}; its latest is {versions[0].version if versions else 'none'}"
        )
    return InHand(annotator, name, versions, shown, draft, Editing(shown.body))


def versions_of(name: str, *, may_be_new: bool = False) -> tuple[CriteriaRow, ...]:
    """All versions of a set, newest first."""
    sessions = resources.sessions()
    try:
        latest = criteria_store.find_criteria(sessions, name)
    except NotFound:
        if may_be_new:
            return ()
        raise
    older = (criteria_store.find_criteria(sessions, name, version=n) for n in range(latest.version - 1, 0, -1))
    return (latest, *older)


def open_set(name: str, version: int | None = None, *, keeps_trials: bool = False) -> None:
    """Names the set and version to show; None leaves it to the draft, else the latest."""
    query = st.query_params.to_dict() | {SET: name}
    for gone in (VERSION,) if keeps_trials else (VERSION, TRIAL, HELD_OUT):
        query.pop(gone, None)
    st.query_params.from_dict(query | ({} if version is None else {VERSION: str(version)}))


def change(
    in_hand: InHand,
    edit: Callable[[Editing], Editing],
    *,
    what: str | Callable[[Editing], str] = "",
    typed: tuple[str | None, str, str] | None = None,
) -> bool:
    """The one write: the draft as it is kept now, edited and kept again; a version on the screen becomes a draft.

    Args:
        what: words for a change that can be taken back with one click, or what finds them in the text before it.
        typed: domain, field's key and text, which stays on the screen where the database fails.

    Returns:
        False, with a line to show, when it failed.
    """
    sessions = resources.sessions()
    try:
        begun_from = None if in_hand.base is None else in_hand.base.criteria_id
        done = change_draft(
            sessions, in_hand.annotator, in_hand.name, edit, begin=in_hand.editing, base_criteria_id=begun_from
        )
        if done.left is None:
            return True
    except FAILURES as error:
        tell(line_of(error), is_error=True)
        if typed is not None and not isinstance(error, ServiceError):
            st.session_state[UNSAVED] = (in_hand.name, *typed)
        return False
    st.session_state.pop(UNSAVED, None)
    st.query_params.pop(VERSION, None)
    words = what if isinstance(what, str) else what(done.before)
    if words:
        kept = None if done.is_new else done.before
        st.session_state[UNDO] = Undo(in_hand.annotator, in_hand.name, kept, words, done.left)
        tell(words)
    else:
        st.session_state.pop(UNDO, None)
    return True


def take_back() -> None:
    """Undoes the last change that said it could be undone."""
    undo: Undo | None = st.session_state.pop(UNDO, None)
    if undo is None:
        return
    sessions = resources.sessions()
    try:
        if criteria_drafts.find_draft(sessions, undo.annotator, undo.name) != undo.left:
            raise Refused(f"nothing was taken back: {CHANGED}")
        if undo.before is None:
            criteria_drafts.discard_draft(sessions, undo.annotator, undo.name)
        else:
            keep_editing(
                sessions, undo.annotator, undo.name, undo.before, base_criteria_id=undo.left.base_criteria_id,
                seen=SeenAt(undo.left.updated_at),
            )  # fmt: skip
    except FAILURES as error:
        tell(line_of(error), is_error=True)
        return
    tell("Took it back.")


def new_set(name: str) -> None:
    """Begins an empty draft under a new name."""
    wanted = name.strip()
    if not 1 <= len(wanted) <= version_store.NAME_LIMIT:
        tell(f"The name has {len(wanted)} characters; give one of 1 to {version_store.NAME_LIMIT}.", is_error=True)
    elif wanted in set_names():
        tell(f"The name {wanted!r} is taken; choose it above to edit it, or another name.", is_error=True)
    else:
        try:
            criteria_drafts.save_draft(resources.sessions(), frame.annotator(), wanted, CriteriaBody(""))
        except FAILURES as error:
            tell(line_of(error), is_error=True)
            return
        open_set(wanted)


def tell(line: str, *, is_error: bool = False) -> None:
    """A line to show once, at the head of the page."""
    st.session_state[SAID] = (is_error, line)


def line_of(error: Exception) -> str:
    """An error as one line for a person."""
    is_ours = isinstance(error, (ServiceError, *resources.MODEL_ERRORS))
    return str(error) if is_ours else f"Not saved: {resources.database_line(error)}"
