"""What the review screen shows and what it gets back: frozen rows, and the closed lists they use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.looks.rows import LookRow
from services.routing.resolve import ResolvedDomain

REASON_TAGS = (
    "wrong fact", "bad reasoning", "unsafe", "ignores instruction", "too long", "too short", "style", "other",
)  # fmt: skip
VERDICT_REQUESTS = ("best", "tie", "skip", "flag", "rank")
NOTE_LIMIT = 4_000  # characters
VERDICTS = ("accept", "override", "tie", "skip", "flag")  # and "undo", which no screen asks for


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ReviewCandidate:
    """A response as the screen shows it. Numbers are None where the run has none for it (no run, empty response)."""

    candidate_id: int
    key: int  # the number key that chooses it: 1 for A
    letter: str  # A is the first in the file; does not move with the ranking
    text: str
    source_model: str | None
    reward: float | None  # nats: strong_logprob - weak_logprob
    reward_per_token: float | None
    strong_logprob: float | None
    weak_logprob: float | None
    strong_tokens: int | None
    weak_tokens: int | None
    rank: int | None  # 1 is best by the run's rank_by; equal rewards share a rank
    gold_rank: float | None  # 1 is best, from the file
    gold_score: float | None  # higher is better, from the file
    note: str | None  # why it has no reward, or "same text as B"


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """The ranking a run proposes for an item."""

    best_candidate_id: int
    best_letter: str
    top_candidate_ids: tuple[int, ...]  # more than one when the best tie
    ranking: tuple[tuple[int, ...], ...]  # candidate ids, best first, ties together
    margin: float  # nats by sum, nats per token by mean
    rank_by: str  # sum | mean
    is_length_flip: bool
    is_out_of_world: bool
    is_within_noise: bool  # another packing of the same work could change the best
    noise_margin: float | None  # the margin below which that is so; None: not measured
    is_weighed_again: bool  # in float32, by a run that took the other items over from an earlier one


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision as it is kept."""

    decision_id: int
    item_id: int
    run_id: int | None
    annotator: str
    verdict: str  # accept | override | tie | skip | flag | undo
    chosen_candidate_id: int | None
    chosen_letter: str | None
    ranking: tuple[tuple[int, ...], ...]
    reason_tags: tuple[str, ...]
    note: str
    display_order: tuple[int, ...]
    suggestion: dict[str, Any]
    suggested_candidate_id: int | None
    elapsed_ms: int | None
    created_at: datetime
    strength: int | None = None  # -3..3 for pairs: negative, the first in file order is better; 0 a tie
    is_blind: bool = False  # made before the suggestion was revealed
    kind: str = "label"  # label | repeat | adjudication | auto
    look_id: int | None = None
    request: str | None = None  # best | rank | tie | skip | flag, as it was asked for; None: not known


@dataclass(frozen=True, slots=True)
class RecentRow:
    """One of a person's latest decisions, for the list beside the item. Letters are those that were on the screen."""

    decision_id: int
    item_id: int
    position: int  # 0-based, in file order
    verdict: str  # accept | override | tie | skip | flag
    chosen_letter: str | None
    ranking_letters: tuple[str, ...]  # best first, ties together: ("B", "AC"); empty unless a ranking was given
    strength: int | None
    is_blind: bool
    created_at: datetime
    is_repeat: bool = False  # shown again; not the label


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One item, ready to be decided."""

    dataset_id: int
    dataset: str
    guidelines: str
    item_id: int
    position: int  # 0-based, in file order
    n_items: int
    messages: tuple[Message, ...]
    domain: str | None
    subset: str | None
    run_id: int | None  # None: no run has weighed anything of this dataset
    candidates: tuple[ReviewCandidate, ...]  # in the order to be shown
    suggestion: SuggestionRow | None
    not_weighed: tuple[str, str] | None  # (reason, one line)
    decision: DecisionRow | None  # this annotator's effective one
    prev_item_id: int | None
    next_item_id: int | None
    next_undecided_id: int | None  # after this one, wrapping; None when every other item is decided
    run_domain: ResolvedDomain | None = None  # what the run took, where it did not take `domain`, the file's own
    look: LookRow | None = None  # the look it is shown on; None without a plan
    is_veiled: bool = False  # nothing that leads is in it: the look is blind and not revealed (veil.py)

    @property
    def display_order(self) -> tuple[int, ...]:
        """Candidate ids as shown, first place first; goes into `decide`."""
        return tuple(candidate.candidate_id for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class UndoRow:
    """What an undo did."""

    item_id: int  # the item to show
    undone_verdict: str
    restored: DecisionRow | None  # the decision that counts again, None when the item is undecided now
    look_id: int | None = None  # the look that the undone decision was made on


@dataclass(frozen=True, slots=True)
class ReviewProgress:
    """How far one annotator is in one dataset."""

    n_total: int
    n_decided: int  # items with any verdict, skips included
    n_accept: int
    n_override: int
    n_tie: int
    n_skip: int
    n_flag: int

    @property
    def n_left(self) -> int:
        """Items without a verdict."""
        return self.n_total - self.n_decided
