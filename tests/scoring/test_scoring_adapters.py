"""Adapters over a shared base: exact, never mixed up, loaded beside one base, and refused with one clear line."""

import random
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from adapter_builders import LINEAR, far, load_plain, merged, plain, save_adapter, unmerged, values
from scoring_builders import FAMILIES, byte_level, save_model, tiny_model

from scoring import room as room_module
from scoring.errors import ModelUnavailable
from scoring.models import estimate_bytes
from scoring.pairs import ModelSpec
from scoring.protocol import SampledText, Sampling
from scoring.room import ModelRoom

SETTINGS: dict[str, dict[str, Any]] = {
    "lora": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "ranks by pattern": {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"v_proj": 3}},
    "one layer": {"layers_to_transform": [1]},
    "every linear layer": {"target_modules": "all-linear"},
    "embeddings and head": {"target_modules": ["q_proj", "embed_tokens", "lm_head"]},
    "a trained head": {"modules_to_save": ["lm_head"]},
    "trained embeddings and head": {"modules_to_save": ["embed_tokens", "lm_head"]},
    "trained norms": {"modules_to_save": ["input_layernorm"]},
    "trained tokens": {"trainable_token_indices": [3, 5, 10]},
}
MODULES = {  # where q_proj, v_proj and down_proj are not there
    "gpt2": ["c_attn", "c_proj"],
    "gpt-neox": ["query_key_value", "dense"],
    "opt": ["q_proj", "fc1"],
}


