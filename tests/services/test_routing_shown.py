"""What of a routed run shows elsewhere: exact input, review, exports, the same words again, several models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from routing_builders import by_domain_run, by_router, some_items, taken, with_domains
from service_builders import (
    make_dataset,
    scores_of,
)
from sqlalchemy import select

from db.session import Sessions
from db.tables import Candidate
from scoring.room import ModelRoom
from services.errors import Refused
from services.evaluation import evaluate
from services.exports.export import export
from services.reviews.review import load_item
from services.routing.choice import Routing
from services.runs import get_run
from services.token_views import exact_text
from services.weighing.here import find_or_start
from services.weighing.models import weigh_models
from services.weighing.run import weigh


def test_the_exact_input_and_the_review_screen_show_the_domain_the_run_took(desk: Sessions, room: ModelRoom) -> None:
    items = with_domains(some_items(2), ["gh", "gh"])
    dataset_id = make_dataset(desk, items)
    run_id = by_domain_run(desk, dataset_id, Routing("fixed", domain="kl"))
    weigh(desk, room, run_id)
    with desk() as session:
        candidate_id = session.scalars(select(Candidate.candidate_id).order_by(Candidate.candidate_id)).first()
    exact = exact_text(desk, room, run_id, candidate_id or 0)
    assert "Be careful." in exact.strong.text
    assert "Be brief." not in exact.strong.text
    shown = load_item(desk, dataset_id=dataset_id, annotator="ann", run_id=run_id)
    assert shown is not None
    assert (shown.domain, shown.run_domain and shown.run_domain.domain) == ("gh", "kl")
    report = evaluate(desk, dataset_id, run_id)
    assert (set(report.by_domain), set(report.by_run_domain)) == ({"gh"}, {"kl"})
    by_column = by_domain_run(desk, dataset_id, Routing())
    weigh(desk, room, by_column)
    shown = load_item(desk, dataset_id=dataset_id, annotator="ann", run_id=by_column)
    assert shown is not None
    assert shown.run_domain is None
    assert evaluate(desk, dataset_id, by_column).by_run_domain == {}


def test_the_lossless_export_says_under_which_domain_an_item_was_weighed(
    desk: Sessions, room: ModelRoom, tmp_path: Path
) -> None:
    dataset_id = make_dataset(desk, with_domains(some_items(3), ["gh", None, "ij"]))
    fixed = by_domain_run(desk, dataset_id, Routing("fixed", domain="kl"))
    by_column = by_domain_run(desk, dataset_id, Routing())

    def exported(run_id: int) -> list[dict[str, object]]:
        weigh(desk, room, run_id)
        export(desk, dataset_id, format="jsonl", out=tmp_path / "out.jsonl", only="all", run_id=run_id)
        rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
        assert [row["item"]["domain"] for row in rows] == ["gh", None, "ij"]
        return [row["run_domain"] for row in rows]

    assert exported(fixed) == [{"domain": "kl", "source": "fixed", "probability": None}] * 3
    assert exported(by_column) == [None] * 3


def test_the_same_words_take_up_an_unfinished_routed_run_and_other_domains_do_not(desk: Sessions) -> None:
    dataset_id, routing = make_dataset(desk, some_items(3)), by_router(desk, 0.6)

    def started(domains: Routing) -> int:
        return find_or_start(desk, dataset_id=dataset_id, pair="tiny", routing=domains)

    first = started(routing)
    assert get_run(desk, first).configuration["routing"] == routing.to_json()
    assert started(routing) == first
    assert len({first, started(replace(routing, threshold=0.7)), started(Routing("fixed", domain="a"))}) == 3


def test_several_models_weigh_under_one_domain_for_all_but_not_by_a_router(
    desk: Sessions, room: ModelRoom, tiny_models: Path
) -> None:
    items, names = some_items(4), [str(tiny_models / "s"), str(tiny_models / "w")]
    dataset_id = make_dataset(desk, items)
    by_domain_run(desk, dataset_id, Routing())
    fixed = weigh_models(
        desk, room, dataset_id=dataset_id, names=names, criteria="by-kind", routing=Routing("fixed", domain="gh")
    )
    assert [row.status for row in fixed.rows] == ["done", "done"]
    assert set(taken(desk, fixed.rows[0].run_id).values()) == {("gh", "fixed", None)}
    named = by_domain_run(desk, make_dataset(desk, with_domains(items, ["gh"] * 4), name="named"), Routing())
    weigh(desk, room, named)
    assert scores_of(desk, fixed.run_id_by_pair["s", "w"]) == scores_of(desk, named)
    with pytest.raises(Refused, match="give a single pair"):
        weigh_models(desk, room, dataset_id=dataset_id, names=names, routing=by_router(desk))
