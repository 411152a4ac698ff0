"""What is kept of domains goes with its run or dataset and with nothing else; ten thousand items stay quick to list."""

from __future__ import annotations

import time

import pytest
from routing_builders import by_domain_run, by_router, small_router, some_items, taken
from service_builders import item_ids, make_dataset
from sqlalchemy import func, insert, select

from db.queries_routing import keep_guesses
from db.session import Sessions
from db.tables import Dataset, Item, Run, utc_now
from db.tables_criteria import DomainCorrection, DomainGuess, ItemDomain
from scoring.room import ModelRoom
from services import datasets
from services.routing.dataset import correct_domain, list_domain_items, router_report
from services.runs import delete_run
from services.weighing.run import weigh


def counts(sessions: Sessions) -> tuple[int, ...]:
    """Guesses, corrections, domains of runs."""
    with sessions() as session:
        tables = (DomainGuess, DomainCorrection, ItemDomain)
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def test_a_deleted_run_takes_its_domains_with_it_and_a_deleted_dataset_all_that_was_said_of_its_items(
    desk: Sessions, room: ModelRoom
) -> None:
    kept, gone = (make_dataset(desk, some_items(3), name=name) for name in ("kept", "gone"))
    runs = []
    for dataset_id in (kept, gone):
        correct_domain(desk, item_ids(desk, dataset_id)[0], annotator="ann", domain="gh")
        runs.append(by_domain_run(desk, dataset_id, by_router(desk)))
        assert weigh(desk, room, runs[-1]).status == "done"
    assert counts(desk) == (6, 2, 6)
    datasets.delete(desk, gone)
    assert counts(desk) == (3, 1, 3)
    delete_run(desk, runs[0])
    assert counts(desk) == (3, 1, 0)


def test_what_is_appended_to_a_dataset_is_routed_by_a_later_run_alone(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, some_items(3))
    first = by_domain_run(desk, dataset_id, by_router(desk))
    with desk.begin() as session:
        session.get_one(Run, first).n_items = 2
    weigh(desk, room, first)
    assert sorted(taken(desk, first)) == [0, 1]


@pytest.mark.slow
def test_ten_thousand_items_are_listed_and_judged_in_well_under_a_second(desk: Sessions) -> None:
    n, router_id = 10_000, small_router(desk)
    with desk.begin() as session:
        session.add(dataset := Dataset(name="many", n_items=n))
        session.flush()
        rows = [{"dataset_id": dataset.dataset_id, "position": place, "domain": "gh", "meta": {},
                 "messages": [{"role": "user", "content": f"tea {place}"}]} for place in range(n)]  # fmt: skip
        session.execute(insert(Item), rows)
    ids = item_ids(desk, dataset.dataset_id)
    with desk.begin() as session:
        said = {"router_id": router_id, "fingerprint": "f" * 64, "problem": "", "created_at": utc_now()}
        keep_guesses(session, [
            said | {"item_id": item_id, "probabilities": {"gh": 0.5 + place / 30_000, "ij": 0.5 - place / 30_000}}
            for place, item_id in enumerate(ids)
        ])  # fmt: skip
    began = time.perf_counter()
    report = router_report(desk, dataset.dataset_id, router_id=router_id, threshold=0.6)
    page = list_domain_items(desk, dataset.dataset_id, router_id=router_id, threshold=0.6, only="below threshold")
    elapsed_s = time.perf_counter() - began
    assert (report.against_column.right.n, report.n_below, page.n, len(page.items)) == (n, 3000, 3000, 20)
    assert elapsed_s < 5, "half a second on an idle machine"
