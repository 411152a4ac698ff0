"""Every figure of a certificate derived again from the database, as it stood after the certificate's last decision.

Three questions: is the certificate still what its hash says; did this database give it out, word for word; does the
database bear out every figure, hashes and draws included. Changing the certificate fails the first two, changing it
and its hash the second, changing the database the third.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from db.queries_certificate import certificate_by_sha256
from services.certificate.as_of import Cut, as_of, cut_json, cut_now, cut_of
from services.certificate.build import NAMED, NUMBERED, software
from services.certificate.canonical import Json, canonical, sha256_of
from services.certificate.derive import Underivable, sections_of
from services.certificate.rows import VERSION, Difference, Verification
from services.errors import Refused

TOLERANCE = 1e-8  # relative: the last bits of another processor, far below what is shown
ABOUT_IT = ("tare_certificate", "created_at", "dataset_id", "run_id", "people_are", "cut", "software")
NOT_DERIVED = ("created_at", "software")  # only the kept certificate bears these out
MAY_CHANGE = {"dataset.name": "the dataset is now called {found!r}, not {stated!r}"}


def verify(sessions: sessionmaker[Session], certificate: dict[str, Any], sha256: str) -> Verification:
    """What the database bears out of a certificate, and whether the certificate is still what was given out.

    Raises Refused for what is no certificate, NotFound when its dataset or run is not here.
    """
    found = compared(certificate, derived_again(sessions, certificate))
    whole = sha256_of(certificate)
    return Verification(
        sha256=whole,
        is_whole=whole == sha256,
        is_known=_is_known(sessions, certificate, whole),
        n_figures=count_of({name: part for name, part in certificate.items() if name not in NOT_DERIVED}),
        differences=tuple(one for one in found if one.path not in MAY_CHANGE),
        notes=tuple(_notes(certificate, found)),
    )


def derived_again(sessions: sessionmaker[Session], certificate: dict[str, Any]) -> dict[str, Json | Underivable]:
    """Every section of a certificate from the database, its cut too; where one cannot be, what keeps it from that.

    Raises Refused, NotFound as `verify`.
    """
    cut, dataset_id, run_id = _read(certificate)
    has_names = certificate["people_are"] == NAMED
    derive = sections_of(sessions, dataset_id=dataset_id, run_id=run_id, cut=cut, has_names=has_names)
    found: dict[str, Json | Underivable] = {"cut": cut_json(cut_now(as_of(sessions, cut), dataset_id))}
    for name, section in derive.items():
        try:
            found[name] = section()
        except Underivable as error:
            found[name] = error
    return found


def compared(certificate: dict[str, Any], derived: Mapping[str, Json | Underivable]) -> list[Difference]:
    """Where a certificate says something else than was derived, or something that nothing derives."""
    found: list[Difference] = []
    for name, section in derived.items():
        if isinstance(section, Underivable):
            found.append(Difference(name, "a section", str(section)))
        else:
            found += differences(certificate.get(name), section, name)
    unknown = sorted(certificate.keys() - derived.keys() - set(ABOUT_IT))
    return found + [Difference(name, "a section", "no such section") for name in unknown]


def differences(stated: Json, found: Json, path: str) -> Iterator[Difference]:
    """Where two JSON values part, the deepest places first named by their path."""
    if isinstance(stated, dict) and isinstance(found, dict):
        for key in sorted(stated.keys() | found.keys()):
            if key not in stated or key not in found:
                yield Difference(f"{path}.{key}", stated.get(key, "nothing"), found.get(key, "nothing"))
            else:
                yield from differences(stated[key], found[key], f"{path}.{key}")
    elif isinstance(stated, list) and isinstance(found, list):
        if len(stated) != len(found):
            yield Difference(f"{path} (how many)", len(stated), len(found))
        for place, (one, other) in enumerate(zip(stated, found, strict=False)):
            yield from differences(one, other, f"{path}[{place}]")
    elif not _is_same(stated, found):
        yield Difference(path, stated, found)


def count_of(value: Json) -> int:
    """How many single values there are in it."""
    if isinstance(value, dict):
        return sum(map(count_of, value.values()))
    return sum(map(count_of, value)) if isinstance(value, list) else 1


def _is_same(stated: Json, found: Json) -> bool:
    are_numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (stated, found))
    if are_numbers and (isinstance(stated, float) or isinstance(found, float)):
        return math.isclose(stated, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(stated) is type(found) and bool(stated == found)


def _read(certificate: dict[str, Any]) -> tuple[Cut, int, int | None]:
    version, dataset_id, run_id = (certificate.get(key) for key in ("tare_certificate", "dataset_id", "run_id"))
    if version != VERSION:
        raise Refused(
            f"tare_certificate is {version!r}; this version of Tare verifies certificates of version {VERSION}"
        )
    for name, value in (("dataset_id", dataset_id), ("run_id", run_id)):
        is_id = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
        if not is_id and not (name == "run_id" and value is None):
            raise Refused(f"{name} is {value!r}; it must be a number: this is no certificate of Tare's")
    if certificate.get("people_are") not in (NAMED, NUMBERED):
        raise Refused(f"people_are is {certificate.get('people_are')!r}; it must be {NAMED!r} or {NUMBERED!r}")
    try:
        return cut_of(certificate.get("cut") or {}), int(dataset_id or 0), run_id
    except (ValueError, AttributeError) as error:
        raise Refused(f"the certificate does not say which decisions it rests on (cut): {error}") from None


def _is_known(sessions: sessionmaker[Session], certificate: dict[str, Any], sha256: str) -> bool:
    """Given out by this database, and kept there as it was."""
    with sessions() as session:
        kept = certificate_by_sha256(session, sha256)
        return kept is not None and kept.body == canonical(certificate)


def _notes(certificate: dict[str, Any], found: list[Difference]) -> Iterator[str]:
    for one in found:
        if one.path in MAY_CHANGE:
            yield MAY_CHANGE[one.path].format(stated=one.stated, found=one.found)
    stated, now = certificate.get("software"), software()
    if stated != now:
        before, after = (json.dumps(one, sort_keys=True) for one in (stated, now))
        yield f"computed with {before}, derived again with {after}"
