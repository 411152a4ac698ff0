"""Calibrated confidence of a run: what it rests on, when there is none, and that it is kept until somebody decides."""

from __future__ import annotations

import time

import pytest
from audit_builders import Audited, audited_set, drawn, say, settle

from db.session import Sessions
from services.audit import calibrate
from services.audit.auto_accept import apply, propose
from services.audit.calibrate import calibration_of, confidence_of
from services.errors import NotFound
from services.looks.plans import make_plan

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def audited(fresh_db: Sessions) -> Audited:
    """Two hundred pairs with margins 0 to 19.9; people disagree with every second one below 5."""
    return audited_set(fresh_db, [place / 10 for place in range(200)])


def opinion(place: int) -> str:
    return "wrong" if place < 50 and place % 2 else "right"


def test_confidence_rises_with_the_margin_and_says_on_how_many_decisions_it_rests(audited: Audited) -> None:
    settle(audited, range(0, 200, 2), lambda place: opinion(place // 2 if place < 100 else place))
    low = confidence_of(audited.sessions, audited.run_id, 1.0, None)
    high = confidence_of(audited.sessions, audited.run_id, 18.0, None)
    assert low is not None
    assert high is not None
    assert low.probability < 0.75 < 0.9 < high.probability
    assert low.low <= low.probability <= low.high
    assert low.n == 100


def test_below_thirty_decisions_there_is_no_confidence(audited: Audited) -> None:
    settle(audited, range(29), opinion)
    assert confidence_of(audited.sessions, audited.run_id, 1.0, None) is None
    settle(audited, [29], opinion)
    assert confidence_of(audited.sessions, audited.run_id, 1.0, None) is not None


def test_when_people_agree_with_everything_there_is_no_confidence_to_calibrate(audited: Audited) -> None:
    settle(audited, range(60, 120), lambda _: "right")
    assert calibration_of(audited.sessions, audited.run_id) is None


def test_a_calibration_is_kept_until_somebody_decides(audited: Audited) -> None:
    settle(audited, range(60), opinion)
    first = calibration_of(audited.sessions, audited.run_id)
    assert calibration_of(audited.sessions, audited.run_id) is first
    say(audited, 100, "wrong")
    again = calibration_of(audited.sessions, audited.run_id)
    assert again is not None
    assert again is not first
    assert again.n == 61


def test_labels_accepted_unlooked_teach_confidence_nothing(audited: Audited) -> None:
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="random", n=100,
        seed="c",
    )  # fmt: skip
    settle(audited, drawn(audited, plan.plan_id), opinion)
    before = calibration_of(audited.sessions, audited.run_id)
    apply(audited.sessions, propose(audited.sessions, plan_id=plan.plan_id, target=0.2), by="Ada")
    assert calibration_of(audited.sessions, audited.run_id) is before


def test_a_screen_that_does_not_wait_gets_it_from_a_thread(audited: Audited) -> None:
    settle(audited, range(60), opinion)

    def ask() -> calibrate.Confidence | None:
        return confidence_of(audited.sessions, audited.run_id, 1.0, None, is_waiting=False)

    assert ask() is None
    end = time.monotonic() + 30
    while (found := ask()) is None and time.monotonic() < end:
        time.sleep(0.02)
    assert found == confidence_of(audited.sessions, audited.run_id, 1.0, None)


def test_a_screen_goes_on_with_the_confidence_at_hand_while_few_decisions_are_new(audited: Audited) -> None:
    settle(audited, range(60), opinion)
    known = confidence_of(audited.sessions, audited.run_id, 1.0, None)
    say(audited, 100, "wrong")
    assert confidence_of(audited.sessions, audited.run_id, 1.0, None, is_waiting=False) == known
    assert not calibrate._in_work


def test_a_run_that_is_gone_is_not_found(fresh_db: Sessions) -> None:
    with pytest.raises(NotFound, match="no run 9"):
        calibration_of(fresh_db, 9)
