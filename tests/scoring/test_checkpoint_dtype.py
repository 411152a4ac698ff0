"""What a model's files are in decides what a GPU computes in; a CPU stays exact."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scoring.errors import ModelUnavailable
from scoring.models import choose_dtype
from scoring.pairs import ModelSpec
from scoring.processor import has_bfloat16


def saved_in(folder: Path, source: Path, **config: object) -> ModelSpec:
    """A copy of a model whose config says this and nothing else of its dtype."""
    shutil.copytree(source, folder)
    path = folder / "config.json"
    known = {key: value for key, value in json.loads(path.read_text()).items() if key not in ("dtype", "torch_dtype")}
    path.write_text(json.dumps(known | config))
    return ModelSpec(str(folder))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"dtype": "float16"}, "float16"),
        ({"torch_dtype": "float32"}, "float32"),
        ({"torch_dtype": "torch.bfloat16"}, "bfloat16"),
        ({"text_config": {"dtype": "float16"}}, "float16"),
        ({"dtype": "float64"}, "bfloat16"),
        ({}, "bfloat16"),
    ],
)
def test_on_cuda_auto_is_what_the_files_are_in(
    tmp_path: Path, strong_folder: Path, config: dict[str, object], expected: str
) -> None:
    spec = saved_in(tmp_path / "m", strong_folder, **config)
    assert choose_dtype("auto", "cuda:0", spec=spec) == expected
    assert choose_dtype("auto", "cpu", spec=spec) == "float32"
    assert choose_dtype("float16", "cuda:0", spec=spec) == "float16"


def test_a_model_that_is_not_there_is_said_and_not_remembered(tmp_path: Path, strong_folder: Path) -> None:
    spec = ModelSpec(str(tmp_path / "later"))
    with pytest.raises(ModelUnavailable):
        choose_dtype("auto", "cuda", spec=spec)
    saved_in(tmp_path / "later", strong_folder, dtype="float16")
    assert choose_dtype("auto", "cuda", spec=spec) == "float16"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 fma\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx2 fma\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n", True),
    ],
)
def test_the_processor_says_whether_it_multiplies_bfloat16(tmp_path: Path, text: str, expected: bool) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert has_bfloat16(tmp_path / "cpuinfo") is expected
    assert has_bfloat16(tmp_path / "nothing here") is None
