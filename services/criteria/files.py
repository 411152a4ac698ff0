"""Criteria as a person at a terminal names them: a JSON file of their own, or a set by its name."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from scoring.criteria_body import CriteriaBody
from services.criteria.drafts import sound_body
from services.criteria.store import find_criteria
from services.errors import NotFound, Refused

SIZE_LIMIT = 5_000_000  # bytes; criteria go in front of every prompt


def read_criteria(sessions: sessionmaker[Session], named: str) -> CriteriaBody:
    """The body in the file `named`, when there is such a file or the name ends in .json; else of the set so called.

    Raises NotFound (no such set), Refused with one line (what is wrong with the file), OSError (it cannot be read).
    """
    path = Path(named)
    if not path.is_file() and path.suffix.lower() != ".json":
        return find_criteria(sessions, named).body
    if not path.is_file():
        raise NotFound(f"there is no file {named!r}; give a JSON file with criteria, or a set's name")
    if path.stat().st_size > SIZE_LIMIT:
        raise Refused(f"{path} has {path.stat().st_size:,} bytes; criteria may have {SIZE_LIMIT:,}")
    try:
        return sound_body(CriteriaBody.from_json(path.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except RecursionError:
        raise Refused(f"{path} is nested too deeply to be criteria; give default and domains") from None
    except ValueError as problem:
        raise Refused(f"{path}: {problem}") from None
