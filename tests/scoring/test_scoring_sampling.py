"""Sampling: seeded, from the model's own distribution, within the context, ended where a turn ends."""

import math
from collections import Counter

import pytest
from scoring_builders import bigram_model, save_model, word_level

from scoring.errors import PromptTooLong
from scoring.models import LoadedModel, load_model
from scoring.pairs import ModelSpec
from scoring.protocol import SampledText, Sampling

NEVER = -1e9
# After <s> or <end>: a, 3 times in 4, else b. After a or b: <end>, always.
TABLE = [[NEVER, math.log(3 / 4), math.log(1 / 4), NEVER], [NEVER] * 3 + [0], [NEVER] * 3 + [0]]
TABLE = [*TABLE, TABLE[0]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder = save_model(tmp_path_factory.mktemp("sampler"), bigram_model(TABLE), word_level())
    return load_model(ModelSpec(str(folder)), device="cpu")


def test_texts_follow_the_model_s_distribution_and_end_at_the_end_of_turn(model: LoadedModel) -> None:
    found = model.sampler.sample([0], Sampling(n=400, temperature=1.0, max_new_tokens=5, seed=0))
    assert all(each.has_ended for each in found)
    counts = Counter(each.text for each in found)
    assert set(counts) == {"a", "b"}
    assert 270 < counts["a"] < 330  # 300 expected, standard deviation 8.7


def test_the_same_seed_gives_the_same_texts_and_another_seed_others(model: LoadedModel) -> None:
    def texts(seed: int) -> list[SampledText]:
        return model.sampler.sample([0], Sampling(n=30, temperature=1.0, max_new_tokens=5, seed=seed))

    assert texts(1) == texts(1) != texts(2)


def test_sampling_leaves_the_process_s_random_numbers_alone(model: LoadedModel) -> None:
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    model.sampler.sample([0], Sampling(n=2, temperature=1.0, max_new_tokens=5, seed=9))
    assert torch.equal(torch.rand(3), expected)


def test_temperature_zero_writes_the_most_likely_text(model: LoadedModel) -> None:
    found = model.sampler.sample([0], Sampling(n=5, temperature=0.0, max_new_tokens=5, seed=0))
    assert [each.text for each in found] == ["a"] * 5


def test_top_p_cuts_the_tail(model: LoadedModel) -> None:
    found = model.sampler.sample([0], Sampling(n=50, temperature=1.0, max_new_tokens=5, seed=0, top_p=0.7))
    assert {each.text for each in found} == {"a"}


def test_a_text_the_limit_cuts_says_so(model: LoadedModel) -> None:
    found = model.sampler.sample([0], Sampling(n=1, temperature=0.0, max_new_tokens=1, seed=0))
    assert (found[0].text, found[0].has_ended) == ("a", False)


def test_sampling_never_goes_over_the_context(model: LoadedModel) -> None:
    found = model.sampler.sample([0] * 15, Sampling(n=1, temperature=0.0, max_new_tokens=100, seed=0))
    assert found[0].has_ended is False  # one token fits into the 16
    with pytest.raises(PromptTooLong, match="16 tokens fill the context of 16"):
        model.sampler.sample([0] * 16, Sampling(n=1, temperature=0.0, max_new_tokens=1, seed=0))


def test_an_end_of_turn_of_the_template_stops_too(model: LoadedModel) -> None:
    # "a" itself as the end of turn: nothing is left before it
    found = model.sampler.sample([0], Sampling(n=3, temperature=0.0, max_new_tokens=5, seed=0, stop_ids=(1,)))
    assert [(each.text, each.has_ended) for each in found] == [("", True)] * 3


def test_settings_that_make_no_sense_are_refused() -> None:
    for changed in ({"n": 0}, {"temperature": -1.0}, {"max_new_tokens": 0}, {"top_p": 0.0}):
        with pytest.raises(ValueError, match="must be at least 1"):
            Sampling(**{"n": 1, "temperature": 1.0, "max_new_tokens": 1, "seed": 0} | changed)  # type: ignore[arg-type]
