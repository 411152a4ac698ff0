"""`tare check PAIR`: a pair looked at before use, in a terminal. Leaves out the looking (services/pairs/check.py)."""

from __future__ import annotations

from typing import Annotated

import typer

from services.pairs.check import check_catalogue_pair, check_models
from ui.commands.terminal import give_up, notice, print_json, print_table, say
from ui.commands.words import JsonFlag
from ui.pairs.check_words import both_lines, fact_rows, finding_rows, verdict

MODEL_HELP = "Instead of a pair: a folder, a hub id, or PAIR:strong or PAIR:weak."


def check(
    pair: Annotated[str | None, typer.Argument(help="A pair of the catalogue.", show_default=False)] = None,
    strong: Annotated[str | None, typer.Option("--strong", help=MODEL_HELP, show_default=False)] = None,
    weak: Annotated[str | None, typer.Option("--weak", help="The other one, said the same way.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Look at a pair before it weighs: config, tokenizer, memory, licence. Exit code 2 when something stops it."""
    if pair is not None and strong is None and weak is None:
        found = check_catalogue_pair(pair)
    elif pair is None and strong is not None and weak is not None:
        found = check_models(strong, weak)
    else:
        give_up("name one pair of the catalogue, or give both --strong and --weak (--help lists what there is)")
    if as_json:
        print_json(found)
    else:
        print_table(f"Pair {found.name}", ("", "strong", "weak"), fact_rows(found))
        for line in both_lines(found):
            say(line)
        for severity, side, line in finding_rows(found):
            say(f"  {severity}, {side.lower()}: {line}")
    if found.stops:
        give_up(verdict(found))
    notice(verdict(found))
