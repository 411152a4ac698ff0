"""Roles: who may do what, and that nobody decides in the machine's name."""

from __future__ import annotations

import pytest

from db.session import Sessions
from services.annotators import (
    ADJUDICATE,
    ADMIN,
    MACHINE,
    MACHINE_NAME,
    MAKE_PLANS,
    SET_ROLES,
    WHO_MAY,
    ensure_annotator,
    list_annotators,
    machine_annotator_id,
    may,
    require_may,
    set_role,
)
from services.errors import NotFound, Refused


def role_of(sessions: Sessions, name: str) -> str:
    return next(one.role for one in list_annotators(sessions, with_machine=True) if one.name == name)


@pytest.mark.parametrize("deed", WHO_MAY)
def test_as_long_as_nobody_is_an_admin_everybody_may_do_everything(fresh_db: Sessions, deed: str) -> None:
    ensure_annotator(fresh_db, "ann")
    assert may(fresh_db, "ann", deed)
    assert may(fresh_db, "somebody new", deed)


def test_with_an_admin_only_the_role_decides(fresh_db: Sessions) -> None:
    for name in ("ann", "bob", "cy"):
        ensure_annotator(fresh_db, name)
    set_role(fresh_db, name="ann", role=ADMIN, by="ann")
    set_role(fresh_db, name="bob", role="adjudicator", by="ann")
    allowed = {(name, deed) for name in ("ann", "bob", "cy", "new") for deed in WHO_MAY if may(fresh_db, name, deed)}
    assert allowed == {("ann", deed) for deed in WHO_MAY} | {("bob", ADJUDICATE)}
    with fresh_db() as session, pytest.raises(Refused, match="'cy' may not make plans: that takes the role admin"):
        require_may(session, "cy", MAKE_PLANS)
    with pytest.raises(Refused, match="may not set roles"):
        set_role(fresh_db, name="cy", role=ADMIN, by="cy")


def test_the_only_admin_stays_one_until_there_is_another(fresh_db: Sessions) -> None:
    for name in ("ann", "bob"):
        ensure_annotator(fresh_db, name)
    set_role(fresh_db, name="ann", role=ADMIN, by="ann")
    with pytest.raises(Refused, match="only admin"):
        set_role(fresh_db, name="ann", role="annotator", by="ann")
    set_role(fresh_db, name="bob", role=ADMIN, by="ann")
    set_role(fresh_db, name="ann", role="annotator", by="bob")
    assert not may(fresh_db, "ann", SET_ROLES)
    assert may(fresh_db, "bob", SET_ROLES)


@pytest.mark.parametrize("name", [MACHINE_NAME, " Auto-Accept "])
def test_nobody_decides_in_the_machines_name(fresh_db: Sessions, name: str) -> None:
    with pytest.raises(Refused, match="accepted unlooked"):
        ensure_annotator(fresh_db, name)


def test_the_machine_is_one_row_that_no_list_of_people_shows(fresh_db: Sessions) -> None:
    ensure_annotator(fresh_db, "ann")
    with fresh_db.begin() as session:
        first = machine_annotator_id(session)
    with fresh_db.begin() as session:
        assert machine_annotator_id(session) == first
    assert [one.name for one in list_annotators(fresh_db)] == ["ann"]
    assert role_of(fresh_db, MACHINE_NAME) == MACHINE
    with pytest.raises(Refused, match="no person"):
        set_role(fresh_db, name=MACHINE_NAME, role=ADMIN, by="ann")


def test_a_role_or_a_person_that_is_not_there_is_refused(fresh_db: Sessions) -> None:
    with pytest.raises(NotFound, match="no annotator 'nobody'"):
        set_role(fresh_db, name="nobody", role=ADMIN, by="ann")
    ensure_annotator(fresh_db, "ann")
    with pytest.raises(Refused, match="it must be one of"):
        set_role(fresh_db, name="ann", role=MACHINE, by="ann")


@pytest.mark.parametrize("name", ["Auto-Accept", "auto\u200b-accept", "\uff41uto-accept"])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_name_that_reads_like_the_machines_is_not_given(fresh_db: Sessions, name: str) -> None:
    with pytest.raises(Refused, match="under which labels are accepted unlooked"):
        ensure_annotator(fresh_db, name)
