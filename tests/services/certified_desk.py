"""A weighed dataset written straight into the tables, and people who decide on it: what certificates are made of.

No model is loaded: suggestions are what the builder says. Item n has `k` candidates; the run suggests the first unless
`best` says otherwise; margins fall with the position.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from db.tables import Candidate, Criteria, Dataset, Item, ModelPairRow, Run, Score, Suggestion
from services.decisions import decide

_tokens = itertools.count()
LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class CertifiedDesk:
    """Ids of what was written, and a person's verbs."""

    sessions: sessionmaker[Session]
    dataset_id: int
    run_id: int
    item_ids: list[int]
    candidate_ids: list[list[int]]

    def choose(
        self, place: int, candidate: int = 0, *, name: str = "ann", tags: Sequence[str] = (), **more: object
    ) -> int:
        """A decision on the item at that place: this candidate is the best. The decision's number."""
        return decide(
            self.sessions, item_id=self.item_ids[place], run_id=self.run_id, annotator=name, verdict_request="best",
            submission=f"c{next(_tokens)}", chosen_candidate_id=self.candidate_ids[place][candidate],
            reason_tags=tags, **more,  # type: ignore[arg-type]
        ).decision_id  # fmt: skip

    def say(self, place: int, verdict: str, *, name: str = "ann") -> int:
        """A tie, skip or flag."""
        return decide(
            self.sessions, item_id=self.item_ids[place], run_id=self.run_id, annotator=name, verdict_request=verdict,
            submission=f"c{next(_tokens)}",
        ).decision_id  # fmt: skip


def write_certified_desk(
    sessions: sessionmaker[Session],
    prompts: Sequence[str],
    *,
    k: int = 2,
    best: Sequence[int] = (),
    domains: Sequence[str | None] = (),
    name: str = "set",
) -> CertifiedDesk:
    """A done run over one item per prompt."""
    with sessions.begin() as session:
        dataset = Dataset(
            name=name, file_name="set.jsonl", sha256="5" * 64, n_items=len(prompts), n_candidates=k * len(prompts)
        )
        pair = ModelPairRow(name=f"pair of {name}", spec={}, sha256="1" * 64)
        criteria = Criteria(name=f"none of {name}", body={}, sha256="2" * 64)
        session.add_all([dataset, pair, criteria])
        session.flush()
        run = Run(
            dataset_id=dataset.dataset_id, model_pair_id=pair.model_pair_id, criteria_id=criteria.criteria_id,
            configuration={"rank_by": "sum"}, software={"tare": "test"}, status="done", n_items=len(prompts),
            n_done=len(prompts), noise_margin=0.0, finished_at=datetime(2026, 1, 2),
        )  # fmt: skip
        session.add(run)
        session.flush()
        items, candidates = [], []
        for place, prompt in enumerate(prompts):
            item = Item(
                dataset_id=dataset.dataset_id, position=place, messages=[{"role": "user", "content": prompt}],
                domain=domains[place] if domains else None, meta={},
            )  # fmt: skip
            session.add(item)
            session.flush()
            own = [
                Candidate(item_id=item.item_id, position=n, text=f"{prompt} answer {LETTERS[n]}", source_model=f"m{n}")
                for n in range(k)
            ]
            session.add_all(own)
            session.flush()
            _suggest(session, run, item, own, best=best[place] if best else 0, margin=float(len(prompts) - place))
            items.append(item.item_id)
            candidates.append([candidate.candidate_id for candidate in own])
        return CertifiedDesk(sessions, dataset.dataset_id, run.run_id, items, candidates)


def _suggest(session: Session, run: Run, item: Item, own: list[Candidate], *, best: int, margin: float) -> None:
    order = [own[best], *(candidate for candidate in own if candidate is not own[best])]
    for rank, candidate in enumerate(order, 1):
        reward = margin * (2.0 - rank)
        session.add(
            Score(
                run_id=run.run_id,
                candidate_id=candidate.candidate_id,
                item_id=item.item_id,
                reward=reward,
                reward_per_token=reward / 4,
                strong_logprob=-4.0,
                weak_logprob=-4.0 - reward,
                strong_tokens=4,
                weak_tokens=4,
                rank=rank,
                strong_key="k",
                weak_key="k",
                strong_spans=b"",
            )
        )
    session.add(
        Suggestion(
            run_id=run.run_id,
            item_id=item.item_id,
            best_candidate_id=order[0].candidate_id,
            ranking=[[candidate.candidate_id] for candidate in order],
            margin=margin,
            notes=[],
        )
    )
