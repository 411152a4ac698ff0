"""A small weighed dataset written straight into the tables: what a run would have left, without loading a model.

Token log-probs, sums, per-token means, ranks and suggestions agree with each other, as the screens rely on it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from db.session import Sessions
from db.tables import Candidate, Dataset, Item, Logprob, NotWeighed, Run, Score, Suggestion
from services.criteria.store import ensure_builtin, list_criteria
from services.packing import pack_floats, pack_spans
from services.runs import start_run

FINGERPRINTS = {"strong": "5" * 64, "weak": "e" * 64}


@dataclass(frozen=True, slots=True)
class Draft:
    """An item to write: texts, and the candidate whose tokens the strong model likes (None: not weighed)."""

    prompt: str
    responses: tuple[str, ...]
    best: int | None = 0
    domain: str | None = "reasoning"
    subset: str | None = None
    system: str | None = None
    gold: tuple[float | None, ...] = ()
    sources: tuple[str | None, ...] = ()
    is_length_flip: bool = False
    is_out_of_world: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What was written: ids by position."""

    sessions: Sessions
    dataset_id: int
    run_id: int | None
    item_ids: tuple[int, ...]
    candidate_ids: tuple[tuple[int, ...], ...] = field(default=())


def write_desk(
    sessions: Sessions,
    drafts: Sequence[Draft],
    *,
    name: str = "tea shop",
    is_weighed: bool = True,
    rank_by: str = "sum",
    status: str = "done",
    guidelines: str = "",
) -> Desk:
    """Writes a dataset and, when it is weighed, a run over it."""
    with sessions.begin() as session:
        n_candidates = sum(len(draft.responses) for draft in drafts)
        dataset = Dataset(name=name, n_items=len(drafts), n_candidates=n_candidates, guidelines=guidelines)
        session.add(dataset)
        session.flush()
        written = [_add_item(session, dataset.dataset_id, place, draft) for place, draft in enumerate(drafts)]
        dataset_id = dataset.dataset_id
        items = tuple(item.item_id for item, _ in written)
        candidates = tuple(tuple(one.candidate_id for one in found) for _, found in written)
    run_id = _write_run(sessions, dataset_id, rank_by) if is_weighed else None
    if run_id is not None:
        with sessions.begin() as session:
            run = session.get_one(Run, run_id)
            run.status, run.n_done = status, len(drafts) if status == "done" else 0
            for (item, found), draft in zip(written, drafts, strict=True):
                _add_scores(session, run, item, found, draft)
    return Desk(sessions, dataset_id, run_id, items, candidates)


def _write_run(sessions: Sessions, dataset_id: int, rank_by: str) -> int:
    """A queued run of the demo pair, with the models that its worker would have noted down."""
    ensure_builtin(sessions)
    criteria = list_criteria(sessions, pair="demo")[0]
    run_id = start_run(sessions, dataset_id=dataset_id, pair="demo", criteria_id=criteria.criteria_id, rank_by=rank_by)
    models = {side: {"ref": side, "fingerprint": fingerprint} for side, fingerprint in FINGERPRINTS.items()}
    with sessions.begin() as session:
        run = session.get_one(Run, run_id)
        run.configuration = {**run.configuration, "models": models}
    return run_id


def _add_item(session: Any, dataset_id: int, position: int, draft: Draft) -> tuple[Item, list[Candidate]]:
    messages = [{"role": "user", "content": draft.prompt}]
    if draft.system is not None:
        messages.insert(0, {"role": "system", "content": draft.system})
    item = Item(
        dataset_id=dataset_id, position=position, messages=messages, domain=draft.domain, subset=draft.subset, meta={}
    )
    session.add(item)
    session.flush()
    candidates = [
        Candidate(
            item_id=item.item_id,
            position=place,
            text=text,
            source_model=draft.sources[place] if draft.sources else None,
            gold_rank=draft.gold[place] if draft.gold else None,
        )
        for place, text in enumerate(draft.responses)
    ]
    session.add_all(candidates)
    session.flush()
    return item, candidates


def _add_scores(session: Any, run: Run, item: Item, candidates: list[Candidate], draft: Draft) -> None:
    if draft.best is None:
        detail = "prompt and response have 9000 tokens, the limit is 2048; shorten the prompt"
        session.add(NotWeighed(run_id=run.run_id, item_id=item.item_id, reason="too long", detail=detail))
        run.n_not_weighed += 1
        return
    scores = [_score(session, run, item, candidate, draft) for candidate in candidates]
    is_mean = run.configuration["rank_by"] == "mean"
    value_of = {score.candidate_id: score.reward_per_token if is_mean else score.reward for score in scores}
    order = sorted(value_of, key=lambda candidate_id: -value_of[candidate_id])
    for score in scores:
        score.rank = order.index(score.candidate_id) + 1
    session.add_all(scores)
    session.add(
        Suggestion(
            run_id=run.run_id,
            item_id=item.item_id,
            best_candidate_id=order[0],
            ranking=[[candidate_id] for candidate_id in order],
            margin=value_of[order[0]] - value_of[order[1]],
            is_length_flip=draft.is_length_flip,
            is_out_of_world=draft.is_out_of_world,
            notes=[],
        )
    )


def _score(session: Any, run: Run, item: Item, candidate: Candidate, draft: Draft) -> Score:
    """Log-probs per word drawn from a seed; those of the best candidate are pulled up so that it comes first."""
    dice = random.Random(candidate.candidate_id)
    spans = [match.span() for match in re.finditer(r"\s*\S+", candidate.text)]
    spans.append((len(candidate.text), len(candidate.text)))  # the end of the turn
    is_best = candidate.position == draft.best
    strong = tuple(round(-dice.random() * 3, 3) for _ in spans)
    drift = tuple(round(dice.uniform(-0.8, 0.8), 3) for _ in spans)
    lift = 4.0 + 2 * len(spans) if is_best else -1.0
    weak = tuple(round(s - d - lift / len(spans), 3) for s, d in zip(strong, drift, strict=True))
    keys = {side: f"{candidate.candidate_id:060d}{side[:4]}" for side in FINGERPRINTS}
    for side, values in (("strong", strong), ("weak", weak)):
        session.add(
            Logprob(
                fingerprint=FINGERPRINTS[side],
                content_key=keys[side],
                total=sum(values),
                n_tokens=len(values),
                token_logprobs=pack_floats(values),
            )
        )
    return Score(
        run_id=run.run_id,
        candidate_id=candidate.candidate_id,
        item_id=item.item_id,
        reward=sum(strong) - sum(weak),
        reward_per_token=(sum(strong) - sum(weak)) / len(spans),
        strong_logprob=sum(strong),
        weak_logprob=sum(weak),
        strong_tokens=len(spans),
        weak_tokens=len(spans),
        rank=0,
        strong_key=keys["strong"],
        weak_key=keys["weak"],
        is_split=False,
        strong_spans=pack_spans(spans),
        weak_spans=None,
    )
