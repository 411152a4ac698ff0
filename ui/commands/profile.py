"""`tare profile`: a dataset ranked by what criteria sets lift under one model, in a terminal.

Leaves out the ranking (services/criteria/profile_datasets.py).
"""

from __future__ import annotations

from typing import Annotated

import typer

from services import datasets as dataset_store
from services import workplace
from services.criteria.profile_datasets import DatasetProfile, profile_dataset
from services.criteria.profile_weights import read_weights
from ui.commands.terminal import print_json, print_table, progress, say, share_text
from ui.commands.words import DatasetName, JsonFlag, RankBy

SETS_HELP = "NAME=WEIGHT, or DOMAIN:NAME=WEIGHT for one domain; as often as there are sets."
UNREAD_SHOWN = 20


def profile(
    dataset: DatasetName,
    pair: Annotated[str, typer.Option("--pair", help="Whose strong model is asked.", show_default=False)],
    sets: Annotated[list[str], typer.Option("--sets", help=SETS_HELP, show_default=False)],
    rank_by: Annotated[RankBy, typer.Option("--rank-by", help="What ranks.")] = RankBy.SUM,
    as_json: JsonFlag = False,
) -> None:
    """Rank by how much criteria sets lift each response: several aims, one model, no pair."""
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    weights = read_weights(sessions, sets)
    with progress() as show:
        found = profile_dataset(
            sessions,
            workplace.model_room(),
            dataset_id,
            pair=pair,
            weights=weights,
            by="mean" if rank_by is RankBy.MEAN else "sum",
            on_progress=lambda done, of: show(f"Profiling {dataset}", done, of),
        )
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)


def _print(found: DatasetProfile) -> None:
    rows = [("weighted: " + " + ".join(found.weights), share_text(found.accuracy))]
    rows += [(f"domain {name}", share_text(part)) for name, part in found.by_domain.items()]
    rows += [(f"{name} v{found.sets[name]} alone", share_text(part)) for name, part in found.by_set.items()]
    rows += [("strong model alone, no criteria", share_text(found.strong)), ("chance", share_text(found.chance))]
    title = f"{found.dataset}: lifts under the strong model of {found.pair}, by {found.by}"
    print_table(title, ("ranking by", "best candidate right (95 % interval)"), rows)
    change = found.over_strong
    if change.value is not None and change.low is not None and change.high is not None:
        say(
            f"Weighted minus strong alone: {change.value:+.1%} ({change.low:+.1%} to {change.high:+.1%}, n={change.n})."
        )
    cost = f"{found.n_computed} texts computed, {found.n_cached} from the cache"
    say(f"{len(found.ranked)} of {found.n_items} items ranked; {cost}. Several aims under one model; no run's reward.")
    for one in found.unread[:UNREAD_SHOWN]:
        say(f"  item {one.position + 1}: {one.reason}: {one.detail}")
    if len(found.unread) > UNREAD_SHOWN:
        say(f"  and {len(found.unread) - UNREAD_SHOWN} more")
