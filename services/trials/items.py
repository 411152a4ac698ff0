"""Which items a trial weighs, as what, and each of them beside what the run had found.

A sample is the same for every draft (and one of 50 is part of one of 100), so that two drafts are told apart by their
text alone. Leaves out the comparison (ledger.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item
from db.queries_trials import domain_by_item, items_by_id, ranked_item_ids, ranked_with_choice, ranked_with_gold
from db.tables import Item, Run
from services.errors import Refused
from services.exports.items import BATCH_ITEMS, ExportItem, with_findings
from services.trials.ledger import Compared, Ranked, truth_of
from services.trials.rows import ONLY, Only, TrialProblem, Truth
from services.weighing.encode import ItemText
from services.weighing.write import item_text

NOT_IN_RUN = "not ranked by the run"
TRUTHS: dict[Only, tuple[Truth, ...]] = {"decided": ("decision",), "gold": ("gold", "decision")}
NOTHING_TO_SAMPLE = {
    "decided": "nobody has chosen a best candidate on any item it ranked; decide some on Review, or try any",
    "gold": "no item it ranked has a gold best; import a file that has one, or try any",
    "any": "it ranked no item; look at what could not be weighed on Runs",
}


def sample_items(sessions: sessionmaker[Session], run_id: int, *, n: int, only: Only) -> list[int]:
    """n items that the run ranked, in file order; fewer when there are not so many. Refused when there is none."""
    if only not in ONLY:
        raise Refused(f"only is {only!r}; it must be one of {', '.join(ONLY)}")
    if n < 1:
        raise Refused(f"{n} items cannot be tried; give 1 or more")
    with sessions() as session:
        ids = {"decided": ranked_with_choice, "gold": ranked_with_gold, "any": ranked_item_ids}[only](session, run_id)
        shuffled = sorted(ids, key=_lot)
        wanted = shuffled[:n] if only == "any" else _with_truth(session, shuffled, n, TRUTHS[only])
        if not wanted:
            raise Refused(f"run {run_id} gives nothing to try on: {NOTHING_TO_SAMPLE[only]}")
        return [item.item_id for item in items_by_id(session, wanted)]


def spread(item_ids: Sequence[int], n: int) -> list[int]:
    """n of these items as the lot has it: always the same ones, and those of a smaller n among them."""
    return sorted(sorted(item_ids, key=_lot)[:n])


def require_items(sessions: sessionmaker[Session], run: Run, item_ids: Sequence[int]) -> list[int]:
    """These items once each, in file order. Refused when one is not of the run's dataset, or there is none."""
    wanted = list(dict.fromkeys(item_ids))
    if not wanted:
        raise Refused("there is no item to try on; choose some")
    with sessions() as session:
        found = [item.item_id for item in items_by_id(session, wanted) if item.dataset_id == run.dataset_id]
    missing = set(wanted) - set(found)
    if missing:
        raise Refused(f"item {min(missing)} is not one of run {run.run_id}'s dataset; choose items of that dataset")
    return found


def texts_of(session: Session, run_id: int, item_ids: Sequence[int]) -> list[ItemText]:
    """The items as they are weighed, in the order given, under the domains that the run took."""
    items = items_by_id(session, item_ids)
    candidates = candidates_by_item(session, [item.item_id for item in items])
    domains = domain_by_item(session, run_id, items)
    texts = {
        item.item_id: replace(item_text(item, candidates[item.item_id]), domain=domains[item.item_id]) for item in items
    }
    return [texts[item_id] for item_id in item_ids if item_id in texts]


def compare(
    session: Session, run: Run, results: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Compared], list[TrialProblem]]:
    """The items tried so far beside what the run had found, and those that cannot be compared, in file order."""
    compared: list[Compared] = []
    problems: list[TrialProblem] = []
    items = items_by_id(session, [int(item_id) for item_id in results])
    domains = domain_by_item(session, run.run_id, items)
    for found in _found(session, items, run):
        item, result = found.item, results[str(found.item.item_id)]
        problem = _problem(found, result)
        if problem is None:
            compared.append(_compared(found, result, domains[item.item_id]))
        else:
            problems.append(TrialProblem(item.item_id, item.position, *problem))
    return compared, problems


def _lot(item_id: int) -> bytes:
    """Orders items without regard to the file; the same item always draws the same."""
    return hashlib.blake2b(str(item_id).encode(), digest_size=8).digest()


def _with_truth(session: Session, item_ids: Sequence[int], n: int, truths: tuple[Truth, ...]) -> list[int]:
    """The first n of the items of which a truth of these kinds is known now."""
    chosen: list[int] = []
    for start in range(0, len(item_ids), BATCH_ITEMS):
        items = items_by_id(session, item_ids[start : start + BATCH_ITEMS])
        known = {
            found.item.item_id for found in with_findings(session, items, None, None) if truth_of(found).truth in truths
        }
        chosen += [item_id for item_id in item_ids[start : start + BATCH_ITEMS] if item_id in known]
        if len(chosen) >= n:
            break
    return chosen[:n]


def _found(session: Session, items: Sequence[Item], run: Run) -> Iterator[ExportItem]:
    for start in range(0, len(items), BATCH_ITEMS):
        yield from with_findings(session, items[start : start + BATCH_ITEMS], run.run_id, run.noise_margin)


def _problem(found: ExportItem, result: Mapping[str, Any]) -> tuple[str, str] | None:
    if "problem" in result:
        reason, detail = result["problem"]
        return reason, detail
    if found.suggestion is not None:
        return None
    left_out = found.not_weighed
    why = "it was added to the dataset later" if left_out is None else f"{left_out.reason}, {left_out.detail}"
    return NOT_IN_RUN, why


def _compared(found: ExportItem, result: Mapping[str, Any], domain: str | None) -> Compared:
    before = found.suggestion
    if before is None:
        raise ValueError(f"item {found.item.item_id} was not ranked by the run; it is listed as a problem instead")
    return Compared(
        item_id=found.item.item_id,
        position=found.item.position,
        prompt=found.item.messages[-1]["content"],
        domain=domain,
        candidate_ids=tuple(candidate.candidate_id for candidate in found.candidates),
        known=truth_of(found),
        before=Ranked(before.ranking, before.margin),
        after=Ranked(result["ranking"], result["margin"]),
        noise_margin=found.noise_margin,
    )
