"""No value of a certificate can be changed without `tare verify` naming it, not even by who keeps a forged copy.

Whoever can write to the database could keep a changed certificate there too, so "never given out" is not counted here:
every value must differ from what the database gives. Two stand in no other row, and only the kept copy bears them out.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from audit_builders import Audited

from db.session import Sessions
from services.certificate.build import certify
from services.certificate.verify import ABOUT_IT, MAY_CHANGE, NOT_DERIVED, compared, derived_again, verify
from services.errors import ServiceError

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where each single value stands; empty lists and objects count as values."""
    if isinstance(value, dict | list) and value:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))
    else:
        yield path


def forged(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1 if isinstance(value, int) else value + 1e-6
    return {str: f"{value}x", type(None): 0, list: [0], dict: {"x": 0}}[type(value)]


def changed(certificate: dict[str, Any], path: Path) -> dict[str, Any]:
    """The certificate with the value there forged."""
    whole = copy.deepcopy(certificate)
    part: Any = whole
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = forged(part[path[-1]])
    return whole


def is_noticed(sessions: Sessions, forgery: dict[str, Any]) -> bool:
    """Refused, or found to differ from the database."""
    try:
        return bool(verify(sessions, forgery, "").differences)
    except ServiceError:
        return True


def certified(audited: Audited) -> dict[str, Any]:
    """The certificate of the audited dataset, people by name."""
    return dict(json.loads(certify(audited.sessions, dataset_id=audited.dataset_id, has_names=True).body))


def test_every_value_is_derived_again(audited: Audited) -> None:
    whole = certified(audited)
    derived = derived_again(audited.sessions, whole)
    decides_what_is_derived = {*ABOUT_IT} - {*NOT_DERIVED}
    figures = [path for path in leaves(whole) if path[0] not in decides_what_is_derived]
    assert len(figures) > 400
    named = {path: {one.path for one in compared(changed(whole, path), derived)} for path in figures}
    assert {str(path[0]) for path, found in named.items() if not found} == set(NOT_DERIVED)
    assert [".".join(map(str, path)) for path, found in named.items() if found & MAY_CHANGE.keys()] == [*MAY_CHANGE]
    for path in leaves(whole):
        if path[0] in decides_what_is_derived:
            assert is_noticed(audited.sessions, changed(whole, path)), path


def test_a_certificate_cannot_claim_to_rest_on_more_than_was_there(audited: Audited) -> None:
    whole = certified(audited)
    whole["cut"]["decision_id"] += 1_000
    assert [one.path for one in verify(audited.sessions, whole, "").differences] == ["cut.decision_id"]
