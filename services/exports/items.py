"""Items with all that an export may say about them, a few at a time, and the pair they resolve to.

What the decisions on an item come to is its label (services/labels.py): an adjudication, else what most people chose,
else what was accepted unlooked. An item that people left split, flagged or skipped has none and is left out by reason.
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
from services.decision_facts import as_ranking
from services.labels import ADJUDICATION, CHOOSING, LABEL, UNDECIDED, Label
from services.labels import resolve as resolve_label
from services.noise import within

BATCH_ITEMS = 200
TIE = "tie"
NOT_RANKED = "undecided, and not ranked by the run"
TIED_BEST = "undecided, and the run's best are tied"
SAME_TEXT = "no other response with a different text"


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
    label: Label
    run_domain: ItemDomain | None = None  # that the run took, where it did not take the item's own

    def is_within_noise(self) -> bool:
        """Whether another packing of the same work could change the best candidate."""
        return self.suggestion is not None and within(self.suggestion.margin, self.noise_margin)

    def effective(self) -> list[tuple[Decision, str]]:
        """The latest decision of each annotator, undone ones left out; repeats and adjudications are none."""
        latest = {one.annotator_id: (one, name) for one, name in self.decisions if one.kind == LABEL}
        return [pair for pair in latest.values() if pair[0].verdict != "undo"]

    def resting(self) -> tuple[Decision, str] | None:
        """The decision that the label rests on, with its annotator's name; None where nothing is settled."""
        return next((pair for pair in self.decisions if pair[0].decision_id == self.label.decision_id), None)

    def deciding(self) -> tuple[Decision, str] | None:
        """The same where people settled it: what was accepted unlooked is no witness of what is right."""
        return self.resting() if self.label.is_human else None

    def has_disagreement(self) -> bool:
        """Whether two annotators resolved it differently (a skip or a flag resolves nothing)."""
        return len({one.chosen_candidate_id for one, _ in self.effective() if one.verdict in CHOOSING}) > 1

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
    source: str  # human | adjudication | auto | suggestion


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
            label=resolve_label(item.item_id, [decision for decision, _ in decisions[item.item_id]]),
            run_domain=domains.get(item.item_id),
        )


def resolve(found: ExportItem, *, takes_suggestions: bool) -> PairLabel | str:
    """The pair that the item is exported as, or the reason why it is left out."""
    resting = found.resting()
    if resting is not None:
        return _by_decision(found, resting[0])
    if found.label.state != UNDECIDED or not takes_suggestions:
        return found.label.state
    return _by_suggestion(found)


def _by_decision(found: ExportItem, decision: Decision) -> PairLabel | str:
    chosen_id = found.label.chosen_candidate_id or _first_of_shared(found, decision)
    if chosen_id is None:
        return TIE
    chosen = next(candidate for candidate in found.candidates if candidate.candidate_id == chosen_id)
    return _pair(found, chosen, decision, found.label.source or "")


def _first_of_shared(found: ExportItem, decision: Decision) -> int | None:
    """Of a ranking whose first place is shared, the one that the run ranks best; the others there say as much.

    None where several people call it a tie: some of them may have meant all candidates.
    """
    places = as_ranking(decision.ranking)
    if len(places) < 2 or (found.label.n_for > 1 and found.label.source != ADJUDICATION):
        return None
    shared = [candidate for candidate in found.candidates if candidate.candidate_id in places[0]]
    best = min(shared, key=lambda c: (found.rank(c) is None, found.rank(c) or 0, c.position), default=None)
    return None if best is None else best.candidate_id


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


def _pair(found: ExportItem, chosen: Candidate, decision: Decision | None, source: str) -> PairLabel | str:
    rejected = _rejected(found, chosen, decision)
    if rejected is None:
        return SAME_TEXT
    scores = found.score_by_candidate
    margin = None
    if chosen.candidate_id in scores and rejected.candidate_id in scores:
        margin = scores[chosen.candidate_id].reward - scores[rejected.candidate_id].reward
    return PairLabel(chosen, rejected, margin, source)


def _rejected(found: ExportItem, chosen: Candidate, decision: Decision | None) -> Candidate | None:
    """The worst that the decision ranks; of several in that place the suggestion that was turned down, else the one
    the run ranks last (by position where nothing is ranked). Of others only where no ranking was given.
    """
    others = {candidate.candidate_id: candidate for candidate in found.candidates if candidate.text != chosen.text}
    places = [] if decision is None else as_ranking(decision.ranking)
    first = next((n for n, place in enumerate(places) if chosen.candidate_id in place), len(places))
    worst = [[others[one] for one in place if one in others] for place in places[first + 1 :]]
    left = next((place for place in reversed(worst) if place), [])
    if not left and (decision is None or decision.request != "rank"):
        left = list(others.values())
    turned_down = decision.suggested_candidate_id if decision is not None and decision.verdict == "override" else None
    ranked = [candidate for candidate in left if found.rank(candidate) is not None]
    return next(
        (candidate for candidate in left if candidate.candidate_id == turned_down),
        max(ranked or left, key=lambda c: (found.rank(c) or 0, c.position), default=None),
    )
