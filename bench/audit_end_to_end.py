"""The audit from end to end, on databases: plans drawn, looks handed out, decisions kept, bounds and thresholds read.

    python -m bench.audit_end_to_end               400 audits on two processes: about ten minutes

Every audit goes on a database of its own, whose every true label is known (audit_desk.py): some items are settled
before, by margin and in file order; a sample is drawn; people work through it, skip, flag, undo, follow the margin and
links beside it, split and are adjudicated; labels are accepted unlooked; more is drawn; another sample is drawn, and
one of the other run. Every interval is held against the truth. The mathematics alone, far more often, is in
audit_simulation.py. Seeded; results go to bench/results/audit_end_to_end.json.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import event, select

from bench.audit_desk import Desk, People, make_desk
from bench.files import say, write
from db.migrate import upgrade
from db.session import make_sessionmaker
from db.tables import Decision
from services.audit.accuracy import accuracy_from
from services.audit.auto_accept import apply, propose
from services.audit.outcomes import sample_outcomes
from services.audit.rows import SampleOutcomes
from services.labels import SETTLED, UNDECIDED, labels_of
from services.looks.plans import extend_plan, get_plan, make_plan
from services.looks.redraw import kept_draw, redraw
from services.looks.rows import PlanRow
from services.statistics.exact import Bound
from services.statistics.intervals import wilson

SEED = 20_261_122
CHUNK = 20  # audits
SHAPES = ("telling", "flat", "ends badly")
LEVEL, TARGET = 0.95, 0.25
PROMISE = "promise of labels accepted unlooked"
ALWAYS = "always: "
Held = Iterator[tuple[str, bool]]


def audit(number: int, folder: Path, empty: Path, *, effort: float = 1.0) -> list[tuple[str, bool]]:
    """One audit: (what was claimed, whether it was true) of everything that it claims; `effort` scales its looks."""
    path = folder / f"{number}.db"
    shutil.copy(empty, path)
    sessions = make_sessionmaker(f"sqlite:///{path}")
    event.listen(sessions.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    generator = np.random.default_rng([SEED, number])
    shape = SHAPES[number % len(SHAPES)]
    desk = make_desk(sessions, generator, n_items=int(generator.integers(350, 600)), shape=shape)
    found = list(_story(desk, generator, effort))
    sessions.engine.dispose()
    path.unlink()
    return found


def _story(desk: Desk, generator: np.random.Generator, effort: float) -> Held:
    people = People(desk, generator, troubled=float(generator.choice([0.0, 0.3])))
    _before(desk, people, generator)
    plan = _sample(desk, generator, run_id=desk.run_ids[0], n=120)
    _work(desk, people, plan, generator, n_looks=int(effort * generator.integers(60, 120)))
    yield from _claims(desk, plan, "first sample")
    yield from _accepted(desk, plan, is_per_domain=bool(generator.random() < 0.3))
    plan = extend_plan(desk.sessions, plan.plan_id, n_more=int(generator.integers(1, 40)), by="ann")
    _work(desk, people, plan, generator, n_looks=int(effort * 30))
    yield from _claims(desk, plan, "drawn more")
    second = _sample(desk, generator, run_id=desk.run_ids[0], n=60)
    other = _sample(desk, generator, run_id=desk.run_ids[1], n=70)
    _work(desk, people, other, generator, n_looks=int(effort * 70))
    _work(desk, people, second, generator, n_looks=int(effort * 40))
    for one, name in ((plan, "after other samples"), (second, "second sample"), (other, "other run")):
        yield from _claims(desk, one, name)
        yield from _accepted(desk, one)


def _before(desk: Desk, people: People, generator: np.random.Generator) -> None:
    for item_id in desk.item_ids[: int(generator.integers(0, 30))]:
        people.say(item_id, desk.run_ids[0])
    targeted = make_plan(
        desk.sessions, dataset_id=desk.dataset_id, run_id=desk.run_ids[0], made_by="ann", order="margin", overlap=1
    )
    for _ in range(int(generator.integers(0, 30))):
        people.next(targeted)


def _sample(desk: Desk, generator: np.random.Generator, *, run_id: int, n: int) -> PlanRow:
    strata = (None, None, "domain", "margin")[int(generator.integers(4))]
    return make_plan(
        desk.sessions, dataset_id=desk.dataset_id, run_id=run_id, made_by="ann", n=n,
        order="random" if strata is None else "stratified", strata=strata,
        allocation="equal" if strata == "margin" and generator.random() < 0.5 else "proportional",
        seed=str(int(generator.integers(10**9))), overlap=int(generator.integers(3)), blind_share=0.4,
        repeat_share=float(generator.choice([0.0, 0.1])),
    )  # fmt: skip


def _work(desk: Desk, people: People, plan: PlanRow, generator: np.random.Generator, *, n_looks: int) -> None:
    """A number of looks that is fixed beforehand, and everything else that happens beside them."""
    targeted = make_plan(
        desk.sessions, dataset_id=desk.dataset_id, run_id=plan.run_id, made_by="ann", order="margin", overlap=1
    )
    for _ in range(n_looks):
        people.next(plan)
        chance = generator.random()
        if chance < 0.08:
            people.take_back()
        elif chance < 0.2:
            people.next(targeted)
        elif chance < 0.26:
            people.open(plan, int(generator.choice(desk.item_ids)), by="bob")
        elif chance < 0.3:
            people.say(int(generator.choice(desk.item_ids)), plan.run_id)
        elif chance < 0.5:
            people.next(plan, by="bob")
    people.stand_by()
    people.adjudicate(at_most=int(generator.integers(8)))


def _claims(desk: Desk, plan: PlanRow, name: str) -> Held:
    """What the sample says of itself, and of the population."""
    found = sample_outcomes(desk.sessions, plan.plan_id)
    number = desk.run_ids.index(plan.run_id)
    yield from _structure(desk, found)
    accuracy = accuracy_from(found, level=LEVEL)
    agrees = desk.agrees[number]
    yield f"accuracy, {name}", _covers(accuracy.bound, float(np.mean(agrees)))
    yield f"accuracy, exact, {name}", _covers(accuracy.exact, float(np.mean(agrees)))
    drawn_from = [agrees[desk.place(item_id)] for item_id in found.population.item_ids]
    yield f"blind looks alone, {name}", _covers(accuracy.blind, float(np.mean(drawn_from)))
    for domain, bound in accuracy.by_domain:
        mine = [right for right, its in zip(agrees, desk.domains, strict=True) if (its or "") == domain]
        yield f"accuracy by domain, {name}", _covers(bound, float(np.mean(mine)))


def _covers(bound: Bound, truth: float) -> bool:
    return bound.low is None or bound.high is None or bound.low - 1e-9 <= truth <= bound.high + 1e-9


def _structure(desk: Desk, found: SampleOutcomes) -> Held:
    """What must hold always: the draw, the counted beginning, and that nothing else counts."""
    with desk.sessions() as session:
        kept, again = kept_draw(session, found.plan.plan_id), redraw(session, found.plan.plan_id)
        labels = labels_of(session, desk.dataset_id, with_auto=False)
        before = labels_of(session, desk.dataset_id, with_auto=False, up_to=found.plan.decision_cut)
    yield ALWAYS + "drawn again, the same", kept == again
    order = [one.item_id for one in kept]
    counted = [one.item_id for one in found.counted]
    yield ALWAYS + "only the sample counts", counted == order[: len(counted)] and len(set(order)) == len(order)
    is_over = len(counted) == len(order) or order[len(counted)] not in labels
    is_over = is_over or labels[order[len(counted)]].state == UNDECIDED
    yield ALWAYS + "up to the first gap", is_over
    known = {item_id for item_id, label in before.items() if label.state == SETTLED}
    yield ALWAYS + "nothing settled before is drawn", not known & set(order) and found.census.n == len(known)
    sizes = dict(Counter(found.population.strata))
    yield ALWAYS + "the population stays", sizes == dict(get_plan(desk.sessions, found.plan.plan_id).population)
    number = desk.run_ids.index(found.plan.run_id)
    is_true = all(one.agrees in (None, desk.agrees[number][desk.place(one.item_id)]) for one in found.counted)
    yield ALWAYS + "an outcome is the truth or none", is_true


def _accepted(desk: Desk, plan: PlanRow, *, is_per_domain: bool = False) -> Held:
    """Accepts what the sample supports; the promise of what was written, as a whole or in each domain."""
    proposal = propose(desk.sessions, plan_id=plan.plan_id, target=TARGET, level=LEVEL, is_per_domain=is_per_domain)
    yield "a threshold was found", proposal.n_accepted > 0
    if not proposal.n_accepted:
        yield PROMISE, True
        return
    made = apply(desk.sessions, proposal, by="ann")
    with desk.sessions() as session:
        wanted = select(Decision.item_id).where(
            Decision.auto_accept_id == made.auto_accept_id, Decision.verdict != "undo"
        )
        places = [desk.place(item_id) for item_id in session.scalars(wanted)]
    right = desk.is_right[desk.run_ids.index(plan.run_id)]
    groups: dict[str | None, list[bool]] = {}
    for place in places:
        groups.setdefault(desk.domains[place] if is_per_domain else "", []).append(right[place])
    yield PROMISE, all(its.count(False) <= TARGET * len(its) for its in groups.values())


def tally(found: list[tuple[str, bool]]) -> list[dict[str, Any]]:
    """One row a claim: how often it was made, and how often it was true, with Wilson's interval."""
    made, true = Counter(name for name, _ in found), Counter(name for name, is_true in found if is_true)
    rows = []
    for name, n in sorted(made.items()):
        low, high = wilson(true[name], n)
        rows.append({"claim": name, "n": n, "held": true[name] / n, "held_low": low, "held_high": high})
    return rows


def simulate(first: int, last: int, effort: float = 1.0) -> list[tuple[str, bool]]:
    """Audits of these numbers, one after the other, in a folder of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = folder / "empty.db"
        upgrade(f"sqlite:///{empty}")
        return [claim for number in range(first, last) for claim in audit(number, folder, empty, effort=effort)]


def main() -> None:
    """Audit, count, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audits", type=int, default=400)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    starts = range(0, asked.audits, CHUNK)
    ends = [min(start + CHUNK, asked.audits) for start in starts]
    with ProcessPoolExecutor(asked.processes) as pool:
        found = [claim for part in pool.map(simulate, starts, ends) for claim in part]
    rows = tally(found)
    for row in rows:
        say(f"{row['claim']}: {row['held']:.4f} of {row['n']:,}")
    write("audit_end_to_end", {"seed": SEED, "audits": asked.audits, "target": TARGET, "claims": rows})


if __name__ == "__main__":
    main()
