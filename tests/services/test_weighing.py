"""Weighing a run: the numbers, the cache, cancelling, failing, and what cannot be weighed told apart by name."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from service_builders import (
    Gate,
    WatchedSource,
    draft,
    item_ids,
    make_dataset,
    plain_items,
    queue_run,
    scores_of,
    words,
)
from sqlalchemy import func, select

from db.session import Sessions
from db.tables import Logprob, NotWeighed, Score, Suggestion
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.formats.drafts import ItemDraft
from services.runs import get_run, list_not_weighed, request_cancel, resume
from services.weighing.run import WeighProgress, weigh


def test_the_reward_is_the_strong_log_prob_minus_the_weak_one_by_the_models_own_count(
    desk: Sessions, room: ModelRoom, tiny_models: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    dataset_id = make_dataset(desk, [draft("tea price", "cup open", "small pot of tea")])
    run_id = queue_run(desk, dataset_id)
    assert weigh(desk, room, run_id).status == "done"

    def by_hand(name: str, response: str) -> float:
        tokenizer = AutoTokenizer.from_pretrained(tiny_models / name)
        model = AutoModelForCausalLM.from_pretrained(tiny_models / name, dtype=torch.float32)
        head = "<|bos|><|user|>tea price<|end|><|assistant|>"
        prompt = tokenizer(head, add_special_tokens=False).input_ids
        ids = tokenizer(head + response + "<|end|>", add_special_tokens=False).input_ids
        with torch.inference_mode():
            logprobs = model(torch.tensor([ids])).logits.float().log_softmax(-1)[0]
        return sum(float(logprobs[t - 1, ids[t]]) for t in range(len(prompt), len(ids)))

    scores = scores_of(desk, run_id)
    for place, response in enumerate(["cup open", "small pot of tea"]):
        expected = by_hand("s", response) - by_hand("w", response)
        assert scores[0, place][0] == pytest.approx(expected, abs=1e-4)


def test_weighing_the_same_dataset_again_does_no_forward_and_finds_the_same_numbers(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id = make_dataset(desk, plain_items(40))
    first = queue_run(desk, dataset_id)
    second = queue_run(desk, dataset_id)
    weigh(desk, room, first)
    source = WatchedSource(room)
    row = weigh(desk, source, second)
    assert (row.status, source.n_batches, row.n_computed, row.n_cached) == ("done", 0, 0, 240)
    assert scores_of(desk, first) == scores_of(desk, second)


def test_swapping_one_model_computes_that_model_alone(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(5))
    weigh(desk, room, queue_run(desk, dataset_id))
    source = WatchedSource(room)
    assert weigh(desk, source, queue_run(desk, dataset_id, pair="other")).status == "done"
    assert source.computed == {"o": 15}


def test_swapping_the_sides_turns_every_reward_around_without_a_forward(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(5))
    straight, turned = queue_run(desk, dataset_id), queue_run(desk, dataset_id, pair="swapped")
    weigh(desk, room, straight)
    source = WatchedSource(room)
    weigh(desk, source, turned)
    assert source.n_batches == 0
    there, back = scores_of(desk, straight), scores_of(desk, turned)
    assert all(back[key][0] == -found[0] for key, found in there.items())


def test_a_pair_of_one_model_with_itself_gives_reward_zero(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(3)), pair="same")
    weigh(desk, room, run_id)
    assert {found[0] for found in scores_of(desk, run_id).values()} == {0.0}


def test_models_that_do_not_fit_together_run_one_after_the_other_with_the_same_numbers(
    desk: Sessions, room: ModelRoom
) -> None:
    together = queue_run(desk, make_dataset(desk, plain_items(40), name="a"))
    weigh(desk, room, together)
    numbers = scores_of(desk, together)
    with desk.begin() as session:
        session.query(Logprob).delete()
    apart = queue_run(desk, make_dataset(desk, plain_items(40), name="b"))
    source = WatchedSource(room, is_roomy=False)
    assert weigh(desk, source, apart).status == "done"
    assert source.most_open == 1
    assert scores_of(desk, apart) == numbers


def test_a_run_under_the_mean_ranks_by_reward_per_token(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(20))
    runs = {by: queue_run(desk, dataset_id, rank_by=by) for by in ("sum", "mean")}
    for run_id in runs.values():
        weigh(desk, room, run_id)
    by_sum, by_mean = scores_of(desk, runs["sum"]), scores_of(desk, runs["mean"])
    for item in range(20):
        best = max(range(3), key=lambda place: by_mean[item, place][1])
        assert by_mean[item, best][6] == 1
    flipped = {item for item in range(20) if any(by_sum[item, p][6] != by_mean[item, p][6] for p in range(3))}
    with desk() as session:
        told = session.scalars(select(Suggestion).where(Suggestion.run_id == runs["sum"])).all()
    first = {one.item_id: place for place, one in enumerate(sorted(told, key=lambda one: one.item_id))}
    assert {first[one.item_id] for one in told if one.is_length_flip} <= flipped
    assert any(one.is_length_flip for one in told)


def test_progress_is_told_and_kept(desk: Sessions, room: ModelRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # one model after the other, so that every pack can be told apart
    told: list[WeighProgress] = []
    row = weigh(desk, room, queue_run(desk, make_dataset(desk, plain_items(70))), on_progress=told.append)
    assert sorted({one.n_done for one in told}) == [0, 8, 24, 56, 70]
    shares = [one.share for one in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(set(shares)) >= 2 * 4, "it moves with every pack of both models, not only with every chunk"
    assert told[0].eta_s is not None
    assert (row.n_done, row.n_items, row.progress, row.n_computed) == (70, 70, 1.0, 420)
    assert row.elapsed_s > 0
    assert row.rate is not None
    assert row.configuration["models"]["strong"]["dtype"] == "float32"
    assert row.configuration["models"]["weak"]["device"] == "cpu"


def test_a_cancelled_run_keeps_what_is_done_and_resumes_to_the_same_end(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(70))
    run_id = queue_run(desk, dataset_id)
    gate = Gate(after=6)
    source = WatchedSource(room, on_batch=gate.on_batch)
    thread = threading.Thread(target=weigh, args=(desk, source, run_id))
    thread.start()
    assert gate.is_reached.wait(60)
    assert request_cancel(desk, run_id).status == "cancelling"
    gate.open()
    thread.join(60)
    stopped = get_run(desk, run_id)
    assert stopped.status == "cancelled"
    assert 0 < stopped.n_done < 70
    before = dict(source.computed)
    assert resume(desk, run_id).status == "queued"
    done = weigh(desk, WatchedSource(room), run_id)
    assert done.status == "done"
    assert done.n_computed == 420
    assert sum(before.values()) < 420
    with desk() as session:
        assert session.scalar(select(func.count()).select_from(Score)) == 210


def hard_items() -> list[ItemDraft]:
    long = " ".join(["tea"] * 400)
    return [
        draft("one", "tea"),
        draft("two", "tea", ""),
        draft("three", "tea", "cup", ""),
        draft("four", "tea", long),
        draft("five", "tea", "tea", "cup"),
        draft("six", "tea <|end|> cup", "pot"),
        draft("seven", "", ""),
        draft(long, "tea", "cup"),
    ]


def test_what_cannot_be_weighed_is_told_apart_by_name(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, hard_items()))
    row = weigh(desk, room, run_id)
    assert (row.status, row.n_done, row.n_not_weighed) == ("done", 8, 5)
    listed = {one.position: (one.reason, one.detail) for one in list_not_weighed(desk, run_id)}
    reasons = {position: reason for position, (reason, _) in listed.items()}
    assert reasons == {
        0: "too few candidates", 1: "empty response", 3: "too long", 6: "empty response", 7: "too long"
    }  # fmt: skip
    assert "256" in listed[3][1]  # the limit
    assert any(character.isdigit() for character in listed[3][1].replace("256", ""))  # and the count


def test_an_empty_candidate_gets_no_score_and_the_others_are_ranked(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, hard_items())
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    scores = scores_of(desk, run_id)
    assert [place for item, place in sorted(scores) if item == 2] == [0, 1]
    with desk() as session:
        suggestion = session.get_one(Suggestion, (run_id, item_ids(desk, dataset_id)[2]))
    assert [note["reason"] for note in suggestion.notes] == ["empty response"]
    assert sum(len(group) for group in suggestion.ranking) == 2


def test_identical_candidates_tie_and_say_so(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, hard_items())
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    scores = scores_of(desk, run_id)
    assert scores[4, 0][:7] == scores[4, 1][:7]
    with desk() as session:
        suggestion = session.get_one(Suggestion, (run_id, item_ids(desk, dataset_id)[4]))
        control = session.get_one(Suggestion, (run_id, item_ids(desk, dataset_id)[5]))
    assert suggestion.notes[0]["detail"] == "same text as A"
    assert 2 in [len(group) for group in suggestion.ranking]
    assert [note["reason"] for note in control.notes] == ["control text"]


def test_items_appended_while_a_run_goes_on_belong_to_the_next_run(desk: Sessions, room: ModelRoom) -> None:
    from services.live.now import Message, send_to_dataset

    run_id = queue_run(desk, make_dataset(desk, plain_items(3), name="growing"))

    def append(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
        send_to_dataset(desk, "growing", messages=[Message("user", "more tea?")], candidates=["yes", "no"])

    row = weigh(desk, WatchedSource(room, on_batch=append), run_id)
    assert (row.status, row.n_items, row.n_done) == ("done", 3, 3)


def test_text_that_the_pair_finds_unlikely_is_marked_and_counted(desk: Sessions, room: ModelRoom) -> None:
    items = plain_items(6)
    run_id = queue_run(desk, make_dataset(desk, items), pair="worldly")
    row = weigh(desk, room, run_id)
    with desk() as session:
        found = session.scalars(select(Suggestion).where(Suggestion.run_id == run_id)).all()
        rewards = session.scalars(select(Score).where(Score.run_id == run_id)).all()
    by_item = {one.item_id: one for one in found}
    for item_id, suggestion in by_item.items():
        own = [one for one in rewards if one.item_id == item_id]
        pooled = math.fsum(one.weak_logprob for one in own) / sum(one.weak_tokens for one in own)
        assert suggestion.response_mean_logprob == pytest.approx(pooled)
        assert suggestion.prompt_mean_logprob is not None
        assert suggestion.is_out_of_world == (pooled < -5.0)
    assert row.n_out_of_world == sum(one.is_out_of_world for one in found)
    assert weigh(desk, room, queue_run(desk, make_dataset(desk, items, name="b"))).n_out_of_world == 0


def test_nothing_is_open_on_the_database_during_a_forward(desk: Sessions, room: ModelRoom) -> None:
    seen: list[int] = []

    def write_meanwhile(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
        with desk.begin() as session:  # would wait for a write transaction left open
            session.add(NotWeighed(run_id=run_id, item_id=other, reason="x", detail="x"))
            session.flush()
            session.rollback()
        seen.append(1)

    dataset_id = make_dataset(desk, plain_items(3))
    other = item_ids(desk, make_dataset(desk, [draft(words(1, 2), "a", "b")], name="b"))[0]
    run_id = queue_run(desk, dataset_id)
    assert weigh(desk, WatchedSource(room, on_batch=write_meanwhile), run_id).status == "done"
    assert seen
