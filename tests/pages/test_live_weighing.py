"""The Live screen with the real demo pair: weigh, change the criteria, sample, send; a pair that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from visitor import Visitor, weighed_desk

from db.session import Sessions
from scoring.room import ModelRoom
from services import datasets
from services.criteria.store import ensure_builtin, find_criteria
from services.live import now as live
from services.reviews.rows import Message
from ui import frame
from ui.live.examples import EXAMPLES

pytestmark = pytest.mark.slow
MISSING = """
[[pairs]]
name = "missing"
title = "Not here"
strong = "nowhere/strong"
weak = "nowhere/weak"
parameters = "none"
context = 512
licence = "none"
memory_gb = 0.1
"""


@pytest.fixture
def visitor(empty_desk: Sessions) -> Visitor:
    """Somebody at Live with the first example in the boxes."""
    ensure_builtin(empty_desk)
    return Visitor(frame.LIVE).press("live_example_1")


def test_responses_are_weighed_ranked_and_explained_token_by_token(visitor: Visitor) -> None:
    visitor.press("live_weigh")
    assert visitor.html.count('<article class="t-card') == 5
    assert "margin" in visitor.html
    assert "Places, best first" in visitor.html
    assert "t-tokens" not in visitor.html
    visitor.choose("live_tokens", True)
    assert visitor.html.count('class="t-prose t-tokens"') == 5
    assert visitor.has_no_trouble()


def test_new_criteria_weigh_again_by_themselves_and_show_what_moved(visitor: Visitor) -> None:
    visitor.choose("live_criteria", "demo-brief").press("live_weigh")
    assert visitor.html.index('data-letter="A"') < visitor.html.index('data-letter="B"'), "brief: the bare equation"
    visitor.choose("live_criteria", "demo-thorough")
    assert "Tea shop: be brief → Tea shop: be thorough" in visitor.html
    assert "places changed" in visitor.html
    assert visitor.html.index('data-letter="C"') < visitor.html.index('data-letter="A"'), "thorough: the long one"


def test_an_edited_prompt_says_that_the_ranking_is_old(visitor: Visitor) -> None:
    visitor.press("live_weigh").type("live_prompt", "How much are 4 tins of Jade Mist oolong tea at £2.50 a tin?")
    assert "Weigh again to renew it" in visitor.html


def test_sampled_responses_join_those_that_are_there_and_are_weighed(visitor: Visitor) -> None:
    visitor.choose("live_n", 3).choose("live_length", 32).press("live_sample")
    assert visitor.html.count('<article class="t-card') == 8
    labels = [box.label for box in visitor.at.text_area]
    assert "Response F, written by demo/strong (strong)".replace("(", "\\(").replace(")", "\\)") in labels
    assert visitor.has_no_trouble()


def test_text_outside_the_world_of_the_pair_is_marked(visitor: Visitor) -> None:
    visitor.press("live_example_4").press("live_weigh")
    assert "out of the pair&#x27;s world" in visitor.html


def test_a_result_is_sent_to_a_dataset(visitor: Visitor, empty_desk: Sessions) -> None:
    weighed_desk(empty_desk, name="from live")
    visitor.press("live_weigh").press("live_send")
    assert "No dataset is named" in visitor.html
    visitor.choose("live_send_name", "from live").press("live_send")
    assert "Kept in “from live”" in visitor.html
    (row,) = datasets.list_datasets(empty_desk)
    assert (row.n_items, row.n_candidates) == (4, 12), "three items with seven candidates, and this one with five"
    assert "Review it" in [link.label for link in visitor.at.page_link]


def test_a_pair_that_is_not_there_gives_one_line_and_keeps_what_was_typed(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pairs.toml").write_text(MISSING)
    monkeypatch.setenv("TARE_PAIRS", str(tmp_path / "pairs.toml"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    visitor.run().choose("live_pair", "missing").press("live_weigh")
    assert "t-notice-error" in visitor.html
    assert "nowhere/" in visitor.html
    assert visitor.at.text_area(key="live_prompt").value.startswith("How much are 3 tins")


def test_the_examples_are_in_the_pairs_world_and_the_last_one_is_not(empty_desk: Sessions) -> None:
    ensure_builtin(empty_desk)
    room = ModelRoom()
    body = find_criteria(empty_desk, "demo").body
    marks = [
        live.weigh_now(
            empty_desk, room, pair="demo", criteria=body, messages=(Message("user", example.prompt),),
            responses=example.responses, domain=example.domain,
        ).is_out_of_world
        for example in EXAMPLES
    ]  # fmt: skip
    assert marks == [False] * (len(EXAMPLES) - 1) + [True]
