"""The figures' data: effective decisions only, each counted once."""

from __future__ import annotations

import pytest
from service_builders import Reviewer, draft, item_ids, make_dataset, plain_items, queue_run

from db.session import Sessions
from scoring.room import ModelRoom
from services import insights
from services.errors import NotFound
from services.reviews.review import undo
from services.statistics.intervals import wilson
from services.weighing.run import weigh


@pytest.fixture
def decided(desk: Sessions, room: ModelRoom) -> tuple[int, int]:
    """Seven items: ann accepts 2, overrides 2 (one as an edit of a skip), ties 1 and undoes one; bob accepts 1."""
    dataset_id = make_dataset(desk, [*plain_items(6), draft("tea", "cup " * 300, "pot")])
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    ann, bob = Reviewer(desk, dataset_id), Reviewer(desk, dataset_id, name="bob")
    ids = item_ids(desk, dataset_id)

    def best(who: Reviewer, place: int, rank: int, **more: object) -> None:
        shown = who.look(ids[place]).candidates[rank - 1].candidate_id
        who.say(ids[place], "best", run_id=run_id, chosen_candidate_id=shown, **more)

    best(ann, 0, 1)
    best(ann, 1, 1)
    best(ann, 2, 3, reason_tags=["style", "too long"])
    ann.say(ids[3], "skip", run_id=run_id)
    best(ann, 3, 2)
    ann.say(ids[4], "tie", run_id=run_id)
    best(ann, 6, 1, reason_tags=["unsafe"])  # nothing was suggested here
    ann.say(ids[5], "flag", run_id=run_id)
    undo(desk, dataset_id=dataset_id, annotator="ann")
    best(bob, 0, 1)
    return dataset_id, run_id


def test_verdicts_are_counted_by_decision_and_items_once(desk: Sessions, decided: tuple[int, int]) -> None:
    found = insights.verdict_counts(desk, dataset_id=decided[0])
    assert (found.n_items, found.n_decided) == (7, 6)
    assert found.counts == {"accept": 3, "override": 3, "tie": 1, "skip": 0, "flag": 0}
    assert insights.verdict_counts(desk, dataset_id=decided[0], annotator="bob").counts["accept"] == 1
    with pytest.raises(NotFound, match="no dataset"):
        insights.verdict_counts(desk, dataset_id=99)


def test_the_accept_rate_leaves_out_items_without_a_suggestion(desk: Sessions, decided: tuple[int, int]) -> None:
    found = insights.accept_rate(desk, dataset_id=decided[0])
    assert (found.n, found.value) == (6, 3 / 6)
    assert (found.low, found.high) == wilson(3, 6)
    assert insights.accept_rate(desk, dataset_id=decided[0], annotator="nobody").n == 0
    assert insights.accept_rate(desk, dataset_id=decided[0], run_id=decided[1]).n == 6
    assert insights.accept_rate(desk, dataset_id=decided[0], run_id=99).n == 0


def test_margins_come_with_the_verdict_that_counts(desk: Sessions, decided: tuple[int, int]) -> None:
    points = insights.margins_by_verdict(desk, dataset_id=decided[0], annotator="ann")
    assert [point.verdict for point in points] == ["accept", "accept", "override", "override", "tie"]
    first = Reviewer(desk, decided[0]).look(points[0].item_id).suggestion
    assert first is not None
    assert points[0].margin == first.margin


def test_reasons_are_counted_on_effective_overrides(desk: Sessions, decided: tuple[int, int]) -> None:
    found = insights.override_reasons(desk, dataset_id=decided[0])
    assert (found.n_overrides, found.n_without_reason) == (3, 1)
    assert {tag: n for tag, n in found.counts.items() if n} == {"style": 1, "too long": 1, "unsafe": 1}


def test_length_against_reward_shows_every_candidate_or_an_even_part(
    desk: Sessions, decided: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = insights.length_against_reward(desk, run_id=decided[1])
    assert (found.n, len(found.points)) == (18, 18)
    assert sum(point.is_best for point in found.points) == 6
    assert all(point.n_tokens > 0 for point in found.points)
    monkeypatch.setattr(insights, "POINT_LIMIT", 6)
    thinned = insights.length_against_reward(desk, run_id=decided[1])
    assert (thinned.n, len(thinned.points)) == (18, 6)
    assert set(thinned.points) < set(found.points)


def test_a_dataset_without_decisions_has_empty_figures(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(1))
    assert insights.accept_rate(desk, dataset_id=dataset_id).value is None
    assert insights.margins_by_verdict(desk, dataset_id=dataset_id) == ()
    assert insights.override_reasons(desk, dataset_id=dataset_id).n_overrides == 0
    assert insights.length_against_reward(desk, run_id=99).points == ()
