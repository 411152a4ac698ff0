"""`tare map`: some models weighed over a dataset once each, and the map of all their ordered pairs.

Leaves out the weighing (services/weighing/models.py), the numbers (services/pair_map/read.py) and the page that
`--out` writes (ui/pair_map/page.py), which alone loads plotly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from services import datasets as dataset_store
from services import workplace
from services.errors import Refused
from services.pair_map.pick import Pick, pick
from services.pair_map.read import MapData, PairMap, read_map
from services.weighing.models import WeighedModels, models_named, weigh_models
from ui.commands.terminal import give_up, print_json, print_table, progress, say, share_text
from ui.commands.words import DatasetName, DType, JsonFlag, RankBy
from ui.pair_map.words import (
    BASELINE_WORDS,
    basis_line,
    behind_words,
    correlation_line,
    cost_words,
    gap_words,
    memory_words,
    pair_name,
    performance_line,
    pick_line,
    short_share,
    upward_line,
    verdict,
)

MODELS_HELP = "At least twice: a folder, a hub id, or PAIR:strong or PAIR:weak of the catalogue."
PERFORMANCE_HELP = "NAME=NUMBER: how good a model is, from elsewhere; used when every model has one."
STORED_HELP = "Weigh nothing: the map of the runs that are there."


class JudgedWord(StrEnum):
    """What says which response is right."""

    ANY = "any"
    DECIDED = "decided"
    GOLD = "gold"


def map_models(
    dataset: DatasetName,
    models: Annotated[list[str], typer.Option("--models", help=MODELS_HELP, show_default=False)],
    criteria: Annotated[str | None, typer.Option("--criteria", help="A criteria set by name; none by default.")] = None,
    rank_by: Annotated[RankBy, typer.Option("--rank-by", help="What ranks.")] = RankBy.SUM,
    dtype: Annotated[DType, typer.Option("--dtype", help="What the models compute in.")] = DType.AUTO,
    judged_by: Annotated[
        JudgedWord, typer.Option("--judged-by", help="Decisions and else gold (any), or one of them alone.")
    ] = JudgedWord.ANY,
    performance: Annotated[list[str] | None, typer.Option("--performance", help=PERFORMANCE_HELP)] = None,
    stored: Annotated[bool, typer.Option("--stored", help=STORED_HELP)] = False,
    out_file: Annotated[Path | None, typer.Option("--out", help="Also write the map as an HTML page.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Weigh each model once and show how accurate every ordered pair is. Interrupted, the same command goes on."""
    numbers = numbers_by_name(performance or ())
    models_named(models)  # what is wrong with a name is said before anything is weighed
    _require_page(out_file)
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    weighed = None
    if not stored:
        with progress() as show:
            weighed = weigh_models(
                sessions, workplace.model_room(), dataset_id=dataset_id, names=models, criteria=criteria,
                dtype=dtype.value, is_hidden=True, on_progress=show,
            )  # fmt: skip
    data = read_map(
        sessions, dataset_id=dataset_id, names=models, criteria=criteria, rank_by=rank_by.value, dtype=dtype.value,
        judged_by=judged_by.value, performance=numbers,
    )  # fmt: skip
    found = pick(data)
    if as_json:
        print_json(to_json(data, found, weighed))
    else:
        _print(data, found, weighed)
    if out_file is not None:
        from ui.pair_map.page import write_page

        write_page(out_file, data, found)
        say(f"The map is in {out_file}.") if not as_json else None
    for row in weighed.rows if weighed is not None else ():
        if row.status != "done":
            give_up(f"run {row.run_id}, {row.pair}, is {row.status}: {row.error or 'the same command goes on'}")


def numbers_by_name(given: Sequence[str]) -> dict[str, float]:
    """NAME=NUMBER as name -> number. Raises Refused for anything else."""
    found = {}
    for words in given:
        name, _, number = words.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not name or not math.isfinite(value):
            raise Refused(f"--performance {words!r}; write it as NAME=NUMBER, such as strong=7.9")
        found[name] = value
    return found


def to_json(data: MapData, found: Pick, weighed: WeighedModels | None) -> dict[str, Any]:
    """The one object that `tare map --json` prints."""
    return {
        "map": data.map.to_json(),
        "pick": found.to_json(),
        "weighed": None if weighed is None else weighed.to_json(),
    }


def _require_page(out_file: Path | None) -> None:
    if out_file is not None and not out_file.parent.is_dir():
        raise Refused(f"{out_file.parent} is no folder; --out takes a file in a folder that is there")


def _print(data: MapData, found: Pick, weighed: WeighedModels | None) -> None:
    shown = data.map
    _print_models(shown)
    _print_pairs(shown, found)
    for name, share in shown.baselines.items():
        say(f"  {BASELINE_WORDS[name]}: {share_text(share)}")
    say(basis_line(shown))
    say(performance_line(shown))
    say(correlation_line("Gap against accuracy: Pearson", shown.pearson))
    say(correlation_line("Gap against accuracy: Spearman", shown.spearman))
    say(upward_line(shown.pearson_upward))
    say(verdict(shown.pearson))
    say(pick_line(found))
    left_out = {} if weighed is None else weighed.left_out
    for strong, weak in shown.missing:
        reason = left_out.get((strong, weak), "it has no finished run; without --stored it is weighed")
        say(f"Not on the map: {pair_name(strong, weak)}: {reason}")


def _print_models(shown: PairMap) -> None:
    rows = [
        (
            model.name,
            "–" if model.performance is None else f"{model.performance:.3f}",
            short_share(model.alone_sum),
            short_share(model.alone_mean),
            cost_words(None if model.cost is None else model.cost.per_thousand_s),
        )
        for model in sorted(shown.models, key=lambda model: -(model.performance or 0.0))
    ]
    title = f"{shown.dataset}, criteria {shown.criteria}: each model alone, n = {shown.n}"
    print_table(title, ("model", "performance", "right by sum", "right by mean", "per 1,000"), rows)


def _print_pairs(shown: PairMap, found: Pick) -> None:
    behind = {(one.pair.strong, one.pair.weak): behind_words(one.behind) for one in found.ranked}
    pairs = sorted(shown.pairs, key=lambda pair: -(pair.accuracy.value or 0.0))
    rows = [
        (
            pair_name(pair.strong, pair.weak),
            short_share(pair.accuracy),
            gap_words(pair),
            behind.get((pair.strong, pair.weak), ""),
            cost_words(pair.per_thousand_s),
            memory_words(pair.memory_bytes),
            str(pair.run_id),
        )
        for pair in pairs
    ]
    among = f" among {found.n} decided items" if found.n != shown.n else ""
    title = f"Pairs by {shown.rank_by}, n = {shown.n}; points behind the best{among}; seconds for 1,000 responses"
    print_table(title, ("pair", "right (95 % interval)", "gap", "behind", "per 1,000", "memory", "run"), rows)
