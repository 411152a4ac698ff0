"""The verbs of the review screen: show an item, decide on it, undo, see how far one is.

The display order is chosen here and nowhere else: by reward rank when there are more than two candidates, in file order
when there are two; a look may change it (veil.py). Leaves out which item is next (queue.py), writing decisions
(decisions.py), and handing out looks (looks/serve.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_reviews import (
    annotator_id_of,
    candidates_with_scores,
    effective_decision,
    latest_run_id,
    verdict_counts,
)
from db.tables import Candidate, Dataset, Item, NotWeighed, Run, Score, Suggestion
from services.decisions import as_ranking, decide, decision_row, undo
from services.errors import NotFound
from services.noise import within
from services.reviews.filters import Filters
from services.reviews.queue import ONLY, QUEUES, Queue, items_of_plan, items_with
from services.reviews.rows import (
    NOTE_LIMIT,
    REASON_TAGS,
    DecisionRow,
    Message,
    ReviewCandidate,
    ReviewItem,
    ReviewProgress,
    SuggestionRow,
    UndoRow,
)
from services.routing.resolve import run_domains_of
from services.weighing.chunk import letter

__all__ = [
    "NOTE_LIMIT", "ONLY", "QUEUES", "REASON_TAGS", "DecisionRow", "Message", "ReviewCandidate", "ReviewItem",
    "ReviewProgress", "SuggestionRow", "UndoRow", "decide", "load_item", "next_undecided", "progress", "undo",
]  # fmt: skip


def load_item(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    annotator: str,
    run_id: int | None = None,
    item_id: int | None = None,
    only: Filters | str | None = None,
    queue: str | None = None,
    plan_id: int | None = None,
) -> ReviewItem | None:
    """The item to show, with everything the screen needs; None when there is none.

    Without run_id the dataset's latest run serves (`runs.latest_run`), if there is one. Without item_id: the next
    undecided item after this annotator's latest decision, or the first item when all are decided; with `queue` (one of
    QUEUES) the next of those, and None at the end. `only` (a filter, or one of ONLY, a badge under the run) keeps the
    queue to the items that pass; an item asked for by its id is shown all the same. `plan_id` keeps
    the queue to the items of that plan; the item is then to be shown as its look shows it (veil.as_shown).
    Raises NotFound for a dataset, run or item that is not there, or an item of another dataset.
    """
    with sessions() as session:
        dataset = session.get(Dataset, dataset_id)
        if dataset is None:
            raise NotFound(f"no dataset with number {dataset_id}; choose one from the list")
        run = _run(session, dataset, run_id)
        among = items_with(run, only, dataset_id=dataset_id, session=session)
        if plan_id is not None:
            among = items_of_plan(plan_id, among)
        way = Queue(dataset_id, annotator_id_of(session, annotator.strip()), among, queue)
        item = _item(session, way, item_id)
        return None if item is None else _review_item(session, dataset, item, run, way)


def progress(
    sessions: sessionmaker[Session], *, dataset_id: int, annotator: str, run_id: int | None = None
) -> ReviewProgress:
    """Counts by verdict of this annotator's effective decisions; with run_id only those made on that run."""
    with sessions() as session:
        n_total = session.scalar(select(Dataset.n_items).where(Dataset.dataset_id == dataset_id))
        if n_total is None:
            raise NotFound(f"no dataset with number {dataset_id}; choose one from the list")
        found = verdict_counts(session, dataset_id, annotator=annotator.strip(), run_id=run_id)
    counts = {verdict: n for verdict, (n, _) in found.items()}
    return ReviewProgress(
        n_total=n_total,
        n_decided=sum(counts.values()),
        n_accept=counts.get("accept", 0),
        n_override=counts.get("override", 0),
        n_tie=counts.get("tie", 0),
        n_skip=counts.get("skip", 0),
        n_flag=counts.get("flag", 0),
    )


def next_undecided(
    sessions: sessionmaker[Session], *, dataset_id: int, annotator: str, after_item_id: int | None = None
) -> int | None:
    """The next item without a verdict, wrapping at the end; skipped ones come when nothing else is left."""
    with sessions() as session:
        after = -1
        if after_item_id is not None:
            after = _item_of(session, dataset_id, after_item_id).position
        return Queue(dataset_id, annotator_id_of(session, annotator.strip())).next_undecided(session, after)


def _item(session: Session, queue: Queue, item_id: int | None) -> Item | None:
    if item_id is not None:
        return _item_of(session, queue.dataset_id, item_id)
    found = queue.where_to_begin(session)
    return None if found is None else session.get(Item, found)


