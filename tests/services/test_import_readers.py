"""The array reader against the standard decoder, and transcripts written and read back, on generated cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.formats import json_array
from services.formats.drafts import CandidateDraft, rank_by_score
from services.formats.transcripts import is_transcript_prompt, read_transcript_prompt, write_transcript

SLOW_MACHINE = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
ROW = st.dictionaries(TEXT, VALUE, max_size=4)
SAID = st.text("abc :.\n", min_size=1).filter(lambda text: text == text.strip() and "\n\n" not in text)


@SLOW_MACHINE
@given(rows=st.lists(ROW, max_size=5), chunk=st.sampled_from([1, 2, 7, 40]), indent=st.sampled_from([None, 0, 2]))
def test_an_array_read_in_chunks_is_the_array(tmp_path: Path, rows: list[Any], chunk: int, indent: int | None) -> None:
    """Equals `json.loads(text)`, wherever a chunk ends: in a number, an escape, between \\r and \\n."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows, indent=indent, ensure_ascii=len(rows) % 2 == 0), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK", chunk)
        found = list(json_array.read_json_array(path))
    assert [row.fields for row in found] == rows
    assert [row.line for row in found] == list(range(1, len(rows) + 1))


@SLOW_MACHINE
@given(cut=st.integers(min_value=1, max_value=120), chunk=st.sampled_from([3, 2**18]))
def test_an_array_cut_anywhere_is_refused_and_never_taken_for_whole(tmp_path: Path, cut: int, chunk: int) -> None:
    text = json.dumps([{"prompt": "a \u00e9 [\\", "n": 12.5e3}, {"x": [True, None, {"y": "z"}]}, {"last": "]"}])
    path = tmp_path / "a.json"
    path.write_text(text[: -min(cut, len(text) - 1)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK", chunk)
        with pytest.raises(json_array.UnreadableFile, match="the file breaks off"):
            list(json_array.read_json_array(path))


@SLOW_MACHINE
@given(turns=st.lists(SAID, min_size=1, max_size=5).filter(lambda turns: len(turns) % 2 == 1), system=st.none() | SAID)
def test_a_prompt_written_as_a_transcript_reads_back_as_its_turns(turns: list[str], system: str | None) -> None:
    messages = [{"role": ("user", "assistant")[n % 2], "content": said} for n, said in enumerate(turns)]
    if system is not None and not system.startswith(("Human:", "Assistant:")):
        messages.insert(0, {"role": "system", "content": system})
    text = write_transcript(messages)
    assert is_transcript_prompt(text)
    assert read_transcript_prompt(text) == messages


@SLOW_MACHINE
@given(scores=st.lists(st.integers(-3, 3), min_size=2, max_size=6))
def test_ranks_made_of_scores_order_as_the_scores_do(scores: list[int]) -> None:
    ranks = [c.gold_rank for c in rank_by_score([CandidateDraft("x", gold_score=float(score)) for score in scores])]
    for score, rank in zip(scores, ranks, strict=True):
        assert rank == 1 + sum(other > score for other in scores)
