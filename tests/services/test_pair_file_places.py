"""Where a user's catalogue file lies and who writes it: links, modes, places that take no file, several writers."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from pair_file_cases import FILE, MINE, seen

from scoring.pairs import load_file
from services.errors import Refused
from services.pairs.files import add_pair, change_pair, remove_pair

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("place", ["/proc/house.toml", "/dev/null/house.toml", "/nowhere/at/all/house.toml"])
def test_a_place_that_takes_no_file_is_one_line(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARE_PAIRS", place)
    with pytest.raises(Refused, match="cannot be written") as raised:
        add_pair(MINE)
    assert place in str(raised.value)
    assert "TARE_PAIRS" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_read_only_file_stays_as_it_is(filled: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to start as root, to become somebody else")
    filled.chmod(0o444)
    before = filled.read_bytes()
    for folder in (filled.parent, *filled.parent.parents[:3]):
        folder.chmod(0o755 if folder != filled.parent else 0o777)
    code = (
        "import os, sys, locale\n"
        "from services.errors import Refused\nfrom services.pairs.files import add_pair\nos.setuid(65534)\n"
        f"try:\n    add_pair({MINE!r})\nexcept Refused as line:\n    sys.exit(str(line))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "cannot be written (it is read-only)" in done.stderr, done.stderr
    assert filled.read_bytes() == before


def test_a_link_stays_a_link_and_the_mode_stays(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.chmod(0o640)
    link = filled.with_name("link.toml")
    link.symlink_to(filled)
    monkeypatch.setenv("TARE_PAIRS", str(link))
    add_pair(MINE)
    assert link.is_symlink()
    assert "mine" in load_file(filled)
    assert filled.stat().st_mode & 0o777 == 0o640


def test_line_ends_of_the_file_stay_what_they_are(filled: Path) -> None:
    filled.write_bytes(filled.read_bytes().replace(b"\n", b"\r\n"))
    add_pair(MINE)
    change_pair("first", {"notes": "x"}, seen=seen("first"))
    remove_pair("second", seen=seen("second"))
    raw = filled.read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert load_file(filled).keys() == {"first", "third", "mine"}


def _add_ten(place: str, number: int) -> None:
    os.environ["TARE_PAIRS"] = place
    for at in range(10):
        add_pair(MINE | {"name": f"pair-{number}-{at}"})


def test_writers_in_threads_and_processes_lose_nothing(filled: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add_ten, args=(str(filled), number)) for number in (1, 2)]
    threads = [threading.Thread(target=_add_ten, args=(str(filled), number)) for number in (3, 4)]
    workers: list[Any] = [*processes, *threads]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert len(load_file(filled)) == 3 + 40
    assert filled.read_text().startswith(FILE.split("[[pairs]]")[0])
    assert [path.name for path in filled.parent.iterdir()] == ["house.toml"]
