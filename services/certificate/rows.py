"""What certificates hand out: a certificate as it was given out, and what a verification found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

VERSION = 1  # of the certificate's shape
METHODS = 1  # counts up when a figure is computed in another way: then an older certificate's figures may differ


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate as it was given out; `body` is its canonical JSON, `sha256` of that."""

    certificate_id: int
    dataset_id: int
    run_id: int | None
    sha256: str
    body: str
    made_by: str | None
    created_at: datetime
    is_current: bool  # nothing that it rests on has been added since


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that the database does not bear out."""

    path: str  # "accuracy.bound.low"
    stated: Any
    found: Any

    def words(self) -> str:
        """The figure, what the certificate says and what the database says, in one line."""
        return f"{self.path}: the certificate says {self.stated!r}, the database {self.found!r}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What deriving a certificate again found."""

    sha256: str  # of the certificate as it is now
    is_whole: bool  # it still has the hash it names
    is_known: bool  # this database gave it out, word for word
    n_figures: int  # values compared
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]  # what differs and is no fault: other software, another name of the dataset

    @property
    def is_sound(self) -> bool:
        """Unchanged, given out by this database, and every figure borne out."""
        return self.is_whole and self.is_known and not self.differences
