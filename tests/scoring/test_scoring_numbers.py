"""The number rules of the design, on values worked out by hand and against Hugging Face's own loss."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scoring_builders import FAMILIES, bigram_model, save_model, tiny_model, word_level

from scoring.chat import EncodedCandidate, encode
from scoring.engine.plain import PlainEngine, selected_logprobs
from scoring.errors import EngineFailed, PromptTooLong
from scoring.models import load_model
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest, TokenLogprobs
from scoring.ratio import weigh_candidates

VOCABULARY = 420
HALF, QUARTER, EIGHTH = math.log(1 / 2), math.log(1 / 4), math.log(1 / 8)
# After <s>: not used by the response. After a: b half the time. After b: <end> a quarter. After <end>: a an eighth.
STRONG = [
    [QUARTER, QUARTER, QUARTER, QUARTER],
    [EIGHTH, EIGHTH, HALF, QUARTER],
    [HALF, EIGHTH, EIGHTH, QUARTER],
    [HALF, EIGHTH, QUARTER, EIGHTH],
]
WEAK = [[QUARTER] * 4] * 4  # every next token is one of four
USER = [{"role": "user", "content": "a"}]

engines = {
    family: PlainEngine(tiny_model(family, vocabulary=VOCABULARY), fingerprint=family, context_limit=512)
    for family in FAMILIES
}
requests_of = st.lists(st.integers(0, VOCABULARY - 1), min_size=2, max_size=40).flatmap(
    lambda ids: st.integers(1, len(ids) - 1).map(lambda start: request(ids, start))
)


def request(ids: list[int], start: int) -> LogprobRequest:
    return LogprobRequest(tuple(ids), tuple(index >= start for index in range(len(ids))))


def some_requests(count: int = 6) -> list[LogprobRequest]:
    generator = torch.Generator().manual_seed(3)
    sizes = [5 + 7 * index for index in range(count)]
    return [
        request(torch.randint(0, VOCABULARY, (size,), generator=generator).tolist(), max(1, size // 3))
        for size in sizes
    ]


def one_by_one(model: torch.nn.Module, requests: list[LogprobRequest]) -> list[list[float]]:
    """The naive two lines that every engine must equal, in float64 after the logits."""
    found = []
    for each in requests:
        with torch.no_grad():
            logits = model(torch.tensor([each.ids])).logits[0].double().log_softmax(-1)
        found.append([logits[t - 1, each.ids[t]].item() for t in range(len(each.ids)) if each.is_response[t]])
    return found


def test_values_worked_out_by_hand_come_out_of_a_real_model_loaded_from_a_folder(tmp_path: Path) -> None:
    # <s> a <end> is the prompt; the response "a b" and its <end> are weighed:
    #   strong: p(a | <end>) p(b | a) p(<end> | b) = 1/8 * 1/2 * 1/4 = 1/64
    #   weak:   1/4 * 1/4 * 1/4                                      = 1/64      reward ln 1 = 0
    # The response "b":
    #   strong: p(b | <end>) p(<end> | b) = 1/4 * 1/4 = 1/16;  weak: 1/16        reward 0
    # The response "b b":
    #   strong: 1/4 * 1/8 * 1/4 = 1/128;  weak: 1/64                             reward -ln 2
    totals = []
    for name, table in (("strong", STRONG), ("weak", WEAK)):
        folder = save_model(tmp_path / name, bigram_model(table), word_level())
        opened = load_model(ModelSpec(str(folder)), device="cpu")
        item = encode(opened.tokenizer, USER, ["a b", "b", "b b"], instruction="", context_limit=16)
        assert item.prompt_ids == (0, 1, 3)
        encoded = [candidate for candidate in item.candidates if isinstance(candidate, EncodedCandidate)]
        assert [candidate.request.ids[3:] for candidate in encoded] == [(1, 2, 3), (2, 3), (2, 2, 3)]
        totals.append(opened.engine.logprobs([candidate.request for candidate in encoded]))
    strong, weak = totals
    assert strong[0].values == pytest.approx((EIGHTH, HALF, QUARTER), abs=1e-6)
    assert [each.total for each in strong] == pytest.approx([-math.log(64), -math.log(16), -math.log(128)], abs=1e-6)
    weights = weigh_candidates(strong, weak)
    assert [each.reward for each in weights.candidates if each] == pytest.approx([0, 0, -math.log(2)], abs=1e-6)


def test_the_end_of_turn_counts_by_default_and_can_be_left_out(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "strong", bigram_model(STRONG), word_level())
    opened = load_model(ModelSpec(str(folder)), device="cpu")
    values = {}
    for counts in (True, False):
        item = encode(opened.tokenizer, USER, ["b"], instruction="", context_limit=16, count_end_of_turn=counts)
        candidate = item.candidates[0]
        assert isinstance(candidate, EncodedCandidate)
        assert candidate.end_token_count == int(counts)
        values[counts] = opened.engine.logprobs([candidate.request])[0].values
    assert values[True] == pytest.approx((QUARTER, QUARTER), abs=1e-6)  # b, <end>
    assert values[False] == pytest.approx((QUARTER,), abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_padded_batch_equals_the_naive_loop_for_every_architecture(family: str) -> None:
    requests = some_requests()
    found = engines[family].logprobs(requests)
    for got, expected in zip(found, one_by_one(engines[family]._model, requests), strict=True):
        assert list(got.values) == pytest.approx(expected, abs=1e-4)
        assert got.total == pytest.approx(math.fsum(expected), abs=1e-4)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2-softcap"])
def test_the_sum_equals_hugging_face_s_own_loss_with_the_prompt_masked(family: str) -> None:
    engine = engines[family]
    for each in some_requests():
        labels = [token if is_response else -100 for token, is_response in zip(each.ids, each.is_response, strict=True)]
        with torch.no_grad():
            loss = engine._model(torch.tensor([each.ids]), labels=torch.tensor([labels])).loss
        assert engine.logprobs([each])[0].mean == pytest.approx(-loss.item(), abs=1e-5)


@given(st.lists(requests_of, min_size=2, max_size=7), st.randoms(use_true_random=False))
def test_neither_batch_order_nor_company_changes_a_logprob(requests: list[LogprobRequest], random: object) -> None:
    engine = engines["llama"]
    order = list(range(len(requests)))
    random.shuffle(order)  # type: ignore[attr-defined]
    together = engine.logprobs([requests[index] for index in order])
    for position, index in enumerate(order):
        alone = engine.logprobs([requests[index]])[0]
        assert together[position].total == pytest.approx(alone.total, abs=1e-4)
        assert together[position].values == pytest.approx(alone.values, abs=1e-4)


def test_padding_does_not_change_a_response_logprob() -> None:
    short, long = request([5, 6, 7, 8], 2), request(list(range(200)), 100)
    alone = engines["llama"].logprobs([short])[0]
    padded = engines["llama"].logprobs([short, long])[0]
    assert padded.values == pytest.approx(alone.values, abs=1e-4)


def test_the_same_batch_gives_the_same_bits() -> None:
    requests = some_requests()
    assert engines["llama"].logprobs(requests) == engines["llama"].logprobs(requests)


def test_a_model_against_itself_gives_reward_zero() -> None:
    found = engines["qwen2"].logprobs(some_requests())
    assert [each.reward for each in weigh_candidates(found, found).candidates if each] == [0.0] * len(found)


def test_swapping_the_pair_gives_minus_the_reward() -> None:
    strong, weak = engines["llama"].logprobs(some_requests()), engines["qwen2"].logprobs(some_requests())
    forth, back = weigh_candidates(strong, weak), weigh_candidates(weak, strong)
    for one, other in zip(forth.candidates, back.candidates, strict=True):
        assert one is not None
        assert other is not None
        assert one.reward == -other.reward != 0


def test_log_softmax_is_float32_under_bfloat16_logits() -> None:
    # In bfloat16 (8 bits of mantissa) the log-softmax itself would round to steps of 1/32 around -6.
    logits = torch.randn(50, VOCABULARY, generator=torch.Generator().manual_seed(0)).bfloat16()
    targets = torch.arange(50)
    exact = logits.double().log_softmax(-1)[torch.arange(50), targets]
    assert torch.allclose(selected_logprobs(logits, targets).double(), exact, atol=1e-5)
    rounded = logits.log_softmax(-1)[torch.arange(50), targets].double()
    assert (rounded - exact).abs().max() > 1e-3


def test_bfloat16_weights_are_summed_in_float32() -> None:
    model = tiny_model(vocabulary=VOCABULARY).bfloat16()
    engine = PlainEngine(model, fingerprint="bf16", context_limit=512)
    found = engine.logprobs(some_requests())
    for got, expected in zip(found, one_by_one(model, some_requests()), strict=True):
        # The body is bfloat16 either way, and rounds differently in another batch; the softmax adds nothing to that.
        assert got.total / len(got.values) == pytest.approx(math.fsum(expected) / len(expected), abs=0.05)
        assert any(value != torch.tensor(value).bfloat16().item() for value in got.values)


def test_the_plan_is_longest_first_within_the_budget_and_covers_every_request_once() -> None:
    engine = PlainEngine(engines["llama"]._model, fingerprint="x", context_limit=512, token_budget=60)
    requests = some_requests(8)
    plan = [list(pack.results) for pack in engine.weigh(requests)]
    assert sorted(index for batch in plan for index in batch) == list(range(8))
    lengths = [[len(requests[index].ids) for index in batch] for batch in plan]
    assert [size for batch in lengths for size in batch] == sorted((len(each.ids) for each in requests), reverse=True)
    assert all(max(batch) * len(batch) <= 60 for batch in lengths)
    assert any(len(batch) > 1 for batch in lengths)
    assert plan == [list(pack.results) for pack in engine.weigh(list(requests))]


def test_a_request_over_the_budget_runs_alone() -> None:
    engine = PlainEngine(engines["llama"]._model, fingerprint="x", context_limit=512, token_budget=10)
    assert [list(pack.results) for pack in engine.weigh(some_requests(3))] == [[2], [1], [0]]


def test_packs_give_the_same_bits_when_the_others_are_known() -> None:
    engine = PlainEngine(engines["llama"]._model, fingerprint="x", context_limit=512, token_budget=100)
    requests = some_requests(8)
    packs = [pack.results for pack in engine.weigh(requests)]
    assert len(packs) > 2
    assert [pack.results for pack in engine.weigh(requests, known=set(packs[0]))] == packs[1:]
    assert list(engine.weigh(requests, known=set(range(8)))) == []


def test_a_small_model_runs_on_one_thread_and_torch_s_setting_is_left_alone() -> None:
    seen: list[int] = []
    model = tiny_model(vocabulary=VOCABULARY)
    model.model.register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    torch.set_num_threads(2)
    try:
        PlainEngine(model, fingerprint="x", context_limit=512).logprobs(some_requests(2))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert seen == [1]


class OutOfMemoryOver(torch.nn.Module):
    """A real model that runs out of memory when more than `rows` sequences come at once."""

    def __init__(self, model: torch.nn.Module, rows: int) -> None:
        super().__init__()
        self.inner, self.rows, self.batches = model, rows, []
        self.device, self.dtype = model.device, model.dtype

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.inner.get_input_embeddings()

    def get_output_embeddings(self) -> torch.nn.Module:
        return self.inner.get_output_embeddings()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, use_cache: bool) -> object:
        self.batches.append(len(input_ids))
        if len(input_ids) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self.inner(input_ids=input_ids, attention_mask=attention_mask, use_cache=use_cache)


def test_running_out_of_memory_halves_the_batch_and_loses_nothing() -> None:
    model = OutOfMemoryOver(engines["llama"]._model, rows=2)
    found = PlainEngine(model, fingerprint="x", context_limit=512).logprobs(some_requests(6))
    assert model.batches == [6, 3, 1, 2, 3, 1, 2]
    for got, expected in zip(found, engines["llama"].logprobs(some_requests(6)), strict=True):
        assert got.values == pytest.approx(expected.values, abs=1e-4)


def test_one_sequence_that_never_fits_is_one_clear_line() -> None:
    engine = PlainEngine(OutOfMemoryOver(engines["llama"]._model, rows=0), fingerprint="x", context_limit=512)
    with pytest.raises(EngineFailed, match=r"out of memory on cpu for one sequence of 40 tokens") as caught:
        engine.logprobs(some_requests(6))
    assert "\n" not in str(caught.value)


def test_nan_is_an_error_and_never_a_number() -> None:
    model = tiny_model(vocabulary=VOCABULARY)
    with torch.no_grad():
        model.lm_head.weight[7, 0] = float("nan")
    with pytest.raises(EngineFailed, match=r"NaN or infinite in float32"):
        PlainEngine(model, fingerprint="x", context_limit=512).logprobs(some_requests(2))


def test_a_request_over_the_context_is_refused_with_its_numbers() -> None:
    engine = PlainEngine(engines["llama"]._model, fingerprint="x", context_limit=30)
    with pytest.raises(PromptTooLong, match=r"33 tokens exceed the model's limit of 30"):
        engine.logprobs(some_requests(6))


def test_a_token_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(EngineFailed, match=r"token id 420 is outside the model's vocabulary of 420"):
        engines["llama"].logprobs([request([1, 420], 1)])


def test_the_total_is_the_sum_in_float64() -> None:
    assert TokenLogprobs((-0.1,) * 10).total == -1.0
    assert TokenLogprobs((-1e8, -1e-8, -1e8)).total == -200000000.00000001


@pytest.mark.parametrize(
    ("ids", "mask", "words"),
    [
        ((1, 2), (False,), "2 ids but a mask of 1"),
        ((1, 2), (False, False), "no response token"),
        ((1, 2), (True, True), "position 0"),
    ],
)
def test_a_request_with_a_wrong_mask_is_refused(ids: tuple[int, ...], mask: tuple[bool, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LogprobRequest(ids, mask)


def test_the_content_key_sees_ids_and_mask_and_never_changes() -> None:
    keys = {request([1, 2, 3], start).content_key() for start in (1, 2)} | {request([1, 2, 4], 1).content_key()}
    assert len(keys) == 3
    assert request([1, 2, 3], 1).content_key() == request([1, 2, 3], 1).content_key()
    # Pinned: rows in people's caches are found by this.
    assert LogprobRequest((1, 2, 3), (False, True, True)).content_key().startswith("96fa27ac934ccf3d")
