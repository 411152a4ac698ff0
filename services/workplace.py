"""What one process works with: sessions on the database, and the room in which models are loaded.

The command line and the app both begin here. Torch is imported by `model_room`, never before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session, sessionmaker

from db.migrate import upgrade
from db.session import DatabaseUnavailable, database_url, make_sessionmaker
from scoring.errors import ScoringError
from services.criteria.store import ensure_builtin
from services.routing.store import ensure_builtin_router

if TYPE_CHECKING:
    from scoring.room import ModelRoom

__all__ = ["DatabaseUnavailable", "ScoringError", "database_url", "model_room", "open_sessions"]


def open_sessions(url: str | None = None) -> sessionmaker[Session]:
    """Sessions on the database of `url` or TARE_DATABASE_URL: migrated, the built-in criteria and router there.

    Raises:
        DatabaseUnavailable: it cannot be opened; one line.
    """
    sessions = make_sessionmaker(url or database_url())
    upgrade(sessions.engine)
    ensure_builtin(sessions)
    ensure_builtin_router(sessions)
    return sessions


def model_room() -> ModelRoom:
    """A room for models with the memory this machine has. Imports torch, which takes seconds."""
    from scoring.room import ModelRoom

    return ModelRoom()
