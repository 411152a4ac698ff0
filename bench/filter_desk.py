"""A large weighed and partly decided dataset to filter: texts of words as frequent as in a language, written by import.

Leaves out what is measured on it (filter_speed.py).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from sqlalchemy import func, insert, literal, select, text
from sqlalchemy.orm import Session, sessionmaker

from db.tables import Annotator, Candidate, Dataset, Decision, Item, Run, Suggestion
from services.criteria.store import ensure_builtin, find_criteria
from services.formats.drafts import CandidateDraft, ItemDraft
from services.item_store import batched, insert_items
from services.reviews.rows import REASON_TAGS
from services.runs import start_run

VOCABULARY = 30_000
SYLLABLES = ("ba", "co", "di", "fe", "gu", "ha", "ji", "ko", "lu", "me", "ni", "po", "ra", "se", "tu", "vy")
DOMAINS = ("chat", "reasoning", "safety", None)
WORDS_A_TEXT = 120
DECIDED_SHARE, UNLOOKED_SHARE = 0.05, 0.4  # of the items: by each of three people; accepted unlooked
PEOPLE = ("Ada", "Bo", "Cy")


def vocabulary() -> list[str]:
    """Words of two to five syllables, the shortest first."""
    found = itertools.chain.from_iterable(itertools.product(SYLLABLES, repeat=n) for n in (1, 2, 3, 4))
    return ["".join(parts) for parts in itertools.islice(found, VOCABULARY)]


def drafts(n_items: int, *, seed: int = 5) -> Iterator[ItemDraft]:
    """Items of two responses; the k-th word of the vocabulary is about 1/k as frequent as the first (Zipf)."""
    chance, words = random.Random(seed), vocabulary()
    weights = list(itertools.accumulate(1 / (k + 1) for k in range(len(words))))
    for place in range(n_items):
        prompt, first, second = (
            " ".join(chance.choices(words, cum_weights=weights, k=n)) for n in (20, WORDS_A_TEXT, WORDS_A_TEXT)
        )
        yield ItemDraft(
            ({"role": "user", "content": prompt},),
            (CandidateDraft(first, f"model-{place % 7}"), CandidateDraft(second, f"model-{place % 11}")),
            domain=DOMAINS[place % 4],
            subset=f"part {place % 23}",
        )


def write_items(sessions: sessionmaker[Session], n_items: int) -> int:
    """The dataset as an import writes it, index of words included."""
    with sessions.begin() as session:
        dataset = Dataset(name=f"filter {n_items}", n_items=n_items, n_candidates=2 * n_items)
        session.add(dataset)
        session.flush()
        dataset_id = dataset.dataset_id
    place = 0
    for batch in batched(drafts(n_items)):
        with sessions.begin() as session:
            insert_items(session, dataset_id, batch, first_position=place)
        place += len(batch)
    return dataset_id


def write_run(sessions: sessionmaker[Session], dataset_id: int, n_items: int) -> int:
    """A finished run with a suggestion for every item, margins 0 to 9.96 nats."""
    ensure_builtin(sessions)
    criteria_id = find_criteria(sessions, "demo").criteria_id
    run_id = start_run(sessions, dataset_id=dataset_id, pair="demo", criteria_id=criteria_id)
    with sessions.begin() as session:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        as_list = func.json_array if is_sqlite else func.json_build_array
        suggested = (
            select(
                literal(run_id), Item.item_id, Candidate.candidate_id, as_list(as_list(Candidate.candidate_id)),
                (Item.position * 37 % 250) / 25.0, Item.position % 50 == 7, Item.position % 200 == 3, as_list(),
            )
            .join(Candidate, Candidate.item_id == Item.item_id)
            .where(Item.dataset_id == dataset_id, Candidate.position == 0)
        )  # fmt: skip
        columns = (
            "run_id", "item_id", "best_candidate_id", "ranking", "margin", "is_length_flip", "is_out_of_world", "notes",
        )  # fmt: skip
        session.execute(insert(Suggestion).from_select(columns, suggested, include_defaults=False))
        run = session.get_one(Run, run_id)
        run.status, run.n_done, run.noise_margin = "done", n_items, 0.2
    return run_id


def write_decisions(sessions: sessionmaker[Session], dataset_id: int, run_id: int) -> int:
    """Decisions of three people, some of whom disagree, and labels accepted unlooked; how many rows."""
    with sessions.begin() as session:
        people = [Annotator(name=name) for name in PEOPLE]
        machine = Annotator(name="auto-accept", role="machine")
        session.add_all([*people, machine])
        session.flush()
        suggested = select(Suggestion.item_id, Suggestion.best_candidate_id).where(Suggestion.run_id == run_id)
        items = session.execute(suggested.order_by(Suggestion.item_id)).all()
        rows = [
            _decision(run_id, item_id, best, person.annotator_id, place + number)
            for number, person in enumerate(people)
            for place, (item_id, best) in enumerate(items[:: round(1 / DECIDED_SHARE)])
        ]
        unlooked = items[: round(UNLOOKED_SHARE * len(items))]
        rows += [_decision(run_id, item_id, best, machine.annotator_id, 0, "auto") for item_id, best in unlooked]
        for start in range(0, len(rows), 5_000):
            session.execute(insert(Decision), rows[start : start + 5_000])
    with sessions.begin() as session:
        session.execute(text("ANALYZE"))
    return len(rows)


def _decision(run_id: int, item_id: int, best: int, annotator_id: int, place: int, kind: str = "label") -> dict:
    verdict = ("accept", "accept", "accept", "override", "tie", "skip", "flag")[place % 7]
    return {
        "submission": f"{kind} {item_id} {annotator_id}",
        "run_id": run_id,
        "item_id": item_id,
        "annotator_id": annotator_id,
        "verdict": verdict,
        "chosen_candidate_id": {"accept": best, "override": best + 1}.get(verdict),
        "ranking": [[best], [best + 1]],
        "reason_tags": [REASON_TAGS[place % len(REASON_TAGS)]] if verdict == "override" else [],
        "note": "",
        "display_order": [best, best + 1],
        "suggestion": {"best": best, "ranking": [[best], [best + 1]], "margin": 1.5, "rank_by": "sum"},
        "suggested_candidate_id": best,
        "kind": kind,
    }
