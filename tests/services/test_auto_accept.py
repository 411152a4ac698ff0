"""Labels accepted unlooked: what is proposed, written, overridden by people, and taken back as one."""

from __future__ import annotations

import pytest
from audit_builders import Audited, audited_set, drawn, say, settle
from sqlalchemy import func, select

from db.session import Sessions
from db.tables import Decision
from services.annotators import ensure_annotator, set_role
from services.audit.auto_accept import apply, propose, revoke
from services.audit.auto_accept_rows import list_auto_accepts
from services.errors import NotFound, Refused
from services.labels import AUTO, labels_of
from services.looks.plans import make_plan

N = 600
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)  # where PostgreSQL could do no other


@pytest.fixture
def audited(fresh_db: Sessions) -> Audited:
    """Six hundred pairs with margins 0 to 599."""
    return audited_set(fresh_db, [float(place) for place in range(N)], domains=["chat", "sums"] * (N // 2))


def looked(audited: Audited, n: int = 200, *, wrong_below: int = 150) -> int:
    """A random plan of which people have looked at n; they disagree below a margin."""
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="random", n=n,
        seed="auto",
    )  # fmt: skip
    settle(audited, drawn(audited, plan.plan_id), lambda place: "wrong" if place < wrong_below else "right")
    return plan.plan_id


def standing(audited: Audited) -> dict[int, str | None]:
    """item -> where its label comes from."""
    with audited.sessions() as session:
        return {item_id: label.source for item_id, label in labels_of(session, audited.dataset_id).items()}


def n_rows(audited: Audited) -> int:
    with audited.sessions() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


def test_accepting_unlooked_labels_every_item_above_the_threshold_that_nobody_looked_at(audited: Audited) -> None:
    plan_id = looked(audited)
    proposal = propose(audited.sessions, plan_id=plan_id, target=0.1)
    threshold = proposal.thresholds[0].threshold
    assert threshold is not None
    assert 100 < threshold < 300
    before = standing(audited)
    made = apply(audited.sessions, proposal, by="Ada")
    after = standing(audited)
    accepted = {audited.place(item_id) for item_id, source in after.items() if source == AUTO}
    looked_at = {audited.place(item_id) for item_id in before}
    assert accepted == {place for place in range(N) if place >= threshold} - looked_at
    assert made.n_items == made.n_standing == len(accepted) == proposal.n_accepted
    assert {item_id: after[item_id] for item_id in before} == before
    wrong = sum(place < 150 for place in accepted)
    assert wrong <= 0.1 * len(accepted)


def test_revoking_takes_all_of_them_back_and_only_adds_rows(audited: Audited) -> None:
    plan_id = looked(audited)
    before = standing(audited)
    made = apply(audited.sessions, propose(audited.sessions, plan_id=plan_id, target=0.1), by="Ada")
    n_then = n_rows(audited)
    gone = revoke(audited.sessions, made.auto_accept_id, by="Grace")
    assert (gone.n_standing, gone.revoked_by, n_rows(audited)) == (0, "Grace", n_then + made.n_items)
    left = {item_id: source for item_id, source in standing(audited).items() if source is not None}
    assert left == before
    again = revoke(audited.sessions, made.auto_accept_id, by="Ada")
    assert (again.revoked_by, n_rows(audited)) == ("Grace", n_then + made.n_items)


def test_what_was_revoked_can_be_accepted_again(audited: Audited) -> None:
    plan_id = looked(audited)
    first = apply(audited.sessions, propose(audited.sessions, plan_id=plan_id, target=0.1), by="Ada")
    revoke(audited.sessions, first.auto_accept_id, by="Ada")
    second = apply(audited.sessions, propose(audited.sessions, plan_id=plan_id, target=0.1), by="Ada")
    assert second.n_items == second.n_standing == first.n_items
    assert [one.auto_accept_id for one in list_auto_accepts(audited.sessions, dataset_id=audited.dataset_id)] == [
        second.auto_accept_id,
        first.auto_accept_id,
    ]


def test_a_person_overrides_what_was_accepted_unlooked_and_stays_when_it_is_revoked(audited: Audited) -> None:
    plan_id = looked(audited)
    made = apply(audited.sessions, propose(audited.sessions, plan_id=plan_id, target=0.1), by="Ada")
    item_id = next(item for item, source in standing(audited).items() if source == AUTO)
    say(audited, audited.place(item_id), "wrong", by="Grace")
    assert standing(audited)[item_id] == "human"
    listed = list_auto_accepts(audited.sessions, dataset_id=audited.dataset_id)[0]
    assert (listed.n_items, listed.n_standing) == (made.n_items, made.n_items - 1)
    revoke(audited.sessions, made.auto_accept_id, by="Ada")
    assert standing(audited)[item_id] == "human"


@SQLITE
def test_applying_twice_accepts_nothing_twice(audited: Audited) -> None:
    plan_id = looked(audited)
    proposal = propose(audited.sessions, plan_id=plan_id, target=0.1)
    apply(audited.sessions, proposal, by="Ada")
    rows = n_rows(audited)
    with pytest.raises(Refused, match="nothing is left to accept"):
        apply(audited.sessions, proposal, by="Ada")
    assert n_rows(audited) == rows


@SQLITE
def test_a_proposal_that_looks_have_overtaken_is_refused(audited: Audited) -> None:
    plan_id = looked(audited)
    proposal = propose(audited.sessions, plan_id=plan_id, target=0.1)
    settle(audited, drawn(audited, plan_id), lambda _: "wrong")
    with pytest.raises(Refused, match="moved the threshold"):
        apply(audited.sessions, proposal, by="Ada")


@SQLITE
def test_targeted_looks_are_no_evidence_and_what_they_saw_is_left_alone(audited: Audited) -> None:
    plan_id = looked(audited)
    settle(audited, range(N - 60, N), lambda _: "right", by="Grace")
    proposal = propose(audited.sessions, plan_id=plan_id, target=0.1)
    row = proposal.thresholds[0]
    assert row.search.chosen is not None
    assert row.search.n_looks == 200
    apply(audited.sessions, proposal, by="Ada")
    assert all(standing(audited)[audited.item_ids[place]] == "human" for place in range(N - 60, N))


@SQLITE
def test_too_few_looks_propose_nothing_and_say_why(audited: Audited) -> None:
    plan_id = looked(audited, 20)
    proposal = propose(audited.sessions, plan_id=plan_id, target=0.05)
    assert (proposal.n_accepted, proposal.thresholds[0].threshold) == (0, None)
    assert "20 random looks" in proposal.thresholds[0].search.reason
    with pytest.raises(Refused, match="nothing is left"):
        apply(audited.sessions, proposal, by="Ada")


@SQLITE
def test_per_domain_each_domain_has_its_own_threshold_at_a_stricter_level(fresh_db: Sessions) -> None:
    audited = audited_set(fresh_db, [float(place) for place in range(N)], domains=["good", "bad"] * (N // 2))
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="random", n=300,
        seed="auto",
    )  # fmt: skip
    settle(audited, drawn(audited, plan.plan_id), lambda place: "wrong" if place % 2 and place % 3 else "right")
    proposal = propose(audited.sessions, plan_id=plan.plan_id, target=0.1, is_per_domain=True)
    by_domain = {row.domain: row for row in proposal.thresholds}
    assert by_domain["good"].threshold is not None
    assert by_domain["bad"].threshold is None
    assert by_domain["good"].search.level == pytest.approx(0.975)
    apply(audited.sessions, proposal, by="Ada")
    accepted = [audited.place(item_id) for item_id, source in standing(audited).items() if source == AUTO]
    assert accepted
    assert all(place % 2 == 0 for place in accepted)


@SQLITE
def test_what_is_kept_of_an_auto_accept_is_what_was_proposed(audited: Audited) -> None:
    plan_id = looked(audited)
    proposal = propose(audited.sessions, plan_id=plan_id, target=0.1)
    made = apply(audited.sessions, proposal, by="Ada")
    kept = list_auto_accepts(audited.sessions, dataset_id=audited.dataset_id)[0]
    assert kept == made
    assert kept.thresholds == proposal.thresholds
    assert (kept.target, kept.level, kept.up_to, kept.plan_id) == (0.1, 0.95, proposal.up_to, plan_id)


@SQLITE
def test_once_there_is_an_admin_only_an_admin_accepts_and_revokes(audited: Audited) -> None:
    plan_id = looked(audited)
    proposal = propose(audited.sessions, plan_id=plan_id, target=0.1)
    ensure_annotator(audited.sessions, "Ada")
    set_role(audited.sessions, name="Ada", role="admin", by="Ada")
    with pytest.raises(Refused, match="may not accept labels unlooked"):
        apply(audited.sessions, proposal, by="Grace")
    made = apply(audited.sessions, proposal, by="Ada")
    with pytest.raises(Refused, match="may not accept labels unlooked"):
        revoke(audited.sessions, made.auto_accept_id, by="Grace")


@SQLITE
@pytest.mark.parametrize("target", [0.0, 1.0, -0.1])
def test_a_target_that_is_no_share_is_refused(audited: Audited, target: float) -> None:
    plan_id = looked(audited, 1)
    with pytest.raises(Refused, match="it is a share between 0 and 1"):
        propose(audited.sessions, plan_id=plan_id, target=target)


@SQLITE
def test_revoking_what_is_not_there_says_so(fresh_db: Sessions) -> None:
    with pytest.raises(NotFound, match="no auto-accept 7"):
        revoke(fresh_db, 7, by="Ada")
