"""What can be wrong with a file or a row.

ServiceError
  UnreadableFile     the file as a whole cannot be read: missing, empty, a zip, broken JSON
    UnknownFormat    it can be read, but its rows are no preference data that we know
BadRow               one row cannot be used; it is listed with its line and the rest goes on
"""

from __future__ import annotations

from services.errors import ServiceError


class UnreadableFile(ServiceError):
    """The file as a whole cannot be read."""


class UnknownFormat(UnreadableFile):
    """Rows of no known shape, or a format name that does not exist."""


class BadRow(Exception):
    """One row cannot be used; its text says why and is shown beside the line number."""
