"""A catalogue whose strong model stands at a server, and servers that fail, hang or change their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loopback import Call, Loopback, Reply
from server_builders import SERVED_AS, Computing
from service_builders import pair_entry
from sqlalchemy import func, select

from db.session import Sessions
from db.tables import Logprob
from scoring.server import model as server_model


class Catalogue:
    """The pairs `served` (strong at a server) and `local` (the same, in this process)."""

    def __init__(self, folders: Path, file: Path) -> None:
        self.folders, self.file = folders, file

    def at(self, url: str, *, revision: str | None = None) -> None:
        more = f'strong_url = "{url}"\nstrong_served_as = "{SERVED_AS}"'
        more += "" if revision is None else f'\nstrong_revision = "{revision}"'
        folders = {"strong": self.folders / "served", "weak": self.folders / "weak"}
        entries = [pair_entry("served", more=more, **folders), pair_entry("local", **folders)]
        self.file.write_text("".join(entries))


def cached(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Logprob)) or 0


def agree(found: dict[Any, Any], other: dict[Any, Any]) -> None:
    """Reward and both log-probs, within 2e-4 a token; the same ranks."""
    assert found.keys() == other.keys()
    for place, one in found.items():
        two, tokens = other[place], one[4] + one[5]
        assert (one[0], one[2], one[3]) == pytest.approx((two[0], two[2], two[3]), abs=2e-4 * tokens)
        assert one[4:7] == two[4:7]


class Failing:
    """Right for `n` texts after the opening of each model, then broken until `mend()`."""

    def __init__(self, computing: Computing, n: int) -> None:
        self.computing, self.left = computing, n

    def __call__(self, call: Call) -> Reply | None:
        if call.path.endswith("/completions") and not is_probe(call):
            if self.left == 0:
                return Reply({"error": {"message": "out of service"}}, 503)
            self.left -= 1
        return self.computing(call)

    def mend(self) -> None:
        self.left = -1


def is_probe(call: Call) -> bool:
    return len(call.body["prompt"]) == server_model.PROBE_TOKENS


def asked(server: Loopback) -> list[tuple[int, ...]]:
    """The texts that were weighed, the probes left out."""
    calls = [call for call in server.calls if call.path.endswith("/completions") and not is_probe(call)]
    return [tuple(call.body["prompt"]) for call in calls]


class Swappable:
    """A server whose weights can change behind its name, or whose numbers drift."""

    def __init__(self, computing: Computing) -> None:
        self.now = computing

    def __call__(self, call: Call) -> Reply | None:
        return self.now(call)
