"""Two loaded models together: different tokenizers, and a tokenizer that belongs to another model."""

from collections.abc import Callable
from pathlib import Path

import pytest
from scoring_builders import save_model, tiny_model

from scoring.chat import encode
from scoring.errors import EngineFailed
from scoring.models import load_model
from scoring.pairs import ModelSpec
from scoring.ratio import weigh_candidates
from scoring.spans import contributions


def test_a_tokenizer_of_another_model_is_refused_not_weighed(tmp_path: Path, strong_folder: Path) -> None:
    tokenizer = load_model(ModelSpec(str(strong_folder)), device="cpu").tokenizer
    opened = load_model(ModelSpec(str(save_model(tmp_path / "small", tiny_model(vocabulary=50), tokenizer))))
    item = encode(opened.tokenizer, [{"role": "user", "content": "Hi"}], ["Yes"], instruction="", context_limit=512)
    with pytest.raises(EngineFailed, match="outside the model's vocabulary of 50"):
        opened.engine.logprobs([item.candidates[0].request])  # type: ignore[union-attr]


def test_two_tokenizers_give_contributions_that_add_up_to_the_reward(
    strong_folder: Path, other_folder: Path, spec_of: Callable[[Path], ModelSpec]
) -> None:
    strong, weak = (load_model(spec_of(folder), device="cpu") for folder in (strong_folder, other_folder))
    messages = [{"role": "user", "content": "Why is the sky blue?"}]
    text = "Because air scatters 🎉 blue light, naïve café!"
    sides = []
    for opened in (strong, weak):
        item = encode(
            opened.tokenizer,
            messages,
            [text],
            instruction="Be brief.",
            context_limit=512,
            template_tokenizer=strong.tokenizer,
        )
        candidate = item.candidates[0]
        sides.append((candidate.token_spans, opened.engine.logprobs([candidate.request])[0]))  # type: ignore[union-attr]
    (strong_spans, strong_found), (weak_spans, weak_found) = sides
    assert len(strong_spans) != len(weak_spans)
    found = contributions(text, strong_spans, strong_found.values, weak_spans, weak_found.values)
    weighed = weigh_candidates([strong_found], [weak_found]).candidates[0]
    assert weighed is not None
    assert sum(each.delta for each in found) == pytest.approx(weighed.reward, abs=1e-9)
    assert "".join(text[each.start : each.end] for each in found) == text
    assert (found[-1].start, found[-1].end) == (len(text), len(text))
    assert len(found) > 5
