"""What evaluating a run reads: gold beside rewards in one stream, runs to compare, texts of known world.

Leaves out what counts as right (services/statistics/credits.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Candidate, Criteria, Dataset, Item, ModelPairRow, Run, Score, Suggestion

ROWS_AT_ONCE = 2_000


class GoldRow(NamedTuple):
    """One candidate of an item that the run ranked; numbers of the run are None where it has no reward."""

    item_id: int
    domain: str | None
    subset: str | None
    n_characters: int
    gold_rank: float | None
    gold_score: float | None
    reward: float | None
    reward_per_token: float | None
    strong_logprob: float | None
    weak_logprob: float | None


def gold_rows(session: Session, run_id: int) -> Iterator[GoldRow]:
    """Every candidate of every item with a suggestion of the run, item by item, in file order."""
    wanted = (
        select(
            Item.item_id,
            Item.domain,
            Item.subset,
            func.length(Candidate.text),
            Candidate.gold_rank,
            Candidate.gold_score,
            Score.reward,
            Score.reward_per_token,
            Score.strong_logprob,
            Score.weak_logprob,
        )
        .select_from(Suggestion)
        .join(Item, Item.item_id == Suggestion.item_id)
        .join(Candidate, Candidate.item_id == Item.item_id)
        .join(Score, (Score.candidate_id == Candidate.candidate_id) & (Score.run_id == run_id), isouter=True)
        .where(Suggestion.run_id == run_id)
        .order_by(Item.item_id, Candidate.position)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for row in session.execute(wanted):
        yield GoldRow(*row)


def finished_runs(session: Session, dataset_id: int, pair: str) -> dict[str, int]:
    """criteria name -> newest finished run of this pair on the dataset, hidden ones left out.

    Runs whose criteria were read otherwise than usual, or whose domains came from elsewhere, are not among them.
    """
    rows = session.execute(
        select(Criteria.name, Run.run_id, Run.configuration)
        .join(Criteria, Criteria.criteria_id == Run.criteria_id)
        .join(ModelPairRow, ModelPairRow.model_pair_id == Run.model_pair_id)
        .where(
            Run.dataset_id == dataset_id,
            Run.status == "done",
            Run.is_hidden.is_(False),
            ModelPairRow.name == pair,
        )
        .order_by(Run.run_id)
    )
    return {name: run_id for name, run_id, configuration in rows if is_usual(configuration)}


def is_usual(configuration: dict[str, Any]) -> bool:
    """Whether both models read the criteria, exemplars in the system message, by the items' own domains."""
    return not {"conditioning", "routing"} & configuration.keys()


def dataset_id_of(session: Session, name: str) -> int | None:
    """The number of the dataset of that name."""
    return session.scalar(select(Dataset.dataset_id).where(Dataset.name == name))


def metas(session: Session, dataset_id: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """(item_id, metadata) of every item."""
    wanted = select(Item.item_id, Item.meta).where(Item.dataset_id == dataset_id)
    for row in session.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)):
        yield row[0], row[1]


def top_positions(session: Session, run_id: int, item_ids: Sequence[int]) -> dict[int, list[int]]:
    """item_id -> places (0 is A) of the candidates the run ranks first; more than one when they tie."""
    found: dict[int, list[int]] = {}
    for start in range(0, len(item_ids), ROWS_AT_ONCE // 4):
        some = item_ids[start : start + ROWS_AT_ONCE // 4]
        rows = session.execute(
            select(Score.item_id, Candidate.position)
            .join(Candidate, Candidate.candidate_id == Score.candidate_id)
            .where(Score.run_id == run_id, Score.rank == 1, Score.item_id.in_(some))
            .order_by(Score.item_id, Candidate.position)
        )
        for item_id, position in rows:
            found.setdefault(item_id, []).append(position)
    return found


def world_means(session: Session, run_id: int) -> list[tuple[dict[str, Any], float | None, float | None, bool]]:
    """(metadata, prompt mean, response mean, is marked) of every item that the run weighed."""
    rows = session.execute(
        select(Item.meta, Suggestion.prompt_mean_logprob, Suggestion.response_mean_logprob, Suggestion.is_out_of_world)
        .join(Item, Item.item_id == Suggestion.item_id)
        .where(Suggestion.run_id == run_id)
    )
    return [(meta, prompt, response, is_marked) for meta, prompt, response, is_marked in rows]
