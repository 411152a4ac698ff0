"""The Live screen without a model: what can be typed, pasted and chosen; places and moves; nothing loads torch.

Weighing itself is in test_live_weighing.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from visitor import HOSTILE, Visitor, weighed_desk

from db.session import Sessions
from services.criteria.store import ensure_builtin
from services.live.now import LiveCandidate, LiveResult
from services.reviews.rows import Message
from ui import frame
from ui.live import state
from ui.live.examples import EXAMPLES
from ui.live.prompt import earlier_turns
from ui.live.result import as_item, places_html

ROOT = Path(__file__).parents[2]


@pytest.fixture
def visitor(empty_desk: Sessions) -> Visitor:
    """Somebody at an empty Live screen."""
    ensure_builtin(empty_desk)
    return Visitor(frame.LIVE)


def candidate(letter: str, rank: int | None, text: str = "Yes.") -> LiveCandidate:
    reward = None if rank is None else 5.0 - rank
    return LiveCandidate(letter, text, None, reward, reward, -1.0, -2.0, 3, 3, rank, None, None)


def result(*ranks: int | None, best: str | None = "A") -> LiveResult:
    candidates = tuple(candidate("ABCDEFG"[place], rank) for place, rank in enumerate(ranks))
    return LiveResult(candidates, "sum", best, 1.0, False, False, False, None, None, 2, 0, 0.1)


def request(criteria: str) -> state.LiveRequest:
    return state.LiveRequest("demo", 1, criteria, None, "sum", (Message("user", "Tea?"),), ("Yes.", "No."))


def test_an_empty_screen_says_how_to_begin_and_has_nothing_to_weigh(visitor: Visitor) -> None:
    assert "Type a prompt, paste or sample responses" in visitor.words
    assert visitor.at.button(key="live_weigh").disabled
    assert visitor.at.button(key="live_sample").disabled
    assert visitor.has_no_trouble()


def test_an_example_fills_the_prompt_and_the_boxes(visitor: Visitor) -> None:
    visitor.press("live_example_1")
    assert visitor.at.text_area(key="live_prompt").value == EXAMPLES[0].prompt
    texts = [box.value for box in visitor.at.text_area if str(box.key).startswith("live_text_")]
    assert texts == list(EXAMPLES[0].responses)
    labels = [box.label for box in visitor.at.text_area if str(box.key).startswith("live_text_")]
    assert labels == [f"Response {letter}" for letter in "ABCDE"], "the letters of the ranking"
    assert visitor.at.selectbox(key="live_domain").value == "reasoning"
    assert not visitor.at.button(key="live_weigh").disabled


def test_examples_belong_to_the_demo_pair(visitor: Visitor) -> None:
    visitor.choose("live_pair", "smollm2-135m")
    assert "live_example_1" not in visitor.keys
    assert "live_new_save" in visitor.keys


def test_boxes_are_added_and_taken_away_up_to_a_limit(visitor: Visitor) -> None:
    assert len(boxes(visitor)) == 2
    visitor.press("live_add").type(boxes(visitor)[2], "third")
    visitor.press(boxes(visitor)[0].replace("text", "remove"))
    assert len(boxes(visitor)) == 2
    assert visitor.at.text_area(key=boxes(visitor)[1]).value == "third"
    for _ in range(state.BOX_LIMIT - 2):
        visitor.press("live_add")
    assert visitor.at.button(key="live_add").disabled


def boxes(visitor: Visitor) -> list[str]:
    return [str(box.key) for box in visitor.at.text_area if str(box.key).startswith("live_text_")]


def test_what_was_typed_is_there_after_a_visit_to_another_page(visitor: Visitor) -> None:
    visitor.press("live_example_2").choose("live_criteria", "demo-safety")
    visitor.open(frame.DATASETS).open(frame.LIVE)
    assert visitor.at.text_area(key="live_prompt").value == EXAMPLES[1].prompt
    assert visitor.at.text_area(key=boxes(visitor)[3]).value == EXAMPLES[1].responses[3]
    assert visitor.at.selectbox(key="live_criteria").value == "demo-safety"


def test_earlier_turns_that_name_no_speaker_are_pointed_out(visitor: Visitor) -> None:
    visitor.press("live_example_1").type("live_earlier", "Hello there")
    assert "must each begin with User: or Assistant:" in visitor.words
    assert visitor.at.button(key="live_weigh").disabled
    visitor.type("live_earlier", "User: Hello there")
    assert not visitor.at.button(key="live_weigh").disabled


def test_earlier_turns_keep_their_lines_and_speakers() -> None:
    assert earlier_turns("User: One\ntwo: three\n\nAssistant: Yes") == (
        Message("user", "One\ntwo: three"),
        Message("assistant", "Yes"),
    )
    assert earlier_turns("") == ()
    assert earlier_turns("Hm. User: no") is None


def test_hostile_words_in_every_box_are_only_words(visitor: Visitor) -> None:
    visitor.type("live_prompt", HOSTILE).type("live_system", HOSTILE).type(boxes(visitor)[0], HOSTILE)
    assert visitor.shows_only_as_text(HOSTILE)
    assert visitor.has_no_trouble()


def test_the_ranking_takes_the_form_of_the_review_screen_best_first() -> None:
    item = as_item(result(2, None, 1, 1, best="C"), [Message("user", "Tea?")], domain="chat")
    assert [shown.letter for shown in item.candidates] == ["C", "D", "A", "B"], "what has no rank comes last"
    assert item.suggestion is not None
    assert item.suggestion.best_letter == "C"
    assert item.suggestion.top_candidate_ids == (2, 3)
    assert item.suggestion.ranking == ((2, 3), (0,))


def test_without_a_ranking_there_is_no_suggestion() -> None:
    nothing = LiveResult(
        (candidate("A", None),), "sum", None, None, False, False, False, None, ("too long", "9 > 8"), 0, 0, 0.0
    )
    item = as_item(nothing, [Message("user", "Tea?")], domain=None)
    assert item.suggestion is None
    assert item.not_weighed == ("too long", "9 > 8")


def test_after_new_criteria_every_place_stands_beside_the_one_before() -> None:
    shown = state.Shown(
        request("thorough"), result(2, 1, 3), before=request("brief"), places_before={"A": 1, "B": 2, "C": 3}
    )
    html = places_html(shown)
    assert "brief → thorough: 2 places changed" in html
    assert html.index("<b>B</b> 2 → 1") < html.index("<b>A</b> 1 → 2") < html.index("<b>C</b> 3 → 3")
    assert html.count("t-up") == 1
    assert html.count("t-down") == 1


def test_a_first_ranking_shows_places_alone() -> None:
    html = places_html(state.Shown(request(HOSTILE), result(1, 2)))
    assert "→" not in html
    assert "<b>A</b> 1" in html


def test_names_of_criteria_are_escaped_where_places_move() -> None:
    html = places_html(state.Shown(request(HOSTILE), result(1, 2), before=request("a"), places_before={"A": 2, "B": 1}))
    assert "<img" not in html
    assert "&lt;img" in html


def test_only_the_same_texts_have_places_to_compare() -> None:
    other = state.LiveRequest("demo", 2, "x", None, "sum", (Message("user", "Coffee?"),), ("Yes.", "No."))
    assert other.differs_in_texts(request("x"))
    assert not request("a").differs_in_texts(request("b"))


def test_no_screen_loads_torch(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "for page in ('datasets', 'runs', 'insights', 'live'):\n"
        "    at = AppTest.from_file('app.py', default_timeout=60); at.switch_page(f'pages/{page}.py'); at.run()\n"
        "    assert not at.exception and not at.error and not at.warning, (page, at.exception, at.error)\n"
        "    assert len(at.html) > 1, page\n"
        "sys.exit('torch' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, env=environment)
    assert ended.returncode == 0
