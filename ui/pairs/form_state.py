"""What is typed into the form of a pair: kept while other tabs are looked at, read as an entry, filled by a check.

A widget's state goes when it is not drawn, and may be its default when it is drawn again: the draft, under one key of
the session, brings it back. Leaves out the widgets (form.py) and writing the file (services/pairs/files.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from services.pairs.check import PairCheck
from services.pairs.files import entry_of, pair_from
from ui import frame
from ui.pairs.check_words import parameters_line

if TYPE_CHECKING:
    from scoring.pairs import ModelPair

TAB = "pairs_tab"  # widget key: which tab is open
LIST, ADD, MAP = "Catalogue", "Add a pair", "Map"
DRAFT, DRAWN, MODE = "pairs_draft", "pairs_drawn", "pairs_mode"  # session keys
FILLED, SAID = "pairs_filled", "pairs_form_said"
HUB, FOLDER, ADAPTER, SERVER = "Hub", "Folder", "Adapter", "Server"
SIDES = ("strong", "weak")
REF_WORDS = {  # kind -> what its main field is called, an example
    HUB: ("Hub id", "owner/name"),
    FOLDER: ("Folder", "models/my-tune"),
    ADAPTER: ("Base: hub id or folder", "owner/name"),
    SERVER: ("Tokenizer: hub id or folder", "owner/name"),
}
_SIDE_TEXTS = ("ref", "revision", "adapter", "adapter_revision", "url", "served_as")
_TEXTS = ("name", "title", "parameters", "licence", "notes", *(f"{s}_{key}" for s in SIDES for key in _SIDE_TEXTS))
_NUMBERS = ("context", "memory_gb", "strong_performance", "weak_performance")
USUAL: dict[str, Any] = (
    dict.fromkeys(_TEXTS, "")
    | dict.fromkeys(_NUMBERS)
    | {"dtype": "auto", "template": "strong", "strong_kind": HUB, "weak_kind": HUB}
)
# What the form does not show, and a copy takes along.
_ALONG = ("world", "criteria", "system_role")


@dataclass(frozen=True, slots=True)
class Mode:
    """What the form is for. changes: the own pair it changes; along: keys that a copy brings and the form has not."""

    changes: ModelPair | None
    along: dict[str, Any]


def mode() -> Mode:
    """What the form is for now: a new pair unless somebody chose otherwise."""
    found: Mode = st.session_state.get(MODE) or Mode(None, {})
    return found


def key(field: str) -> str:
    """The widget key of a field."""
    return f"pairs_{field}"


def drawn(field: str) -> str:
    """The widget key of a field that is being drawn."""
    st.session_state[DRAWN].add(field)
    return key(field)


def restore() -> None:
    """Before the widgets are drawn: fields that were not there a moment ago get back what was typed."""
    before = st.session_state.get(DRAWN, set())
    draft = st.session_state.get(DRAFT, {})
    for field, usual in USUAL.items():
        if field not in before or key(field) not in st.session_state:
            st.session_state[key(field)] = draft.get(field, usual)
    st.session_state[DRAWN] = set()


def remember() -> None:
    """After the widgets are drawn."""
    typed = {field: st.session_state[key(field)] for field in st.session_state[DRAWN]}
    st.session_state[DRAFT] = USUAL | st.session_state.get(DRAFT, {}) | typed


def forget_drawn() -> None:
    """When the form is not shown: none of its widgets is there."""
    st.session_state.pop(DRAWN, None)


def begin_change(pair: ModelPair) -> None:
    """Open the form to change an own pair."""
    _begin(Mode(pair, {}), entry_of(pair))


def begin_copy(pair: ModelPair) -> None:
    """Open the form with a copy, to be saved under another name."""
    entry = entry_of(pair)
    along = {field: entry[field] for field in _ALONG if field in entry}
    _begin(Mode(None, along), entry | {"name": "", "title": f"{pair.title} (copy)"})


def begin_new() -> None:
    """Empty the form."""
    _begin(Mode(None, {}), {})


def leave() -> None:
    """Empty the form and go back to the list."""
    begin_new()
    st.session_state[TAB] = LIST


def typed_entry() -> dict[str, Any]:
    """The form as an entry of the catalogue; None where a key is to be left out."""
    value = {field: _clean(st.session_state.get(key(field), usual)) for field, usual in USUAL.items()}
    entry: dict[str, Any] = dict(mode().along)
    for field in ("name", "title", "parameters", "context", "licence", "memory_gb"):
        entry[field] = value[field]
    entry["title"] = value["title"] or value["name"]
    entry["notes"] = value["notes"] or None
    entry["dtype"] = None if value["dtype"] == "auto" else value["dtype"]
    entry["template"] = None if value["template"] == "strong" else value["template"]
    for side in SIDES:
        entry |= _side_entry(side, value)
    return entry


def typed_models() -> ModelPair:
    """The models alone, for a check; what the card says does not matter yet. Raises Refused."""
    stand_ins = {"name": "unnamed", "title": "unnamed", "parameters": "?", "licence": "?", "context": 1, "memory_gb": 1}
    return pair_from(typed_entry() | stand_ins)


def empty_fields() -> tuple[str, ...]:
    """What a pair must say and the form does not yet, in the form's own words."""
    words = {
        "name": "name", "parameters": "parameters", "context": "context", "licence": "licence", "memory_gb": "memory",
    }  # fmt: skip
    entry = typed_entry()
    return tuple(word for field, word in words.items() if entry[field] in ("", None))


