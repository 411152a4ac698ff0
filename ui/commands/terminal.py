"""What the command line prints: tables and JSON on stdout, progress and the one line of an error on stderr.

Leaves out the commands themselves (cli.py). What came from a file or a model is untrusted: no markup and no emoji code
in it counts, and a control character is written out (\\x1b) rather than sent to the terminal.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from services.evaluation import Evaluation
from services.run_rows import RunRow
from services.statistics.intervals import Share

out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)
UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control, half a surrogate pair, line ends
TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str) -> str:
    r"""The text with what would command a terminal written out: ESC becomes \x1b, a right-to-left override \u202e."""
    return "".join(
        sign if sign == "\n" or not _is_unsafe(sign) else sign.encode("unicode_escape").decode() for sign in text
    )


def _is_unsafe(sign: str) -> bool:
    return unicodedata.category(sign) in UNSAFE or sign in TURNS_TEXT


def say(text: str) -> None:
    """A line on stdout."""
    out.print(visible(text))


def notice(text: str) -> None:
    """A line on stderr."""
    err.print(visible(text))


def give_up(line: str, *, code: int = 2) -> NoReturn:
    """One line on stderr, then the end."""
    err.print(f"tare: {visible(' '.join(line.split()))}", style="bold", soft_wrap=True)
    sys.exit(code)


def print_json(value: Any) -> None:
    """One JSON object on stdout; dataclasses become objects, times text."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) + "\n")


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A quiet table without lines."""
    table = Table(title=Text(visible(title)), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    out.print(table)


@contextmanager
def progress() -> Iterator[Callable[[str, float, float | None], None]]:
    """A bar on stderr; the function it gives takes (title, done, total or None)."""
    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err) as bar:
        tasks: dict[str, Any] = {}

        def show(title: str, done: float, total: float | None) -> None:
            if title not in tasks:
                tasks[title] = bar.add_task(visible(title), total=total)
            bar.update(tasks[title], completed=done, total=total)

        yield show


def share_text(share: Share) -> str:
    """A share with its n and interval: `91.2% (88.1% to 93.6%, n=420)`."""
    if share.value is None or share.low is None or share.high is None:
        return "none to count"
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%}, n={share.n})"


def what_a_run_did(row: RunRow) -> str:
    """How far a run came and what it cost, in a line."""
    parts = [f"{row.n_done - row.n_not_weighed} of {row.n_items} items weighed"]
    if row.n_not_weighed:
        parts.append(f"{row.n_not_weighed} not weighed (`tare runs` says why)")
    if row.n_out_of_world:
        parts.append(f"{row.n_out_of_world} out of the pair's world")
    if row.n_within_noise:
        parts.append(f"{row.n_within_noise} within numeric noise")
    parts.append(f"{row.n_computed} responses computed, {row.n_cached} from the cache, {row.elapsed_s:.1f} s")
    return "; ".join(parts)


def print_evaluation(report: Evaluation) -> None:
    """Accuracy and its baselines as a table, then what it rests on."""
    rows = [
        ("reward, sum", share_text(report.accuracy_sum)),
        ("reward, per-token mean", share_text(report.accuracy_mean)),
    ]
    for label, shares in (
        ("", report.baselines),
        ("domain ", report.by_domain),
        ("run's domain ", report.by_run_domain),
        ("subset ", report.by_subset),
    ):
        rows += [(f"{label}{key}", share_text(share)) for key, share in shares.items()]
    for turn in report.switch:
        share = Share(n=turn.n, value=turn.value, low=turn.low, high=turn.high)
        rows.append((f"{turn.from_criteria} to {turn.to_criteria}, turned exactly", share_text(share)))
    title = f"{report.dataset}: run {report.run}, {report.pair}, criteria {report.criteria}, by {report.rank_by}"
    print_table(title, ("", "best candidate right (95 % interval)"), rows)
    if report.world is not None:
        world = report.world
        say(f"In the pair's world or not: AUC {world.auc.value:.3f} (n={world.n_in} in, {world.n_out} out).")
    say(
        f"{report.n} of {report.n_items} items count; {report.n_without_gold} have no gold, "
        f"{report.n_not_weighed} were not weighed, {report.n_out_of_world} are out of the pair's world, "
        f"{report.n_within_noise} within numeric noise."
    )
