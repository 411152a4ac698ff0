"""The table of a benchmark: what stands in which row and column, and the same as CSV and Markdown. Pure strings.

One run is shown beside its baselines; several runs of one dataset beside each other, with the baselines that need no
model. A cell is a percentage with its 95 % interval. Leaves out HTML (plain_table.py) and the terminal.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.benchmarks.rewardbench import PRIOR, SCORE
from services.benchmarks.rewardbench_sets import PRIOR_SETS, SECTIONS
from services.benchmarks.scores import BASELINES, BenchmarkReport, WayReport
from services.benchmarks.tally import SUBSET, Figures
from services.statistics.bootstrap import Difference
from services.statistics.intervals import Share

WAY_NAMES = {
    "sum": "reward, sum",
    "mean": "reward, mean",
    "strong": "strong alone",
    "weak": "weak alone",
    "longest": "the longest",
    "shortest": "the shortest",
    "chance": "chance",
}
OF_ALL_RUNS = ("longest", "shortest", "chance")  # the same whichever models weighed
NOTHING = "–"
LEAD = "the run's lead"
LEAD_SAID = "The run's lead over each baseline is counted item by item, all items alike; noise: it may be none."
IN = "\N{EM SPACE}"
MEASURES = ("pairwise", "best of N", "tau-b")
CSV_HEADS = (
    "benchmark", "dataset", "run", "pair", "criteria", "way", "group", "name", "measure", "n", "value", "low", "high"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A way of ranking with its heading."""

    title: str
    way: WayReport


@dataclass(frozen=True, slots=True)
class Line:
    """A row: what it counts, under which heading, and a share for each column."""

    group: str  # score | subset | strength
    name: str
    shares: tuple[Share, ...]
    is_part: bool = False  # of the headline score above it

    @property
    def label(self) -> str:
        """The name, parts set in by a space that tables keep."""
        return f"{IN}{self.name}" if self.is_part else self.name

    @property
    def n(self) -> str:
        """How many count; several numbers where the columns differ (another run left other items out)."""
        numbers = list(dict.fromkeys(share.n for share in self.shares if share.value is not None))
        return " / ".join(f"{n:,}" for n in numbers) or "0"


def columns(reports: Sequence[BenchmarkReport]) -> tuple[Column, ...]:
    """The runs' own way of ranking, then the baselines."""
    own = tuple(Column(run_title(report), report.own) for report in reports)
    baselines = BASELINES if len(reports) == 1 else OF_ALL_RUNS
    return (*own, *(Column(WAY_NAMES[way], reports[0].ways[way]) for way in baselines)) if reports else ()


def run_title(report: BenchmarkReport) -> str:
    """A run in few words: "run 3, reward, sum"."""
    return f"run {report.run}, {WAY_NAMES[report.rank_by]}"


def lines(shown: Sequence[Column]) -> tuple[Line, ...]:
    """The score on top, then every headline score with its parts under it, then the slices that belong to none."""
    names = list(dict.fromkeys(name for column in shown for name in column.way.scores))
    names.sort(key=lambda name: not name.startswith(SCORE))  # what is made of the others first, the rest in their order
    keys = dict.fromkeys((part.group, part.name) for column in shown for part in column.way.slices)
    parts_of = {**{section: tuple(weights) for section, weights in SECTIONS.items()}, PRIOR: PRIOR_SETS}
    found: list[Line] = []
    for name in names:
        found.append(_score_line(name, shown))
        inside = [(SUBSET, part) for part in parts_of.get(name, ()) if (SUBSET, part) in keys and part not in names]
        found += [_slice_line(key, shown, is_part=True) for key in inside]
        keys = {key: None for key in keys if key not in inside}
    return (*found, *(_slice_line(key, shown) for key in keys if not (key[0] == SUBSET and key[1] in names)))


def measures(way: WayReport) -> tuple[tuple[str, ...], ...]:
    """Pairs, the best and tau-b for all items and each slice: rows of (name, items, pairwise, best of N, tau-b)."""
    rows = [("all items", way.whole), *((part.name, part.figures) for part in way.slices)]
    return tuple((name, f"{found.n_items:,}", *_measures(found)) for name, found in rows)


def has_many(report: BenchmarkReport) -> bool:
    """Whether some item has more than two candidates: else pairs, the best and tau-b say the same."""
    return report.own.whole.pairwise.n > report.own.whole.n_items


def lead_row(report: BenchmarkReport) -> tuple[str, ...]:
    """Under the table of one run: by how much it leads each baseline, in points, item by item."""
    first = next(iter(report.leads.values()))
    return (LEAD, f"{first.n:,}", NOTHING, *(lead(report.leads[way]) for way in BASELINES))