def empty_models() -> tuple[str, ...]:
    """What names a model and is still empty, in the form's own words."""
    value = {field: _clean(st.session_state.get(key(field), usual)) for field, usual in USUAL.items()}
    found = []
    for side in SIDES:
        kind = value[f"{side}_kind"]
        needed = {"ref": REF_WORDS[kind][0]} | ({"adapter": "Adapter"} if kind == ADAPTER else {})
        needed |= {"url": "Address"} if kind == SERVER else {}
        found += [
            f"{side}: {word.split(':')[0].lower()}" for text, word in needed.items() if not value[f"{side}_{text}"]
        ]
    return tuple(found)


def fill_from(check: PairCheck) -> None:
    """What a check found goes where nothing was typed, or where an earlier check had put something."""
    contexts = [side.context for side in (check.strong, check.weak) if side.context is not None]
    licences = dict.fromkeys(side.licence for side in (check.strong, check.weak) if side.licence)
    found = {
        "parameters": parameters_line(check),
        "context": min(contexts, default=None),
        "licence": " / ".join(str(licence) for licence in licences),
        "memory_gb": None if check.parameters is None else round(check.parameters * 2 / 1e9, 4),
    }
    before = st.session_state.get(FILLED, {})
    for field, value in found.items():
        now = st.session_state.get(key(field))
        if value not in ("", None) and (now in ("", None) or now == before.get(field)):
            st.session_state[key(field)] = value
            st.session_state[DRAFT] = st.session_state.get(DRAFT, {}) | {field: value}
            before = before | {field: value}
    st.session_state[FILLED] = before


def _begin(new: Mode, entry: dict[str, Any]) -> None:
    st.session_state[MODE] = new
    st.session_state[FILLED] = {}
    st.session_state.pop(SAID, None)
    st.session_state[TAB] = ADD
    fields = USUAL | {field: value for field, value in entry.items() if field in USUAL}
    for side in SIDES:
        fields[f"{side}_ref"] = entry.get(side, "")
        fields[f"{side}_kind"] = _kind(entry, side)
    for field, value in fields.items():
        st.session_state[key(field)] = value
    st.session_state[DRAFT] = fields


def _kind(entry: dict[str, Any], side: str) -> str:
    if f"{side}_url" in entry:
        return SERVER
    if f"{side}_adapter" in entry:
        return ADAPTER
    ref = str(entry.get(side, ""))
    return FOLDER if as_folder(ref) == ref and ref else HUB


def _side_entry(side: str, value: dict[str, Any]) -> dict[str, Any]:
    kind = value[f"{side}_kind"]
    of_kind = {
        "revision": kind != FOLDER,
        "adapter": kind == ADAPTER,
        "adapter_revision": kind == ADAPTER,
        "url": kind == SERVER,
        "served_as": kind == SERVER,
    }
    entry = {f"{side}_{text}": value[f"{side}_{text}"] or None if is_of else None for text, is_of in of_kind.items()}
    ref = value[f"{side}_ref"]
    ref = as_folder(ref) if kind == FOLDER else ref
    return {side: ref, **entry, f"{side}_performance": value[f"{side}_performance"]}


def as_folder(ref: str) -> str:
    """A folder's name that nobody takes for a hub id: with ./ before it where there is no such folder.

    >>> as_folder("models/never-made"), as_folder("/srv/models/mine")
    ('./models/never-made', '/srv/models/mine')
    """
    is_plain = not ref or ref.startswith(("/", ".", "~", "demo/"))
    return ref if is_plain or Path(ref).is_dir() or (frame.ROOT / ref).is_dir() else f"./{ref}"


def _clean(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
