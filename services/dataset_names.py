"""What a dataset may be called, and that no other one is called so."""

from __future__ import annotations

import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Dataset
from services.errors import Refused

NAME_LIMIT = 100  # characters
FILE_NAME_LIMIT = 500
_INVISIBLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})  # control, broken, private, line ends
_TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


class BadName(Refused):
    """Empty, too long, or with characters that cannot be seen."""


class NameTaken(Refused):
    """Another dataset is called so."""


def check_name(name: str) -> str:
    """The name without space around it.

    Raises:
        BadName: not 1 to 100 characters, or one of them cannot be printed.
    """
    trimmed = name.strip()
    if not trimmed:
        raise BadName("the dataset has no name; give one of 1 to 100 characters")
    if len(trimmed) > NAME_LIMIT:
        raise BadName(f"the dataset's name has {len(trimmed)} characters; give one of 1 to {NAME_LIMIT}")
    for sign in trimmed:
        if not is_visible(sign):
            raise BadName(f"the dataset's name holds the invisible character U+{ord(sign):04X}; leave it out")
    return trimmed


def require_free(session: Session, name: str) -> None:
    """Nothing, when no dataset is called so.

    Raises:
        NameTaken: one is, or is being imported right now.
    """
    state = session.scalar(select(Dataset.state).where(Dataset.name == name))
    if state is not None:
        what = "there is already a dataset" if state == "ready" else "somebody is importing a dataset"
        raise NameTaken(f"{what} named {name!r}; choose another name")


def clean_file_name(name: str) -> str:
    """A file name as it may be stored and shown."""
    return "".join(sign for sign in name if is_visible(sign))[-FILE_NAME_LIMIT:]


def is_visible(sign: str) -> bool:
    """Whether a character may stand in a name: no control character, no half of a surrogate pair, no turned text."""
    return unicodedata.category(sign) not in _INVISIBLE and sign not in _TURNS_TEXT


def as_read(name: str) -> str:
    """The name as the eye reads it: without signs that take no room, wide and ligature forms folded, in small letters.

    >>> as_read("Ａuto\u200b-Accept")
    'auto-accept'
    """
    folded = unicodedata.normalize("NFKC", name)
    return "".join(sign for sign in folded if unicodedata.category(sign) != "Cf").strip().casefold()
