"""What a model would read under criteria: the text and the tokens that a run sends, known before any weights are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from service_builders import draft, item_ids, make_dataset, queue_run, words
from sqlalchemy import select

from db.session import Sessions
from db.tables import Candidate
from db.tables_criteria import ItemDomain
from scoring.conditioning import Conditioning
from scoring.criteria_body import CriteriaBody, DomainCriteria, Exemplar
from scoring.errors import ModelUnavailable
from scoring.pairs import ModelSpec
from scoring.reading import read_reader
from scoring.room import ModelRoom
from services.criteria.preview import domain_in_run, item_id_at, preview
from services.criteria.store import add_version
from services.errors import NotFound
from services.token_views import exact_text
from services.weighing.run import weigh

BODY = CriteriaBody(
    DomainCriteria("kind tea", (Exemplar("hot water", "small cup", "large cup", "leaf"),)), {"chat": "green leaf"}
)


def items(desk: Sessions) -> list[int]:
    dataset_id = make_dataset(
        desk, [draft("black tea", "milk", "sugar and honey"), draft("lemon", "hot", "cold", domain="chat")]
    )
    return item_ids(desk, dataset_id)


@pytest.mark.parametrize(
    "conditioning", [Conditioning(), Conditioning(read_by="strong"), Conditioning(exemplars="turns")]
)
def test_it_is_what_a_run_sends_to_each_model(desk: Sessions, room: ModelRoom, conditioning: Conditioning) -> None:
    first = items(desk)[0]
    row = add_version(desk, "mine", title="", body=BODY)
    run_id = queue_run(desk, 1, pair="other", criteria_id=row.criteria_id, conditioning=conditioning)
    assert weigh(desk, room, run_id).status == "done"
    with desk() as session:
        candidate_id = session.scalars(
            select(Candidate.candidate_id).where(Candidate.item_id == first).order_by(Candidate.position)
        ).all()[1]
    sent = exact_text(desk, room, run_id, candidate_id)
    shown = preview(desk, read_reader, pair="other", body=BODY, item_id=first, conditioning=conditioning)
    for side, model in ((shown.strong, sent.strong), (shown.weak, sent.weak)):
        assert model.text.startswith(side.text)
        assert side.n_prompt_tokens == model.n_prompt
        assert side.n_longest == len(model.ids), "the second response is the longer one"
        assert side.fits
    assert ("kind tea" in shown.weak.text) == (conditioning.read_by == "both")


def test_the_items_own_domain_counts_unless_another_is_asked_for(desk: Sessions) -> None:
    second = items(desk)[1]
    own = preview(desk, read_reader, pair="tiny", body=BODY, item_id=second)
    default = preview(desk, read_reader, pair="tiny", body=BODY, item_id=second, domain="")
    assert "green leaf" in own.strong.text
    assert own.domain == "chat"
    assert "kind tea" in default.strong.text
    assert "Example 1" in default.strong.text


def test_criteria_longer_than_the_context_are_said_with_both_numbers_and_nothing_is_cut(desk: Sessions) -> None:
    body = CriteriaBody(words(1, 400))
    shown = preview(desk, read_reader, pair="tiny", body=body, item_id=items(desk)[0])
    assert not shown.strong.fits
    assert shown.strong.context_limit == 256
    assert shown.strong.text.count("tea") == shown.weak.text.count("tea")
    assert words(1, 400) in shown.strong.text
    assert f"{shown.strong.n_longest:,} tokens, the limit of" in shown.strong.problem
    assert "is 256; shorten the criteria" in shown.strong.problem


def test_a_model_that_is_not_there_is_one_line(desk: Sessions) -> None:
    with pytest.raises(ModelUnavailable, match="nowhere"):
        preview(desk, read_reader, pair="missing", body=BODY, item_id=items(desk)[0])


def test_an_item_that_is_gone_is_one_line_and_places_beyond_the_last_have_none(desk: Sessions) -> None:
    known = items(desk)
    assert [item_id_at(desk, 1, place) for place in range(3)] == [*known, None]
    with pytest.raises(NotFound, match="no item 99"):
        preview(desk, read_reader, pair="tiny", body=BODY, item_id=99)


def test_a_reader_needs_no_weights(tiny_models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(tiny_models / "s", folder)
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    found = read_reader(ModelSpec(str(folder)))
    assert found.context_limit == 256
    assert found.tokenizer.chat_template


def test_the_domain_in_a_run_is_the_one_it_took_else_the_item_s_own(desk: Sessions) -> None:
    first, second = items(desk)
    run_id = queue_run(desk, 1)
    with desk.begin() as session:
        session.add(ItemDomain(run_id=run_id, item_id=second, domain=None, source="below threshold", probability=0.4))
    assert domain_in_run(desk, run_id, second) is None
    assert domain_in_run(desk, run_id + 1, second) == "chat"
    assert domain_in_run(desk, run_id, first) is None
