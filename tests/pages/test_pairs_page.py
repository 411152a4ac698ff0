"""The Pairs screen: the catalogue with what it needs, a check before use, adding, changing and removing one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from visitor import HOSTILE, Visitor, weighed_desk

from db.session import Sessions
from scoring.pairs import load_file
from services.pairs.files import add_pair
from ui import frame
from ui.pairs.form_state import ADD, LIST, TAB

ROOT = Path(__file__).parents[2]
MINE: dict[str, Any] = {
    "name": "mine", "title": "My tune", "strong": "demo/strong", "weak": "demo/weak", "parameters": "0.9 M each",
    "context": 4096, "licence": "Apache-2.0", "memory_gb": 0.004, "dtype": "float32",
}  # fmt: skip


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_desk: Sessions) -> Path:
    """A user's own catalogue file; not there yet."""
    monkeypatch.delenv("TARE_PAIRS", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "pairs.toml"


def with_mine(**more: Any) -> Visitor:
    add_pair(MINE | more)
    return Visitor(frame.PAIRS)


def at_form(**typed: Any) -> Visitor:
    """Somebody at the form who has typed this."""
    visitor = Visitor(frame.PAIRS).put(TAB, ADD)
    for field, value in typed.items():
        visitor.choose(f"pairs_{field}", value)
    return visitor


def demo_form() -> Visitor:
    kinds = {"strong_kind": "Folder", "weak_kind": "Folder"}
    return at_form(name="mine", **kinds, strong_ref="demo/strong", weak_ref="demo/weak")


def test_the_catalogue_shows_each_pair_with_what_it_needs_and_where_it_comes_from(own: Path) -> None:
    visitor = with_mine(strong_performance=81.5)
    cards = [block for block in visitor.html.split("t-pair-head") if "t-pair-models" in block]
    assert len(cards) == 7
    assert "Demo: the tea shop" in cards[0]
    assert "built in" in cards[0]
    assert "4,096 tokens" in cards[0]
    assert "4.0 MB in bf16" in cards[0]
    assert "My tune" in cards[1]
    assert "your file" in cards[1]
    assert "performance 81.5 over –" in cards[1]
    assert "free on this machine" in visitor.words
    assert "models may take" in visitor.words
    assert visitor.has_no_trouble()


def test_without_an_own_file_the_built_in_pairs_are_there(own: Path) -> None:
    visitor = Visitor(frame.PAIRS)
    assert "6 pairs, 0 from pairs" in visitor.words.replace("\\", "").replace("\N{WORD JOINER}", "")
    assert visitor.has_no_trouble()


def test_a_file_in_disorder_is_one_line_and_a_pair_can_still_be_typed(own: Path) -> None:
    own.write_text("[[pairs]")
    visitor = Visitor(frame.PAIRS)
    assert "cannot be read as TOML" in visitor.html
    visitor = demo_form().press("pairs_check").type("pairs_licence", "MIT").press("pairs_save")
    assert "nothing was written: mend the file first" in visitor.html
    assert visitor.at.text_input(key="pairs_strong_ref").value == "demo/strong"
    assert own.read_text() == "[[pairs]"


def test_a_check_shows_both_sides_and_what_is_to_mend(own: Path) -> None:
    visitor = with_mine(weak="demo/nowhere", name="broken", title=HOSTILE).press("pairs_check_demo")
    assert "Nothing stands in the way." in visitor.html
    assert '<td dir="auto">LlamaForCausalLM (llama)</td>' in visitor.html
    assert "Both split text the same way." in visitor.html
    visitor.press("pairs_check_broken")
    assert "1 thing to mend before this pair can weigh." in visitor.html
    assert "there is no folder" in visitor.html
    assert "Nothing stands in the way." in visitor.html, "the first one is still there"
    assert visitor.shows_only_as_text(HOSTILE)


def test_a_pair_leads_to_runs_with_itself_chosen(own: Path, empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    visitor = with_mine()
    (link,) = [link for link in visitor.at.page_link if link.proto.query_string.endswith("pair=mine")]
    assert link.label == "Start a run"
    runs = Visitor(frame.RUNS, pair="mine")
    assert runs.at.selectbox(key="runs_pair").value == "mine"
    assert "pair" not in runs.at.query_params, "a choice made afterwards is not turned back"
    runs.choose("runs_pair", "demo")
    assert runs.at.selectbox(key="runs_pair").value == "demo"
    assert Visitor(frame.RUNS, pair="nobody").at.selectbox(key="runs_pair").value == "demo"


def test_a_pair_is_checked_then_saved_with_what_the_check_found(own: Path) -> None:
    visitor = demo_form()
    assert "pairs_save" not in visitor.keys, "first the check"
    visitor.press("pairs_check")
    assert "Nothing stands in the way. 2 things worth knowing." in visitor.html
    at = visitor.at
    assert at.text_input(key="pairs_parameters").value == "0.94 M each"
    assert (at.number_input(key="pairs_context").value, at.number_input(key="pairs_memory_gb").value) == (4096, 0.0037)
    visitor.press("pairs_save")
    assert "Still empty: licence." in visitor.html
    visitor.type("pairs_licence", "Apache-2.0").press("pairs_save")
    pair = load_file(own)["mine"]
    assert (pair.title, pair.parameters, pair.context, pair.licence) == ("mine", "0.94 M each", 4096, "Apache-2.0")
    assert visitor.at.session_state[TAB] == LIST
    assert "pairs_check_mine" in visitor.keys
    assert visitor.has_no_trouble()


def test_other_models_want_another_check_and_typed_words_stay(own: Path) -> None:
    visitor = demo_form().press("pairs_check")
    visitor.type("pairs_parameters", "tiny").type("pairs_weak_ref", "demo/strong")
    assert "pairs_save" not in visitor.keys
    visitor.press("pairs_check")
    assert "every reward is 0" in visitor.html
    assert visitor.at.text_input(key="pairs_parameters").value == "tiny"
    visitor.put(TAB, LIST).put(TAB, ADD)
    assert visitor.at.text_input(key="pairs_weak_ref").value == "demo/strong"
    assert visitor.at.text_input(key="pairs_parameters").value == "tiny"


def test_what_stops_a_pair_can_be_saved_knowingly(own: Path) -> None:
    visitor = at_form(name="later", strong_ref="we/strong", weak_ref="we/weak")
    visitor.press("pairs_check")
    assert "go online once" in visitor.html
    assert visitor.at.button(key="pairs_save").label == "Save all the same"
    visitor.press("pairs_save")
    assert "Still empty: parameters, context, licence, memory." in visitor.html
    visitor.type("pairs_parameters", "7 B each").type("pairs_licence", "MIT")
    visitor.choose("pairs_context", 8192).choose("pairs_memory_gb", 28.0).press("pairs_save")
    assert load_file(own)["later"].memory_gb == 28.0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"strong_ref": " "}, "Still empty, strong: folder."),
        ({"strong_kind": "Server"}, "Still empty, strong: address."),
        ({"strong_kind": "Server", "strong_url": "ftp://x"}, "Strong model, address: the url is not http"),
        ({"strong_kind": "Server", "strong_url": "http://me:secret@x/v1"}, "holds a user name or password"),
        ({"weak_kind": "Adapter", "weak_adapter": ""}, "Still empty, weak: adapter."),
    ],
)
def test_half_a_model_is_told_and_nothing_typed_is_lost(typed: dict[str, Any], words: str, own: Path) -> None:
    visitor = demo_form()
    for field, value in typed.items():
        visitor.choose(f"pairs_{field}", value)
    visitor.press("pairs_check")
    assert words in visitor.html
    assert "secret" not in visitor.html
    assert visitor.at.text_input(key="pairs_name").value == "mine"
    assert visitor.at.text_input(key="pairs_weak_ref").value == "demo/weak"