def lead(difference: Difference) -> str:
    """A difference in percentage points with its interval; one that may be nothing says so.

    >>> lead(Difference(10, 0.2, 0.1, 0.3, 0.01)), lead(Difference(10, 0.2, -0.1, 0.5, 0.4))
    ('+20.0 (+10.0 to +30.0)', '+20.0 (-10.0 to +50.0) noise')
    """
    if difference.value is None or difference.low is None or difference.high is None:
        return NOTHING
    value, low, high = (f"{100 * number:+.1f}" for number in (difference.value, difference.low, difference.high))
    return f"{value} ({low} to {high})" + (" noise" if difference.is_noise else "")


def cell(share: Share) -> str:
    """A percentage with its interval.

    >>> cell(Share(10, 0.5, 0.25, 0.75))
    '50.0 (25.0 to 75.0)'
    """
    if share.value is None or share.low is None or share.high is None:
        return NOTHING
    return f"{100 * share.value:.1f} ({100 * share.low:.1f} to {100 * share.high:.1f})"


def markdown(reports: Sequence[BenchmarkReport]) -> str:
    """The table as seen, for a paper or an issue."""
    shown = columns(reports)
    if not shown:
        return ""
    heads = ("", "n", *(column.title for column in shown))
    rows = [(line.name, line.n, *map(cell, line.shares)) for line in lines(shown)]
    if len(reports) == 1:
        rows.append(lead_row(reports[0]))
    table = [heads, ("---",) + ("---:",) * (len(heads) - 1), *rows]
    said = [f"{reports[0].title}, dataset {_one_line(reports[0].dataset)}: %, with 95 % interval."]
    said += [f"Run {report.run}: pair {report.pair}, criteria {report.criteria}." for report in reports]
    said += [LEAD_SAID] if len(reports) == 1 else []
    said += notes(reports)
    return "\n".join(f"| {' | '.join(map(_one_line, row))} |" for row in table) + "\n\n" + "\n\n".join(said) + "\n"


def notes(reports: Sequence[BenchmarkReport]) -> list[str]:
    """What a reader must know beside the figures; what holds for some of the runs alone names them."""
    found = []
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        of = [report.run for report in reports if note in report.notes]
        found.append((note[:1].upper() + note[1:] if len(of) == len(reports) else _of_runs(of) + note) + ".")
    return found


def _of_runs(runs: Sequence[int]) -> str:
    return f"Run {runs[0]}: " if len(runs) == 1 else f"Runs {', '.join(map(str, runs))}: "


def as_csv(reports: Sequence[BenchmarkReport]) -> str:
    """Every number of every way of ranking, one a line, unrounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADS)
    for report in reports:
        about = (report.benchmark, report.dataset, report.run, report.pair, report.criteria)
        for row in (*_share_rows(report), *_lead_rows(report)):
            writer.writerow([_no_formula(part) if isinstance(part, str) else part for part in (*about, *row)])
    return out.getvalue()


def _score_line(name: str, shown: Sequence[Column]) -> Line:
    nothing = Share(0, None, None, None)
    return Line("score", name, tuple(column.way.scores.get(name, nothing) for column in shown))


def _slice_line(key: tuple[str, str], shown: Sequence[Column], *, is_part: bool = False) -> Line:
    nothing = Share(0, None, None, None)
    found = [{(part.group, part.name): part.figures.score for part in column.way.slices} for column in shown]
    return Line(*key, tuple(slices.get(key, nothing) for slices in found), is_part)


def _measures(found: Figures) -> tuple[str, ...]:
    tau = found.tau_b
    known = tau.value is not None and tau.low is not None and tau.high is not None
    last = f"{tau.value:.3f} ({tau.low:.3f} to {tau.high:.3f})" if known else NOTHING
    return cell(found.pairwise), cell(found.best_of_n), last


def _share_rows(report: BenchmarkReport) -> Iterator[tuple[object, ...]]:
    for way, found in report.ways.items():
        for group, name, measure, share in _numbers(found):
            yield way, group, name, measure, share.n, share.value, share.low, share.high


def _lead_rows(report: BenchmarkReport) -> Iterator[tuple[object, ...]]:
    for way, found in report.leads.items():
        yield way, "lead", "all items", "lead", found.n, found.value, found.low, found.high


def _numbers(way: WayReport) -> list[tuple[str, str, str, Share]]:
    found = [("score", name, "score", share) for name, share in way.scores.items()]
    for group, name, figures in (("all", "all items", way.whole), *((s.group, s.name, s.figures) for s in way.slices)):
        shares = (figures.score, figures.pairwise, figures.best_of_n, figures.tau_b)
        found += [(group, name, measure, share) for measure, share in zip(("score", *MEASURES), shares, strict=True)]
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _no_formula(text: str) -> str:
    """What a spreadsheet would take for a formula is quoted with an apostrophe."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
