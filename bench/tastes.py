"""How often groups of people are found where there are none, and where there are: simulated teams, 1 % level.

    python -m bench.tastes            writes bench/results/tastes.json and the table in docs/people.md

Two responses an item, one better; a person names the better one as often as they are sure. With two tastes, the second
group wants the other response on a share of the items. Leaves out people who change while they work.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from services.people.answers import Answer, AnsweredItem, Answers, Person
from services.people.tastes import tastes_of
from services.statistics.intervals import wilson

ROOT = Path(__file__).resolve().parent.parent
RESULT, DOCS = ROOT / "bench" / "results" / "tastes.json", ROOT / "docs" / "people.md"
BEGIN, END = "<!-- tastes: begin -->", "<!-- tastes: end -->"


@dataclass(frozen=True, slots=True)
class Team:
    """A kind of team. `sure`: how often each person is right; `differs`: items that the second half sees otherwise."""

    name: str
    n_items: int
    overlap: int
    sure: tuple[float, ...]
    differs: float = 0.0


TEAMS = (
    Team("one taste, 6 people, 300 items, 2 each", 300, 2, (0.8,) * 6),
    Team("one taste, 8 people, 100 items, 3 each", 100, 3, (0.85,) * 8),
    Team("one taste, half careless, 8 people, 200 items, 4 each", 200, 4, (0.95,) * 4 + (0.6,) * 4),
    Team("one taste, two careless, 6 people, 200 items, 3 each", 200, 3, (0.95,) * 4 + (0.55,) * 2),
    Team("all at random, 6 people, 200 items, 3 each", 200, 3, (0.5,) * 6),
    Team("two tastes on 20 % of items, 8 people, 200 items, 3 each", 200, 3, (0.9,) * 8, 0.2),
    Team("two tastes on 30 % of items, 8 people, 200 items, 3 each", 200, 3, (0.9,) * 8, 0.3),
    Team("two tastes on 30 % of items, 6 people, 300 items, 2 each", 300, 2, (0.9,) * 6, 0.3),
    Team("two tastes on 40 % of items, 6 people, 250 items, 4 each", 250, 4, (0.9,) * 6, 0.4),
)


def one_team(team: Team, generator: np.random.Generator) -> Answers:
    """The answers of one simulated team."""
    n = len(team.sure)
    rows: list[Answer] = []
    for item in range(1, team.n_items + 1):
        better, is_disputed = int(generator.integers(1, 3)), generator.random() < team.differs
        for person in generator.choice(n, team.overlap, replace=False):
            wanted = 3 - better if is_disputed and person >= n // 2 else better
            said = wanted if generator.random() < team.sure[person] else 3 - wanted
            rows.append(_answer(len(rows) + 1, item, int(person), 10 * item + said))
    items = {item: AnsweredItem(item, item, (10 * item + 1, 10 * item + 2), frozenset()) for item in
             range(1, team.n_items + 1)}  # fmt: skip
    people = {number: Person(number, f"p{number}", "annotator") for number in range(n)}
    return Answers(people, items, tuple(rows), frozenset())


def _answer(number: int, item: int, person: int, chosen: int) -> Answer:
    return Answer(
        decision_id=number, item_id=item, annotator_id=person, verdict="override", chosen_candidate_id=chosen,
        ranking=(), strength=None, is_blind=False, display_order=(), suggested=(), elapsed_ms=None,
        created_at=datetime(2026, 1, 1), look_id=None, plan_id=None, drawn_by=None, is_undo=False, is_repeat=False,
    )  # fmt: skip


def measure(team: Team, *, n_teams: int, seed: int) -> dict[str, object]:
    """How often groups were found, and how often they were the true ones."""
    generator = np.random.default_rng(seed)
    half = len(team.sure) // 2
    truth = {frozenset(range(half)), frozenset(range(half, len(team.sure)))}
    n_found = n_true = 0
    for _ in range(n_teams):
        found = tastes_of(one_team(team, generator), seed=int(generator.integers(2**31)))
        n_found += len(found.groups) > 1
        n_true += {frozenset(one.annotator_id for one in group.people) for group in found.groups} == truth
    low, high = wilson(n_found, n_teams)
    return asdict(team) | {"n_teams": n_teams, "n_found": n_found, "n_true": n_true, "low": low, "high": high}


def table(results: list[dict[str, object]]) -> str:
    """The table for the docs."""
    lines = ["| simulated team | groups found (95 % interval) | the true ones |", "|---|---|---|"]
    for one in results:
        n = int(str(one["n_teams"]))
        found, true = (100 * int(str(one[name])) / n for name in ("n_found", "n_true"))
        interval = f"{100 * float(str(one['low'])):.1f} to {100 * float(str(one['high'])):.1f} %"
        right = f"{true:.1f} %" if one["differs"] else "–"
        lines.append(f"| {one['name']} | {found:.1f} % ({interval}) | {right} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teams", type=int, default=1_000, help="simulated teams of each kind")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    results = [measure(team, n_teams=asked.teams, seed=asked.seed + place) for place, team in enumerate(TEAMS)]
    RESULT.write_text(json.dumps({"seed": asked.seed, "results": results}, indent=2) + "\n")
    text = DOCS.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    DOCS.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