def test_a_folder_that_is_not_there_is_not_looked_for_on_the_hub(own: Path) -> None:
    visitor = demo_form().type("pairs_weak_ref", "models/typo").press("pairs_check")
    assert "there is no folder" in visitor.html
    assert "hub cannot be reached" not in visitor.html
    visitor.type("pairs_licence", "MIT").type("pairs_parameters", "few").choose("pairs_memory_gb", 1.0)
    visitor.press("pairs_save")
    assert load_file(own)["mine"].weak.ref == "./models/typo"


def test_a_taken_name_is_told_and_another_one_saves(own: Path) -> None:
    visitor = demo_form().press("pairs_check").type("pairs_licence", "MIT").type("pairs_name", "demo")
    visitor.press("pairs_save")
    assert "is taken in the built-in catalogue; choose another" in visitor.html
    visitor.type("pairs_name", "demo-2").press("pairs_save")
    assert load_file(own).keys() == {"demo-2"}


def test_an_own_pair_is_changed_and_keys_the_form_does_not_show_stay(own: Path) -> None:
    visitor = with_mine(criteria="closed", world={"model": "weak", "response_min": -5.0}, notes="old")
    visitor.press("pairs_change_mine")
    assert visitor.at.session_state[TAB] == ADD
    assert visitor.at.text_input(key="pairs_title").value == "My tune"
    assert visitor.at.text_input(key="pairs_strong_ref").value == "demo/strong"
    visitor.type("pairs_title", "Our tune").type("pairs_notes", "").press("pairs_check").press("pairs_save")
    pair = load_file(own)["mine"]
    assert (pair.title, pair.notes, pair.criteria, pair.strong.dtype) == ("Our tune", "", "closed", "float32")
    assert pair.world is not None


def test_a_change_by_somebody_else_is_not_written_over(own: Path) -> None:
    visitor = with_mine().press("pairs_change_mine").press("pairs_check")
    own.write_text(own.read_text().replace("My tune", "Ann's tune"))
    visitor.type("pairs_title", "Bob's tune").press("pairs_save")
    assert "was changed meanwhile" in visitor.html
    assert visitor.at.text_input(key="pairs_title").value == "Bob's tune"
    assert load_file(own)["mine"].title == "Ann's tune"


def test_a_built_in_pair_is_copied_with_its_world(own: Path) -> None:
    visitor = Visitor(frame.PAIRS)
    assert "pairs_change_demo" not in visitor.keys
    assert "pairs_remove_demo" not in visitor.keys
    visitor.press("pairs_copy_demo").type("pairs_name", "my-demo").press("pairs_check").press("pairs_save")
    pair = load_file(own)["my-demo"]
    assert pair.world is not None
    assert (pair.criteria, pair.strong.ref, pair.system_role) == ("closed", "demo/strong", True)


def test_an_own_pair_is_removed_once(own: Path) -> None:
    visitor = with_mine()
    other = Visitor(frame.PAIRS)
    visitor.press("pairs_remove_mine")
    assert load_file(own) == {}
    assert "pairs_check_mine" not in visitor.keys
    other.press("pairs_remove_mine")
    assert "No pair &#x27;mine&#x27; in pairs.toml; it was renamed or removed meanwhile" in other.html


def test_a_place_that_takes_no_file_is_one_line_and_the_form_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = demo_form().press("pairs_check").type("pairs_licence", "MIT")
    monkeypatch.setenv("TARE_PAIRS", "/proc/house.toml")
    visitor.press("pairs_save")
    assert "/proc/house.toml cannot be written" in visitor.html
    assert visitor.at.text_input(key="pairs_licence").value == "MIT"
