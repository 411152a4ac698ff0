"""A server whose weights change behind its name: refused, unless the numbers moved by rounding only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loopback import Loopback
from served_pairs import Catalogue, Swappable, cached
from server_builders import Computing
from service_builders import draft, make_dataset, plain_items, queue_run, scores_of

from db.session import Sessions
from scoring.criteria import CriteriaBody
from scoring.room import ModelRoom
from services.errors import Refused
from services.live.now import weigh_now
from services.reviews.rows import Message
from services.weighing.run import weigh

NOTHING = CriteriaBody("")
SHORT = [draft("tea price", "cup open", "small pot of tea"), draft("green leaf", "hot", "cold water, kind")]


def test_other_weights_behind_the_name_are_refused_until_they_get_a_revision(
    desk: Sessions, room: ModelRoom, served: Catalogue, computing: Computing, served_folders: Path
) -> None:
    swappable = Swappable(computing)
    first, second = (make_dataset(desk, plain_items(2, k=2 + more), name=f"set {more}") for more in range(2))
    with Loopback(swappable) as server:
        served.at(server.url)
        weigh(desk, room, queue_run(desk, first, pair="served"))
        swappable.now = Computing(served_folders / "weak")
        before = cached(desk)
        row = weigh(desk, room, queue_run(desk, second, pair="served"))
        assert row.status == "failed"
        assert row.error is not None
        assert "the weights behind this name have changed" in row.error
        assert "give the pair a new revision" in row.error
        with pytest.raises(Refused, match="the weights behind this name have changed"):
            weigh_now(
                desk, room, pair="served", criteria=NOTHING,
                messages=[Message("user", "pot")], responses=["cup"],
            )  # fmt: skip
        assert cached(desk) - before <= 2 * 3, "of the weak model at most"
        served.at(server.url, revision="2")
        row = weigh(desk, room, queue_run(desk, second, pair="served"))
        assert (row.status, row.error) == ("done", None)
        assert all(score[0] == pytest.approx(0, abs=1e-3) for score in scores_of(desk, row.run_id).values())


@pytest.mark.parametrize(("nats", "status"), [(0.03, "done"), (0.07, "failed")])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_drift_of_the_size_of_rounding_is_let_through_and_more_is_not(
    nats: float,
    status: str,
    desk: Sessions,
    room: ModelRoom,
    served: Catalogue,
    computing: Computing,
    served_folders: Path,
) -> None:
    def drift(answer: Any, body: dict[str, Any]) -> Any:
        logprobs = answer["choices"][0]["logprobs"]
        logprobs["token_logprobs"] = [None, *(value - nats for value in logprobs["token_logprobs"][1:])]
        return answer

    swappable = Swappable(computing)
    with Loopback(swappable) as server:
        served.at(server.url)
        weigh(desk, room, queue_run(desk, make_dataset(desk, SHORT), pair="served"))
        swappable.now = Computing(served_folders / "served", bend=drift)
        assert (
            weigh(desk, room, queue_run(desk, make_dataset(desk, plain_items(1), name="b"), pair="served")).status
            == status
        )
