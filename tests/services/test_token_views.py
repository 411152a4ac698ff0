"""Token views: pieces add up to the stored reward, aligned where tokenizers differ, and need no model."""

from __future__ import annotations

import math

import pytest
from service_builders import draft, make_dataset, queue_run, scores_of
from sqlalchemy import delete, select

from db.session import Sessions
from db.tables import Candidate, Logprob, Score
from scoring.room import ModelRoom
from services.errors import NotFound
from services.token_views import exact_text, token_view
from services.weighing.run import weigh

RESPONSES = ("cup of green tea", "naïve café 🍵 🎉🎉\n\n  ok", "שלום tea <|end|>", "price 12.50!")


def candidate_ids(sessions: Sessions, run_id: int) -> list[int]:
    with sessions() as session:
        return list(session.scalars(select(Score.candidate_id).where(Score.run_id == run_id)))


@pytest.mark.parametrize("pair", ["tiny", "other"])
def test_the_pieces_spell_the_response_and_add_up_to_the_stored_reward(
    desk: Sessions, room: ModelRoom, pair: str
) -> None:
    run_id = queue_run(desk, make_dataset(desk, [draft("tea", *RESPONSES)]), pair=pair)
    weigh(desk, room, run_id)
    stored = {key[1]: found for key, found in scores_of(desk, run_id).items()}
    assert len(candidate_ids(desk, run_id)) == 4
    for place, candidate_id in enumerate(candidate_ids(desk, run_id)):
        view = token_view(desk, run_id, candidate_id)
        assert view is not None
        assert "".join(span.text for span in view.spans) == RESPONSES[place]
        assert view.reward == stored[place][0]
        assert math.fsum(span.delta for span in view.spans) == pytest.approx(view.reward, abs=1e-9)
        assert math.fsum(span.strong for span in view.spans) == pytest.approx(stored[place][2], abs=1e-9)
        assert [span.is_end for span in view.spans] == [False] * (len(view.spans) - 1) + [True]
        assert view.max_abs_delta == max(abs(span.delta) for span in view.spans)
    first = token_view(desk, run_id, candidate_ids(desk, run_id)[0])
    assert first is not None
    assert [note.startswith("the two tokenizers differ") for note in first.notes] == [True] * (pair == "other")


def test_a_run_that_does_not_count_the_end_of_turn_has_no_end_piece(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, [draft("tea", "cup", "pot")]), count_end_of_turn=False)
    weigh(desk, room, run_id)
    view = token_view(desk, run_id, candidate_ids(desk, run_id)[0])
    assert view is not None
    assert not any(span.is_end for span in view.spans)


def test_a_candidate_without_a_score_has_no_view(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, [draft("tea", "cup", "pot", "")]))
    weigh(desk, room, run_id)
    with desk() as session:
        empty = session.scalars(select(Candidate.candidate_id).where(Candidate.text == "")).one()
    assert token_view(desk, run_id, empty) is None


def test_an_emptied_cache_is_told_with_the_way_out(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, [draft("tea", "cup", "pot")]))
    weigh(desk, room, run_id)
    with desk.begin() as session:
        session.execute(delete(Logprob))
    with pytest.raises(NotFound, match="weigh the dataset again"):
        token_view(desk, run_id, candidate_ids(desk, run_id)[0])


def test_the_exact_text_and_ids_of_each_model_can_be_shown(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, [draft("price of tea", "cup", "pot")]), pair="other")
    weigh(desk, room, run_id)
    second = candidate_ids(desk, run_id)[1]
    shown = exact_text(desk, room, run_id, second)
    whole = "<|bos|><|user|>price of tea<|end|><|assistant|>pot<|end|>"
    assert shown.strong.text == shown.weak.text == whole
    with desk() as session:
        score = session.get_one(Score, (run_id, second))
        assert len(shown.strong.ids) - shown.strong.n_prompt == score.strong_tokens
        assert len(shown.weak.ids) - shown.weak.n_prompt == score.weak_tokens
    assert shown.strong.ids != shown.weak.ids


def test_exact_text_of_what_was_not_weighed_says_why(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, [draft("tea", "cup " * 300, "pot")]))
    weigh(desk, room, run_id)
    with desk() as session:
        long = session.scalars(select(Candidate.candidate_id).where(Candidate.position == 0)).one()
    with pytest.raises(NotFound, match="exceed"):
        exact_text(desk, room, run_id, long)