@pytest.fixture
def room() -> ModelRoom:
    return ModelRoom(2**30, device="cpu")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was really loaded, in order."""
    found: list[str] = []
    for name in ("load_model", "load_adapter"):
        original = getattr(room_module, name)

        def load(spec: ModelSpec, *args: Any, _original: Any = original, **settings: Any) -> Any:
            found.append(Path(spec.adapter or spec.ref).name)
            return _original(spec, *args, **settings)

        monkeypatch.setattr(room_module, name, load)
    return found


@pytest.fixture(scope="module")
def tied_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2 whose head is its embeddings."""
    tokenizer = byte_level()
    model = tiny_model("qwen2", vocabulary=len(tokenizer), seed=3)
    return save_model(tmp_path_factory.mktemp("tied"), model, tokenizer)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory, strong_folder: Path) -> list[Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return [save_adapter(folder / f"a{seed}", strong_folder, seed=seed) for seed in (1, 2)]


@pytest.mark.parametrize("kind", SETTINGS)
def test_an_adapter_weighs_as_peft_s_merged_model_and_leaves_the_base_alone(
    kind: str, room: ModelRoom, strong_folder: Path, tmp_path: Path
) -> None:
    folder = save_adapter(tmp_path / "adapter", strong_folder, **SETTINGS[kind])
    expected = plain(merged(strong_folder, folder))
    with room.open(ModelSpec(str(strong_folder))) as base:
        before = values(base.engine)
        with room.open(ModelSpec(str(strong_folder), adapter=str(folder))) as model:
            found = values(model.engine)
            assert model.engine.name == ("plain" if "head" in kind else "shared")
            assert far(found, expected) < 1e-4
            assert far(found, before) > 0.1
            assert values(base.engine) == before
            assert values(model.engine) == found
        room.release_idle()
        assert values(base.engine) == before


@pytest.mark.parametrize("family", FAMILIES)
def test_over_every_family_it_weighs_as_the_merged_model(family: str, room: ModelRoom, tmp_path: Path) -> None:
    tokenizer = byte_level()
    base = save_model(tmp_path / "base", tiny_model(family, vocabulary=len(tokenizer)), tokenizer)
    folder = save_adapter(tmp_path / "adapter", base, target_modules=MODULES.get(family, LINEAR))
    with room.open(ModelSpec(str(base))) as bare, room.open(ModelSpec(str(base), adapter=str(folder))) as model:
        expected = plain(merged(base, folder))
        assert model.engine.name == bare.engine.name == "shared"
        assert far(values(model.engine), expected) < 1e-4
        assert far(values(bare.engine), expected) > 0.1
        assert far(values(bare.engine), plain(load_plain(base))) < 1e-4


@pytest.mark.parametrize("kind", ["embeddings and head", "trained tokens", "a trained head"])
def test_over_tied_embeddings_it_weighs_as_peft_does_without_merging(
    kind: str, room: ModelRoom, tied_folder: Path, tmp_path: Path
) -> None:
    folder = save_adapter(tmp_path / "adapter", tied_folder, **SETTINGS[kind])
    reference = unmerged(tied_folder, folder).base_model.model
    reference.get_input_embeddings().num_embeddings = reference.config.vocab_size
    with room.open(ModelSpec(str(tied_folder), adapter=str(folder))) as model:
        assert far(values(model.engine), plain(reference)) < 1e-5
    with room.open(ModelSpec(str(tied_folder))) as base:
        assert far(values(base.engine), plain(load_plain(tied_folder))) < 1e-5


def test_several_adapters_share_one_base_that_is_loaded_and_counted_once(
    room: ModelRoom, strong_folder: Path, adapters: list[Path], loads: list[str]
) -> None:
    base = ModelSpec(str(strong_folder))
    first, second = (ModelSpec(str(strong_folder), adapter=str(folder)) for folder in adapters)
    with room.open(first) as one, room.open(second) as other, room.open(base) as bare:
        assert one.shelf.model is other.shelf.model is bare.shelf.model
        found = [values(model.engine) for model in (one, other, bare)]
        assert min(far(found[0], found[1]), far(found[0], found[2]), far(found[1], found[2])) > 0.1
        assert far(found[1], plain(merged(strong_folder, adapters[1]))) < 1e-4
        assert len({model.engine.fingerprint for model in (one, other, bare)}) == 3
        assert room.stats().loaded == (str(strong_folder), first.label, second.label)
    assert loads == [strong_folder.name, "a1", "a2"]
    weights = sum(each.numel() * 4 for each in load_plain(strong_folder).parameters())
    assert weights < room.stats().bytes_held < 1.5 * weights
    assert room.release_idle() == 3
    assert room.stats().bytes_held == 0


def test_threads_that_weigh_and_sample_under_base_and_adapters_never_get_another_s_numbers(
    room: ModelRoom, strong_folder: Path, adapters: list[Path]
) -> None:
    specs = [ModelSpec(str(strong_folder)), *(ModelSpec(str(strong_folder), adapter=str(each)) for each in adapters)]

    def sample(model: Any) -> list[SampledText]:
        found: list[SampledText] = model.sampler.sample(
            [1, 2, 3], Sampling(n=1, temperature=0, max_new_tokens=12, seed=1)
        )
        return found

    alone = {}
    for spec in specs:
        with room.open(spec) as model:
            alone[spec] = (values(model.engine), sample(model))
    assert len({texts[0].text for _, texts in alone.values()}) == 3
    wrong: list[Any] = []

    def work(worker: int) -> None:
        order = random.Random(worker)
        for _ in range(12):
            spec = order.choice(specs)
            with room.open(spec) as model:
                found = (values(model.engine), sample(model)) if worker % 2 else (values(model.engine), alone[spec][1])
                if found != alone[spec]:
                    wrong.append((spec, found))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_an_adapter_writes_is_what_the_merged_model_writes(
    room: ModelRoom, strong_folder: Path, adapters: list[Path]
) -> None:
    ids = [1, 2, 3, 4, 5]
    with room.open(ModelSpec(str(strong_folder), adapter=str(adapters[0]))) as model:
        texts = model.sampler.sample(ids, Sampling(n=1, temperature=0, max_new_tokens=10, seed=1))
        one = merged(strong_folder, adapters[0]).generate(
            torch.tensor([ids]), max_new_tokens=10, do_sample=False, eos_token_id=model.tokenizer.eos_token_id,
            pad_token_id=0,
        )  # fmt: skip
        row = one[0, len(ids) :].tolist()
        row = row[: row.index(model.tokenizer.eos_token_id)] if model.tokenizer.eos_token_id in row else row
        assert [one.text for one in texts] == [model.tokenizer.decode(row, skip_special_tokens=True)]


def test_adapters_that_want_a_module_differently_take_each_other_s_place(
    room: ModelRoom, strong_folder: Path, tmp_path: Path
) -> None:
    around = save_adapter(tmp_path / "around", strong_folder, target_modules=["lm_head"])
    instead = save_adapter(tmp_path / "instead", strong_folder, modules_to_save=["lm_head"])
    specs = [ModelSpec(str(strong_folder), adapter=str(folder)) for folder in (around, instead)]
    for spec, folder in [*zip(specs, (around, instead), strict=True)] * 2:
        with room.open(spec) as model:
            assert far(values(model.engine), plain(merged(strong_folder, folder))) < 1e-4
    with (
        room.open(specs[0]) as model,
        pytest.raises(ModelUnavailable, match="does not fit its base"),
        room.open(specs[1]),
    ):
        pass
    assert room.release_idle() == 2
    assert model is not None


def test_an_adapter_in_another_dtype_has_another_base_and_another_fingerprint(
    room: ModelRoom, strong_folder: Path, adapters: list[Path]
) -> None:
    exact = ModelSpec(str(strong_folder), adapter=str(adapters[0]))
    coarse = ModelSpec(str(strong_folder), dtype="bfloat16", adapter=str(adapters[0]))
    with room.open(exact) as one, room.open(coarse) as other:
        assert one.engine.fingerprint != other.engine.fingerprint
        assert {parameter.dtype for parameter in other.shelf.model.parameters()} == {torch.bfloat16}
        assert far(values(one.engine), values(other.engine)) > 1e-4
    assert len(room.stats().loaded) == 4


def test_the_chat_template_an_adapter_was_trained_with_goes_before_the_base_s(
    room: ModelRoom, strong_folder: Path, adapters: list[Path], tmp_path: Path
) -> None:
    template, whole = (save_adapter(tmp_path / name, strong_folder) for name in ("template", "whole"))
    (template / "chat_template.jinja").write_text("{{ messages[0].content }}")
    byte_level("{{ messages }}").save_pretrained(whole)
    own = {folder: ModelSpec(str(strong_folder), adapter=str(folder)) for folder in (template, whole, adapters[0])}
    with room.open(ModelSpec(str(strong_folder))) as base, room.open(own[adapters[0]]) as without:
        assert without.tokenizer is base.tokenizer
        with room.open(own[template]) as one, room.open(own[whole]) as other:
            assert one.tokenizer.chat_template == "{{ messages[0].content }}"
            assert other.tokenizer.chat_template == "{{ messages }}"
            assert base.tokenizer.chat_template not in (one.tokenizer.chat_template, other.tokenizer.chat_template)


def test_a_base_stays_while_an_adapter_of_it_is_in_use_and_an_idle_adapter_goes_before_it(
    strong_folder: Path, weak_folder: Path, adapters: list[Path]
) -> None:
    base, other = ModelSpec(str(strong_folder)), ModelSpec(str(weak_folder))
    tuned = ModelSpec(str(strong_folder), adapter=str(adapters[0]))
    sizes = {spec: estimate_bytes(spec, device="cpu") for spec in (base, other, tuned)}
    room = ModelRoom(sizes[base] + sizes[other], device="cpu")
    with room.open(tuned) as model:
        before = values(model.engine)
        with pytest.raises(ModelUnavailable, match="in use; wait for the other work"), room.open(other):
            pass
        assert values(model.engine) == before
    with room.open(other):
        assert room.stats().loaded == (str(strong_folder), str(weak_folder))  # only the adapter had to go
    with room.open(tuned) as model:
        assert room.stats().loaded == (str(strong_folder), tuned.label)
        assert values(model.engine) == before
    small = ModelRoom(max(sizes.values()) + sizes[tuned], device="cpu")
    with small.open(tuned):
        pass
    with small.open(other):
        assert small.stats().loaded == (str(weak_folder),)  # the base took its adapter with it
    assert small.stats().bytes_held == sizes[other]


def test_a_pair_of_a_base_and_its_adapter_fits_where_two_models_do_not(
    strong_folder: Path, weak_folder: Path, adapters: list[Path]
) -> None:
    base = ModelSpec(str(strong_folder))
    first, second = (ModelSpec(str(strong_folder), adapter=str(folder)) for folder in adapters)
    size, extra = (estimate_bytes(spec, device="cpu") for spec in (base, first))
    room = ModelRoom(size + 2 * extra, device="cpu")
    assert room.fits_both(first, base)
    assert room.fits_both(base, first)
    assert room.fits_both(first, second)
    assert not room.fits_both(base, ModelSpec(str(weak_folder)))
    assert not ModelRoom(size + 2 * extra - 1, device="cpu").fits_both(first, second)
    with room.open(first), room.open(second), room.open(base):
        assert room.stats().bytes_held <= room.budget_bytes
