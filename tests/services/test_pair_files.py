"""The user's own catalogue file: one entry changes, every other letter stays, two writers lose nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pair_file_cases import FILE, MINE, seen

from db.session import Sessions
from scoring.pairs import load_catalogue, load_file
from services.errors import NotFound, Refused
from services.pairs.catalogue import freeze_pair, get_pair, list_pairs, pair_of
from services.pairs.files import add_pair, change_pair, entry_of, pair_from, remove_pair


def test_the_first_pair_makes_the_file(own_catalogue: Path) -> None:
    pair = add_pair(MINE)
    assert pair == load_catalogue(own_catalogue)["mine"] == get_pair("mine")
    assert tomllib.loads(own_catalogue.read_text()) == {"pairs": [MINE]}
    assert [row.name for row in list_pairs() if row.is_own] == ["mine"]


def test_text_of_any_kind_comes_back_as_it_was_given(own_catalogue: Path) -> None:
    for number, text in enumerate(('He said "so"\\', "a\x00b\x7f", "line\nline", "#''' [[pairs]]", "\u2028 שלום 🍵")):
        assert add_pair(MINE | {"name": f"p{number}", "title": text}).title == text
        assert load_file(own_catalogue)[f"p{number}"].title == text


def test_without_a_setting_it_is_pairs_toml_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TARE_PAIRS")
    monkeypatch.chdir(tmp_path)
    add_pair(MINE)
    assert load_file(tmp_path / "pairs.toml").keys() == {"mine"}


def test_adding_leaves_every_letter_that_was_there(filled: Path) -> None:
    before = filled.read_text()
    add_pair(MINE)
    after = filled.read_text()
    assert after.startswith(before)
    assert after[len(before) :].startswith('\n[[pairs]]\nname = "mine"\n')
    add_pair(MINE | {"name": "more"})
    assert load_file(filled).keys() == {"first", "second", "third", "mine", "more"}
    assert "\n\n\n" not in filled.read_text()


def test_a_change_leaves_the_other_entries_and_all_comments(filled: Path) -> None:
    before = filled.read_text()
    changed = change_pair("first", {"title": "Quite the first", "notes": 'He said "so"'}, seen=seen("first"))
    assert (changed.title, changed.notes) == ("Quite the first", 'He said "so"')
    expected = before.replace('"The first"', '"Quite the first"')
    expected = expected.replace("memory_gb = 4\n", 'memory_gb = 4\nnotes = "He said \\"so\\""\n', 1)
    found = filled.read_text()
    assert sorted(found.splitlines()) == sorted(expected.splitlines())
    assert found.index("# as measured in May") < found.index("# --- from the second team ---")
    assert found.split("# --- from")[1] == before.split("# --- from")[1]


def test_a_key_is_left_out_again_and_others_that_no_form_knows_stay(filled: Path) -> None:
    change_pair("second", {"notes": "for a while", "title": "2"}, seen=seen("second"))
    changed = change_pair("second", {"notes": None, "template": "own"}, seen=seen("second"))
    assert (changed.notes, changed.title, changed.template) == ("", "2", "own")
    assert changed.world is not None
    assert changed.world.prompt_min == -5.5
    assert "[pairs.world]" in filled.read_text()


def test_a_removed_pair_takes_its_own_comment_along_and_no_other(filled: Path) -> None:
    remove_pair("second", seen=seen("second"))
    found = filled.read_text()
    assert load_file(filled).keys() == {"first", "third"}
    assert "for long texts" not in found
    for kept in ("# The pairs of our house.", "# as measured in May", "# --- from the second team ---", "# the end"):
        assert kept in found
    remove_pair("third", seen=seen("third"))
    assert "# the end" in filled.read_text()


def test_the_last_pair_leaves_an_empty_catalogue_that_takes_pairs_again(filled: Path) -> None:
    for name in ("first", "second", "third"):
        remove_pair(name, seen=seen(name))
    assert load_file(filled) == {}
    assert filled.read_text().startswith("# The pairs of our house.")
    add_pair(MINE)
    assert load_file(filled).keys() == {"mine"}
    assert filled.read_text().startswith("# The pairs of our house.")


def test_an_own_pair_may_stand_for_a_built_in_one_and_removing_it_brings_that_back(filled: Path) -> None:
    filled.write_text(FILE.replace("\n[[pairs]]\n'''", "'''").replace('name = "second"', 'name = "zephyr-7b"'))
    assert get_pair("zephyr-7b").strong.ref == "b/strong"
    remove_pair("zephyr-7b", seen=seen("zephyr-7b"))
    assert get_pair("zephyr-7b").strong.ref == "HuggingFaceH4/zephyr-7b-beta"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "first"}, "the name 'first' is taken in house.toml"),
        ({"name": "demo"}, "the name 'demo' is taken in the built-in catalogue"),
        ({"name": " "}, "the name is ' '; give a short one"),
        ({"name": "a:b"}, "without a colon"),
        ({"name": "x" * 101}, "101 characters; at most 100"),
        ({"context": 0}, "context is 0; it must be a number above 0"),
        ({"title": ""}, "title is ''"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"strong_url": "ftp://x"}, "strong_url: the url is not http"),
    ],
)
def test_what_breaks_a_rule_is_one_line_and_nothing_is_written(
    filled: Path, change: dict[str, Any], words: str
) -> None:
    before = filled.read_bytes()
    with pytest.raises(Refused, match=words) as raised:
        add_pair(MINE | change)
    assert "\n" not in str(raised.value)
    assert filled.read_bytes() == before
    assert [path.name for path in filled.parent.iterdir()] == ["house.toml"]


def test_a_changed_name_must_be_free_and_the_pair_must_be_there(filled: Path) -> None:
    first = seen("first")
    with pytest.raises(Refused, match="'second' is taken"):
        change_pair("first", {"name": "second"}, seen=first)
    with pytest.raises(Refused, match="'zephyr-7b' is taken"):
        change_pair("first", {"name": "zephyr-7b"}, seen=first)
    with pytest.raises(Refused, match="'demo' is built in and stays"):
        remove_pair("demo", seen=first)
    with pytest.raises(NotFound, match="no pair 'nobody'"):
        change_pair("nobody", {"title": "x"}, seen=first)
    assert change_pair("first", {"name": "one"}, seen=first).name == "one"
    assert load_file(filled).keys() == {"one", "second", "third"}


def test_what_somebody_changed_meanwhile_is_not_written_over(filled: Path) -> None:
    stale = seen("first")
    change_pair("first", {"title": "changed by Ann"}, seen=stale)
    with pytest.raises(Refused, match="changed meanwhile"):
        change_pair("first", {"title": "changed by Bob"}, seen=stale)
    with pytest.raises(Refused, match="changed meanwhile"):
        remove_pair("first", seen=stale)
    assert seen("first").title == "changed by Ann"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[pairs]", "cannot be read as TOML"),
        ("pairs = [{ name = 'x' }]", "edit it by hand"),
        ("[[pairs]]\nname = 'x'\n", "title is None"),
        ("[[other]]\nname = 'x'\n", "edit it by hand|must hold"),
    ],
)
def test_a_file_in_disorder_is_left_as_it_is(own_catalogue: Path, text: str, words: str) -> None:
    own_catalogue.write_text(text)
    with pytest.raises(Refused, match=words) as raised:
        add_pair(MINE)
    assert "\n" not in str(raised.value)
    assert str(own_catalogue) in str(raised.value)
    assert own_catalogue.read_text() == text


def test_a_text_that_looks_like_a_header_does_not_cut_a_file_in_two(own_catalogue: Path) -> None:
    own_catalogue.write_text(FILE)
    before = own_catalogue.read_bytes()
    with pytest.raises(Refused, match="edit it by hand"):
        add_pair(MINE)
    assert own_catalogue.read_bytes() == before


def test_every_built_in_pair_can_be_written_as_an_entry_and_comes_back(own_catalogue: Path) -> None:
    for name, pair in load_catalogue().items():
        assert pair_from(entry_of(pair)) == pair, name
        copied = add_pair(entry_of(pair) | {"name": f"my-{name}"})
        assert (copied.strong, copied.weak, copied.world) == (pair.strong, pair.weak, pair.world)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_run_keeps_the_pair_as_it_was(own_catalogue: Path, fresh_db: Sessions) -> None:
    from db.tables import ModelPairRow

    before = add_pair(MINE)
    with fresh_db.begin() as session:
        pair_id = freeze_pair(session, before)
    change_pair("mine", {"strong": "me/other"}, seen=before)
    remove_pair("mine", seen=seen("mine"))
    with fresh_db() as session:
        assert pair_of(session.get_one(ModelPairRow, pair_id).spec) == before
