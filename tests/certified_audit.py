"""A dataset audited as the desk does it: a random sample, some looks blind, some repeated, labels accepted unlooked."""

from __future__ import annotations

from audit_builders import Audited, audited_set, look_at

from db.session import Sessions
from services.audit.auto_accept import apply, propose
from services.looks.plans import make_plan

N, LOOKED = 240, 60


def opinion(place: int) -> str:
    """Small margins (late places) are sometimes wrong."""
    return "wrong" if place > 150 and place % 4 == 0 else "right"


def write_audited(sessions: Sessions) -> Audited:
    """Ada looks at the whole sample, Ben at a few; labels above a threshold are accepted unlooked."""
    domains = ["chat", "safety"] * (N // 2)
    found = audited_set(sessions, [4.0 - 0.015 * place for place in range(N)], domains=domains)
    plan = make_plan(
        sessions, dataset_id=found.dataset_id, run_id=found.run_id, made_by="Ada", order="random", n=LOOKED,
        seed="certificate", blind_share=0.4, repeat_share=0.1, name="sample",
    )  # fmt: skip
    look_at(found, plan.plan_id, 2 * LOOKED, opinion)
    look_at(found, plan.plan_id, 12, lambda place: "wrong" if place % 5 == 0 else "right", by="Ben")
    apply(sessions, propose(sessions, plan_id=plan.plan_id, target=0.25), by="Ada")
    return found
