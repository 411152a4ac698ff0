"""Items with all that an export may say about them, a few at a time, and the label they resolve to.

decisions of one annotator    the latest row counts; an undo means undecided
decisions of several          the latest in time counts (ties by id), but a skip gives way to any other verdict
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.queries_exports import decisions_by_item, not_weighed_by_item, score_by_candidate, suggestion_by_item
from db.queries_items import candidates_by_item, items_between, last_position
from db.queries_routing import item_domains
from db.tables import Candidate, Decision, Item, NotWeighed, Run, Score, Suggestion
from db.tables_criteria import ItemDomain
from services.noise import within

BATCH_ITEMS = 200
TIE, SKIPPED, FLAGGED, UNDECIDED = "tie", "skipped", "flagged", "undecided"
NOT_RANKED = "undecided, and not ranked by the run"
TIED_BEST = "undecided, and the run's best are tied"
SAME_TEXT = "no other response with a different text"
NO_CHOICE = "decided without naming a response"
NO_LABEL_FOR = {"tie": TIE, "skip": SKIPPED, "flag": FLAGGED}


@dataclass(frozen=True, slots=True)
class ExportItem:
    """An item, its candidates in file order, every decision on it, and what the run found (nothing without a run)."""

    item: Item
    candidates: tuple[Candidate, ...]
    decisions: tuple[tuple[Decision, str], ...]  # with the annotator's name, oldest first
    score_by_candidate: dict[int, Score]
    suggestion: Suggestion | None
    not_weighed: NotWeighed | None
    noise_margin: float | None  # of the run
    run_domain: ItemDomain | None = None  # that the run took, where it did not take the item's own

    def is_within_noise(self) -> bool:
        """Whether another packing of the same work could change the best candidate."""
        return self.suggestion is not None and within(self.suggestion.margin, self.noise_margin)

    def effective(self) -> list[tuple[Decision, str]]:
        """The latest decision of each annotator, undone ones left out."""
        latest = {decision.annotator_id: (decision, name) for decision, name in self.decisions}
        return [pair for pair in latest.values() if pair[0].verdict != "undo"]

    def deciding(self) -> tuple[Decision, str] | None:
        """The decision that counts for the item, with its annotator's name."""
        ranked = sorted(self.effective(), key=lambda p: (p[0].verdict != "skip", p[0].created_at, p[0].decision_id))
        return ranked[-1] if ranked else None

    def has_disagreement(self) -> bool:
        """Whether two annotators resolved it differently (a skip or a flag resolves nothing)."""
        decisions = [decision for decision, _ in self.effective() if decision.verdict in ("accept", "override", "tie")]
        return len({None if d.verdict == "tie" else d.chosen_candidate_id for d in decisions}) > 1

    def rank(self, candidate: Candidate) -> int | None:
        """Its rank under the run, None where it was not weighed."""
        score = self.score_by_candidate.get(candidate.candidate_id)
        return None if score is None else score.rank


@dataclass(frozen=True, slots=True)
class PairLabel:
    """An item resolved to a pair. `margin` is the difference of their rewards in nats, None when not both weighed."""

    chosen: Candidate
    rejected: Candidate
    margin: float | None
    source: str  # human | suggestion


def read_items(session: Session, dataset_id: int, run_id: int | None) -> Iterator[ExportItem]:
    """Every item of a dataset in file order; memory holds 200."""
    run = None if run_id is None else session.get(Run, run_id)
    noise_margin = None if run is None else run.noise_margin
    for first in range(0, last_position(session, dataset_id) + 1, BATCH_ITEMS):
        items = items_between(session, dataset_id, first=first, last=first + BATCH_ITEMS - 1)
        yield from with_findings(session, items, run_id, noise_margin)


def with_findings(
    session: Session, items: Sequence[Item], run_id: int | None, noise_margin: float | None
) -> Iterator[ExportItem]:
    """These items, at most a few hundred at a time, with all that is known of them."""
    item_ids = [item.item_id for item in items]
    candidates = candidates_by_item(session, item_ids)
    decisions = decisions_by_item(session, item_ids)
    scores = {} if run_id is None else score_by_candidate(session, run_id, item_ids)
    suggestions = {} if run_id is None else suggestion_by_item(session, run_id, item_ids)
    left_out = {} if run_id is None else not_weighed_by_item(session, run_id, item_ids)
    domains = {} if run_id is None else item_domains(session, run_id, item_ids)
    for item in items:
        own = candidates[item.item_id]
        yield ExportItem(
            item=item,
            candidates=tuple(own),
            decisions=tuple(decisions[item.item_id]),
            score_by_candidate={c.candidate_id: scores[c.candidate_id] for c in own if c.candidate_id in scores},
            suggestion=suggestions.get(item.item_id),
            not_weighed=left_out.get(item.item_id),
            noise_margin=noise_margin,
            run_domain=domains.get(item.item_id),
        )


def resolve(found: ExportItem, *, takes_suggestions: bool) -> PairLabel | str:
    """The pair that the item is exported as, or the reason why it is left out."""
    deciding = found.deciding()
    if deciding is not None:
        return _by_human(found, deciding[0])
    if not takes_suggestions:
        return UNDECIDED
    return _by_suggestion(found)


def _by_human(found: ExportItem, decision: Decision) -> PairLabel | str:
    if decision.verdict in NO_LABEL_FOR:
        return NO_LABEL_FOR[decision.verdict]
    chosen = next((c for c in found.candidates if c.candidate_id == decision.chosen_candidate_id), None)
    if chosen is None:
        return NO_CHOICE
    turned_down = decision.suggested_candidate_id if decision.verdict == "override" else None
    return _pair(found, chosen, turned_down, "human")


def _by_suggestion(found: ExportItem) -> PairLabel | str:
    if found.suggestion is None:
        return NOT_RANKED
    if is_tied(found.suggestion):
        return TIED_BEST
    best = next(c for c in found.candidates if c.candidate_id == found.suggestion.best_candidate_id)
    return _pair(found, best, None, "suggestion")


def is_tied(suggestion: Suggestion) -> bool:
    """Whether more than one candidate shares the first place."""
    first = suggestion.ranking[0] if suggestion.ranking else []
    return isinstance(first, list) and len(first) > 1


def _pair(found: ExportItem, chosen: Candidate, turned_down: int | None, source: str) -> PairLabel | str:
    rejected = _rejected(found, chosen, turned_down)
    if rejected is None:
        return SAME_TEXT
    scores = found.score_by_candidate
    margin = None
    if chosen.candidate_id in scores and rejected.candidate_id in scores:
        margin = scores[chosen.candidate_id].reward - scores[rejected.candidate_id].reward
    return PairLabel(chosen, rejected, margin, source)


def _rejected(found: ExportItem, chosen: Candidate, turned_down: int | None) -> Candidate | None:
    """The suggestion that was turned down; else the one ranked last (by position where nothing is ranked)."""
    others = [candidate for candidate in found.candidates if candidate.text != chosen.text]
    for candidate in others:
        if candidate.candidate_id == turned_down:
            return candidate
    ranked = [candidate for candidate in others if found.rank(candidate) is not None]
    return max(ranked or others, key=lambda c: (found.rank(c) or 0, c.position), default=None)
