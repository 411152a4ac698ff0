"""What came from a file never commands the terminal: no escape sequence, no markup, no emoji code."""

from __future__ import annotations

import pytest

from ui.commands.terminal import give_up, print_table, say, visible

HOSTILE = "\x1b[31mred\x1b]0;title\x07 [bold]x[/bold] :warning: \u202egpj \udcff"
SHOWN = r"\x1b[31mred\x1b]0;title\x07 [bold]x[/bold] :warning: \u202egpj \udcff"


def test_control_characters_are_written_out_and_other_scripts_stay() -> None:
    assert visible(HOSTILE) == SHOWN
    assert (
        visible("caf\u00e9 \u05e9\u05dc\u05d5\u05dd \U0001f375\nline")
        == "caf\u00e9 \u05e9\u05dc\u05d5\u05dd \U0001f375\nline"
    )


def test_lines_tables_and_errors_show_hostile_text_as_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    say(HOSTILE)
    print_table(HOSTILE, ("name",), [(HOSTILE,)])
    with pytest.raises(SystemExit) as end:
        give_up(HOSTILE)
    said = capsys.readouterr()
    assert said.out.count(SHOWN) == 3
    assert said.err == f"tare: {SHOWN}\n"
    assert end.value.code == 2