def _item_of(session: Session, dataset_id: int, item_id: int) -> Item:
    item = session.get(Item, item_id)
    if item is None or item.dataset_id != dataset_id:
        raise NotFound(f"no item {item_id} in this dataset; open the dataset's next item instead")
    return item


def _run(session: Session, dataset: Dataset, run_id: int | None) -> Run | None:
    wanted = latest_run_id(session, dataset.dataset_id) if run_id is None else run_id
    run = None if wanted is None else session.get(Run, wanted)
    if run_id is not None and (run is None or run.dataset_id != dataset.dataset_id):
        raise NotFound(f"no run {run_id} of dataset {dataset.name!r}; choose one on the Runs screen")
    return run


def _review_item(session: Session, dataset: Dataset, item: Item, run: Run | None, queue: Queue) -> ReviewItem:
    run_id = None if run is None else run.run_id
    suggestion = None if run is None else session.get(Suggestion, (run.run_id, item.item_id))
    left_out = None if run is None else session.get(NotWeighed, (run.run_id, item.item_id))
    notes = {} if suggestion is None else _notes(suggestion.notes)
    candidates = [
        _candidate(candidate, score, notes.get(candidate.candidate_id))
        for candidate, score in candidates_with_scores(session, item.item_id, run_id)
    ]
    annotator_id = queue.annotator_id
    decision = None if annotator_id is None else effective_decision(session, item.item_id, annotator_id)
    return ReviewItem(
        dataset_id=dataset.dataset_id,
        dataset=dataset.name,
        guidelines=dataset.guidelines,
        item_id=item.item_id,
        position=item.position,
        n_items=dataset.n_items,
        messages=tuple(Message(message["role"], message["content"]) for message in item.messages),
        domain=item.domain,
        subset=item.subset,
        run_id=run_id,
        candidates=in_display_order(candidates),
        suggestion=None if run is None or suggestion is None else _suggestion(suggestion, run, candidates),
        not_weighed=None if left_out is None else (left_out.reason, left_out.detail),
        decision=None if decision is None or decision.verdict == "undo" else decision_row(session, decision),
        prev_item_id=queue.neighbour(session, item.position, is_next=False),
        next_item_id=queue.neighbour(session, item.position, is_next=True),
        next_undecided_id=queue.next_undecided(session, item.position),
        run_domain=None if run is None else run_domains_of(session, run.run_id, [item.item_id]).get(item.item_id),
    )


def in_display_order(candidates: list[ReviewCandidate]) -> tuple[ReviewCandidate, ...]:
    """Two stay as the file has them; more are ranked, those without a reward last."""
    if len(candidates) <= 2:
        return tuple(candidates)
    return tuple(sorted(candidates, key=lambda one: (one.rank is None, one.rank or 0, one.key)))


def _notes(stored: list[Any]) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for note in stored:
        found.setdefault(note["candidate_id"], []).append(f"{note['reason']}: {note['detail']}")
    return {candidate_id: "; ".join(lines) for candidate_id, lines in found.items()}


def _candidate(candidate: Candidate, score: Score | None, note: str | None) -> ReviewCandidate:
    return ReviewCandidate(
        candidate_id=candidate.candidate_id,
        key=candidate.position + 1,
        letter=letter(candidate.position),
        text=candidate.text,
        source_model=candidate.source_model,
        reward=None if score is None else score.reward,
        reward_per_token=None if score is None else score.reward_per_token,
        strong_logprob=None if score is None else score.strong_logprob,
        weak_logprob=None if score is None else score.weak_logprob,
        strong_tokens=None if score is None else score.strong_tokens,
        weak_tokens=None if score is None else score.weak_tokens,
        rank=None if score is None else score.rank,
        gold_rank=candidate.gold_rank,
        gold_score=candidate.gold_score,
        note=note,
    )


def _suggestion(stored: Suggestion, run: Run, candidates: list[ReviewCandidate]) -> SuggestionRow:
    letters = {candidate.candidate_id: candidate.letter for candidate in candidates}
    return SuggestionRow(
        best_candidate_id=stored.best_candidate_id,
        best_letter=letters[stored.best_candidate_id],
        top_candidate_ids=tuple(stored.ranking[0]),
        ranking=as_ranking(stored.ranking),
        margin=stored.margin,
        rank_by=run.configuration.get("rank_by", "sum"),
        is_length_flip=stored.is_length_flip,
        is_out_of_world=stored.is_out_of_world,
        is_within_noise=within(stored.margin, run.noise_margin),
        noise_margin=run.noise_margin,
        is_weighed_again="again_of" in run.configuration and stored.taken_from is None,
    )
