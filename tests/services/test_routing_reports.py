"""How often a router is right, what counts for an item, corrections by hand, and a dataset routed in a thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from routing_builders import BODY, small_router, some_items, with_domains
from service_builders import Gate, WatchedSource, draft, item_ids, make_dataset, pair_entry, wait_until
from sqlalchemy import select

from db.queries_routing import keep_guesses
from db.session import Sessions
from db.tables import utc_now
from db.tables_criteria import DomainCorrection
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.errors import NotFound, Refused
from services.routing.dataset import correct_domain, list_domain_items, resolve, route_dataset, router_report
from services.routing.guesses import Guess
from services.routing.report import BELOW, NOT_ASKED
from services.routing.resolve import ResolvedDomain
from services.routing.store import body_of_text, text_of_body
from services.routing.threads import RoutingTask, RoutingThreads
from services.statistics.intervals import share

MODEL = "f" * 64


def write_guesses(
    sessions: Sessions, dataset_id: int, router_id: int, guesses: Sequence[Mapping[str, float] | str | None]
) -> list[int]:
    """What a model would have said of each item in file order: probabilities, a problem, or nothing yet."""
    ids = item_ids(sessions, dataset_id)
    rows = [
        {
            "router_id": router_id, "fingerprint": MODEL, "item_id": item_id, "created_at": utc_now(),
            "probabilities": {} if isinstance(guess, str) else dict(guess),
            "problem": guess if isinstance(guess, str) else "",
        }
        for item_id, guess in zip(ids, guesses, strict=True)
        if guess is not None
    ]  # fmt: skip
    with sessions.begin() as session:
        keep_guesses(session, rows)
    return ids


def says(gh: float, ij: float, kl: float) -> dict[str, float]:
    return {"gh": gh, "ij": ij, "kl": kl}


@pytest.fixture
def told(desk: Sessions) -> tuple[int, int, list[int]]:
    """Nine items: (dataset_id, router_id, item_ids). Their true domains, and what the model says, are below."""
    columns = ["gh", "gh", "gh", "ij", "ij", "kl", "elsewhere", None, "kl"]
    dataset_id = make_dataset(desk, with_domains(some_items(9), columns))
    router_id = small_router(desk)
    ids = write_guesses(desk, dataset_id, router_id, [
        says(0.9, 0.1, 0.0),  # right
        says(0.55, 0.4, 0.05),  # right, but unsure
        says(0.1, 0.8, 0.1),  # wrong
        says(0.0, 0.7, 0.3),  # right
        says(0.2, 0.3, 0.5),  # wrong, and unsure
        "the router's question is too long: 300 tokens",
        says(0.0, 0.0, 1.0),  # its true domain is not one of the router's
        says(1.0, 0.0, 0.0),  # no truth
        None,  # not asked yet
    ])  # fmt: skip
    return dataset_id, router_id, ids


def test_a_correction_comes_first_then_a_sure_router_then_the_default() -> None:
    sure, lost = Guess(says(0.1, 0.2, 0.7)), Guess({}, "too long")
    assert resolve(sure, None, 0.7) == ResolvedDomain("kl", "router", 0.7, 0.7)
    assert resolve(sure, None, 0.71) == ResolvedDomain(None, "below threshold", 0.7, 0.71)
    assert resolve(sure, "gh", 0.99) == ResolvedDomain("gh", "hand")
    assert resolve(lost, None, 0.0) == ResolvedDomain(None, "problem")
    assert resolve(lost, "gh", 0.0) == resolve(None, "gh", 0.0) == ResolvedDomain("gh", "hand")
    assert resolve(None, None, 0.0) is None


def test_accuracy_against_the_column_counts_by_hand_at_two_thresholds(
    desk: Sessions, told: tuple[int, int, list[int]]
) -> None:
    dataset_id, router_id, _ = told
    free = router_report(desk, dataset_id, router_id=router_id).against_column
    assert free.right == share(3, 6)  # five with a guess and one that could not be asked about
    assert free.right_if_sure == share(3, 5)
    assert (free.n_below, free.n_not_asked, free.n_unknown) == (0, 1, 1)
    strict = router_report(desk, dataset_id, router_id=router_id, threshold=0.6).against_column
    assert strict.right == share(2, 6)
    assert strict.right_if_sure == share(2, 3)
    assert (strict.n_below, strict.n_not_asked, strict.n_unknown) == (2, 1, 1)


def test_the_matrix_has_the_truth_in_rows_the_router_in_columns_and_what_is_unsure_in_a_column_of_its_own(
    desk: Sessions, told: tuple[int, int, list[int]]
) -> None:
    dataset_id, router_id, _ = told
    matrix = router_report(desk, dataset_id, router_id=router_id, threshold=0.6).against_column.matrix
    assert matrix.rows == ("gh", "ij", "kl", "elsewhere")
    assert matrix.columns == ("gh", "ij", "kl", BELOW, NOT_ASKED)
    assert matrix.counts == ((1, 1, 0, 1, 0), (0, 1, 0, 1, 0), (0, 0, 0, 0, 1), (0, 0, 1, 0, 0))


def test_the_report_says_how_many_went_where_and_by_which_model(
    desk: Sessions, told: tuple[int, int, list[int]]
) -> None:
    dataset_id, router_id, ids = told
    correct_domain(desk, ids[8], annotator="ann", domain="ij")
    report = router_report(desk, dataset_id, router_id=router_id, threshold=0.6)
    assert (report.fingerprint, report.n_items, report.n_routed, report.n_below, report.n_problems) == (
        MODEL,
        9,
        8,
        2,
        1,
    )
    assert report.n_by_domain == {"": 3, "gh": 2, "ij": 3, "kl": 1}
    assert report.n_corrected == 1


def test_accuracy_against_corrections_counts_only_what_people_said_and_the_model_was_asked_about(
    desk: Sessions, told: tuple[int, int, list[int]]
) -> None:
    dataset_id, router_id, ids = told
    for place, domain in ((0, "gh"), (2, "gh"), (7, "gh"), (8, "kl")):
        correct_domain(desk, ids[place], annotator="ann", domain=domain)
    found = router_report(desk, dataset_id, router_id=router_id).against_corrections
    assert found.right == share(2, 3)
    assert found.matrix.rows == ("gh",)
    assert found.matrix.counts == ((2, 1, 0),)


def test_a_router_that_was_never_asked_has_an_empty_report(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, some_items(2))
    report = router_report(desk, dataset_id, router_id=small_router(desk))
    assert (report.fingerprint, report.n_routed, report.n_by_domain) == (None, 0, {})
    assert report.against_column.right.value is None
    assert report.against_column.matrix.rows == ()


def test_a_correction_is_kept_with_who_and_when_and_can_be_taken_back(
    desk: Sessions, told: tuple[int, int, list[int]]
) -> None:
    dataset_id, router_id, ids = told
    for annotator, domain in (("ann", "kl"), ("ann", "kl"), ("bob", "gh"), ("bob", None), ("bob", None), ("ann", "ij")):
        correct_domain(desk, ids[0], annotator=annotator, domain=domain)
        first = list_domain_items(desk, dataset_id, router_id=router_id, sort="file order").items[0]
        assert (first.corrected, first.corrected_by) == (domain, annotator if domain else None)
    assert first.corrected_at is not None
    assert first.counts == ResolvedDomain("ij", "hand")
    with desk() as session:
        rows = session.scalars(select(DomainCorrection).order_by(DomainCorrection.correction_id)).all()
    assert [row.domain for row in rows] == ["kl", "gh", None, "ij"], "every change is a row; the same again is none"


def test_a_correction_that_cannot_be_kept_is_refused_in_one_line(desk: Sessions) -> None:
    with pytest.raises(NotFound, match="no item 99"):
        correct_domain(desk, 99, annotator="ann", domain="kl")
    (item_id,) = item_ids(desk, make_dataset(desk, [draft("tea", "a", "b")]))
    with pytest.raises(Refused, match="0 characters"):
        correct_domain(desk, item_id, annotator="ann", domain="  ")


def test_the_list_begins_with_what_is_least_sure_and_keeps_to_what_is_asked_for(
    desk: Sessions, told: tuple[int, int, list[int]]
) -> None:
    dataset_id, router_id, ids = told
    correct_domain(desk, ids[3], annotator="ann", domain="gh")

    def places(only: str = "all", sort: str = "least sure", offset: int = 0, limit: int = 20) -> list[int]:
        page = list_domain_items(
            desk, dataset_id, router_id=router_id, threshold=0.6, only=only, sort=sort, offset=offset, limit=limit
        )
        return [item.position for item in page.items]

    assert places() == [5, 8, 4, 1, 3, 2, 0, 6, 7]
    assert places(sort="file order", offset=2, limit=3) == [2, 3, 4]
    assert places("below threshold") == [4, 1]
    assert places("not as the file says") == [5, 4, 1, 2, 6]
    assert places("corrected") == [3]
    assert places("not asked") == [5, 8]
    with pytest.raises(Refused):
        places("sideways")


def test_the_lists_items_carry_what_there_is_to_judge_them_by(desk: Sessions) -> None:
    long = "tea " * 200
    items = [draft(long, "a", "b", domain="chat")]
    dataset_id = make_dataset(desk, items)
    router_id = small_router(desk)
    write_guesses(desk, dataset_id, router_id, [says(0.2, 0.3, 0.5)])
    (item,) = list_domain_items(desk, dataset_id, router_id=router_id).items
    assert (item.column, item.guess, item.probability) == ("chat", "kl", 0.5)
    assert item.prompt.startswith("tea tea")
    assert item.prompt.endswith("…")
    assert len(item.prompt) == 240


def test_definitions_are_lines_and_what_will_not_do_is_told_in_one(desk: Sessions) -> None:
    assert body_of_text(text_of_body(BODY)) == BODY
    assert body_of_text(" a : one: two \n\n b: three").domains == (("a", "one: two"), ("b", "three"))
    for text, line in (("a one\nb: two", "has no colon"), ("a: one", "1 domain"), ("a: x\na: y", "name one twice"),
                       ("a: x\nb:", "lacks its name or its definition"), ("", "0 domain")):  # fmt: skip
        with pytest.raises(Refused, match=line) as refused:
            body_of_text(text)
        assert "\n" not in str(refused.value)


def test_a_thread_routes_a_dataset_once_and_tells_how_far_it_is(desk: Sessions, room: ModelRoom) -> None:
    dataset_id, gate = make_dataset(desk, some_items(30)), Gate(after=2)
    source = WatchedSource(room, on_batch=gate.on_batch)
    threads = RoutingThreads(desk, lambda: source)
    task = RoutingTask(dataset_id, small_router(desk), "tiny")
    assert threads.progress(task) is None
    threads.start(task)
    assert gate.is_reached.wait(60)
    threads.start(task)  # a second press begins nothing
    halfway = threads.progress(task)
    assert halfway is not None
    assert (halfway.is_at_work, halfway.n_done, halfway.n_items) == (True, 8, 30)
    gate.open()
    wait_until(lambda: not _is_at_work(threads, task))
    done = threads.progress(task)
    assert done is not None
    assert (done.n_done, done.n_computed, done.problem) == (30, 90, "")
    assert source.computed == {"s": 90}


def test_a_stopped_thread_keeps_what_it_has_and_the_next_start_goes_on(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, some_items(30))
    task = RoutingTask(dataset_id, small_router(desk), "tiny")
    gate = Gate()
    threads = RoutingThreads(desk, lambda: WatchedSource(room, on_batch=gate.on_batch))
    threads.start(task)
    assert gate.is_reached.wait(60)
    threads.stop(task)
    gate.open()
    wait_until(lambda: not _is_at_work(threads, task))
    stopped = threads.progress(task)
    assert stopped is not None
    assert (stopped.n_done, stopped.n_computed) == (8, 24)
    source = WatchedSource(room)
    again = RoutingThreads(desk, lambda: source)
    again.start(task)
    wait_until(lambda: not _is_at_work(again, task))
    assert source.computed == {"s": 66}
    assert router_report(desk, dataset_id, router_id=task.router_id).n_routed == 30


@pytest.mark.parametrize(("pair", "says"), [("gone", "no folder"), ("none", "no model pair"), ("here", "is gone")])
def test_what_goes_wrong_in_a_thread_is_one_line(
    desk: Sessions, room: ModelRoom, tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: str,
    says: str,
) -> None:  # fmt: skip
    s, w = tiny_models / "s", tiny_models / "w"
    (tmp_path / "pairs.toml").write_text(pair_entry("here", s, w) + pair_entry("gone", tmp_path / "s", w))
    monkeypatch.setenv("TARE_PAIRS", str(tmp_path / "pairs.toml"))

    def broken(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
        raise OSError("the machine is gone")

    threads = RoutingThreads(desk, lambda: WatchedSource(room, on_batch=broken))
    task = RoutingTask(make_dataset(desk, some_items(2)), small_router(desk), pair)
    threads.start(task)
    wait_until(lambda: not _is_at_work(threads, task))
    ended = threads.progress(task)
    assert ended is not None
    assert says in ended.problem
    assert "\n" not in ended.problem


def _is_at_work(threads: RoutingThreads, task: RoutingTask) -> bool:
    progress = threads.progress(task)
    return progress is not None and progress.is_at_work


def test_a_report_of_a_routed_dataset_is_the_one_read_later(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, with_domains(some_items(6), ["gh", "ij", "kl"] * 2))
    router_id = small_router(desk)
    done = route_dataset(desk, room, dataset_id, pair="tiny", router_id=router_id, threshold=0.5)
    assert done.report == router_report(desk, dataset_id, router_id=router_id, threshold=0.5)
    assert done.report.against_column.right.n == 6
