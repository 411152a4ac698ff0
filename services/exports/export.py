"""Export of a dataset as JSONL: training pairs for TRL, or everything that is known (lossless).

    trl-conversational   {"prompt": [messages], "chosen": [one message], "rejected": [one message], "margin": nats}
    trl-standard         the same as texts (export_rows.standard_row says how a conversation becomes one)
    jsonl                one row an item: candidates, rewards, suggestion, every decision, the runs' configuration

A pair's chosen side is the label's best; its rejected side the worst of a ranking, the suggestion that was turned down,
or else the response that the run ranks last. Every pair says where its label comes from (`label_source`). Rows are
written as they are read: memory does not grow with the dataset.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session, sessionmaker

from db.queries_exports import run_with_parts
from db.queries_reviews import latest_run_id
from db.tables import Dataset, Run
from services.errors import NotFound, Refused, ServiceError
from services.exports.items import ExportItem, PairLabel, read_items, resolve
from services.exports.rows import Row, conversational_row, lossless_row, run_row, standard_row
from services.labels import ADJUDICATION, AUTO, HUMAN, UNDECIDED

FORMATS = ("trl-conversational", "trl-standard", "jsonl")
ONLY = ("decided", "all")
PAIR_ROW: dict[str, Callable[[ExportItem, PairLabel], Row]] = {
    "trl-conversational": conversational_row,
    "trl-standard": standard_row,
}


class CannotWrite(ServiceError):
    """The file cannot be written where it should go."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What went out, what was left out and why."""

    format: str
    run_id: int | None  # the run whose rewards and rankings were used
    n_rows: int
    n_human: int  # rows labelled by people
    n_adjudication: int  # rows labelled by an adjudicator
    n_auto: int  # rows whose suggestion was accepted unlooked, under a bound
    n_suggestion: int  # rows labelled by the run's suggestion (only="all")
    n_out_of_world: int  # of those, suggestions on text that the pair finds unlikely
    n_within_noise: int  # of those, suggestions whose margin is numeric noise
    n_disagreeing: int  # items, written or not, that annotators resolved differently
    left_out: dict[str, int]  # reason -> items


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """The first rows of an export that was not written, and the counts of the whole."""

    rows: tuple[Row, ...]
    report: ExportReport


def export(
    sessions: sessionmaker[Session],
    dataset_id: int,
    *,
    format: str,
    out: Path | str | BinaryIO,
    only: str = "decided",
    run_id: int | None = None,
    has_certificate: bool = True,
) -> ExportReport:
    """Writes the dataset. A path gets the whole file or none: it is written beside and then put in place
    (of a link's target; what is no file, a pipe or a device, is written to as it is).

    Args:
        format: one of FORMATS.
        only: "decided" items, or "all": then undecided items that the run ranked go out with its suggestion as label,
            and every TRL row says whether the text was outside the pair's world (`is_out_of_world`) and whether the
            margin was numeric noise (`is_within_noise`).
        run_id: whose rewards, margins and rankings; the latest finished run by default.
        has_certificate: every row names the certificate of what is exported, the first one holds it (certified.py).

    Raises:
        NotFound: no such dataset, or no such run of it.
        Refused: an unknown format or `only`.
        CannotWrite: no folder, no permission, no space.
        Underivable: the certificate cannot be made, because somebody changed rows behind the desk's back.
    """
    tally = _Tally()
    with _destination(out) as file:
        for row in _all_rows(sessions, dataset_id, format, only, run_id, tally, has_certificate=has_certificate):
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return tally.report(format)


def preview_export(
    sessions: sessionmaker[Session],
    dataset_id: int,
    *,
    format: str,
    only: str = "decided",
    run_id: int | None = None,
    limit: int = 3,
) -> ExportPreview:
    """What `export` would write: its first rows and its report. Raises NotFound or Refused."""
    tally = _Tally()
    rows = [row for n, row in enumerate(_rows(sessions, dataset_id, format, only, run_id, tally)) if n < limit]
    return ExportPreview(tuple(rows), tally.report(format))


class _Tally:
    """Counts while rows are made."""

    def __init__(self) -> None:
        self.run_id: int | None = None
        self.sources: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.n_rows = self.n_disagreeing = self.n_out_of_world = self.n_within_noise = 0

    def add(self, found: ExportItem, source: str | None) -> None:
        self.n_rows += 1
        self.sources[source or ""] += 1
        self.n_out_of_world += source == "suggestion" and _is_out_of_world(found)
        self.n_within_noise += source == "suggestion" and found.is_within_noise()

    def report(self, format: str) -> ExportReport:
        return ExportReport(
            format=format,
            run_id=self.run_id,
            n_rows=self.n_rows,
            n_human=self.sources[HUMAN],
            n_adjudication=self.sources[ADJUDICATION],
            n_auto=self.sources[AUTO],
            n_suggestion=self.sources["suggestion"],
            n_out_of_world=self.n_out_of_world,
            n_within_noise=self.n_within_noise,
            n_disagreeing=self.n_disagreeing,
            left_out=dict(self.left_out.most_common()),
        )


def _all_rows(
    sessions: sessionmaker[Session],
    dataset_id: int,
    format: str,
    only: str,
    run_id: int | None,
    tally: _Tally,
    *,
    has_certificate: bool,
) -> Iterator[Row]:
    _require_one_of("format", format, FORMATS)
    _require_one_of("only", only, ONLY)
    if not has_certificate:
        return _rows(sessions, dataset_id, format, only, run_id, tally)
    from services.exports.certified import certified_view, with_certificate  # the audit takes a moment to import

    with sessions() as session:
        run_id = _choose_run(session, dataset_id, run_id)
    earlier, certificate = certified_view(sessions, dataset_id, run_id)
    return with_certificate(_rows(earlier, dataset_id, format, only, run_id, tally), certificate)


def _rows(
    sessions: sessionmaker[Session], dataset_id: int, format: str, only: str, run_id: int | None, tally: _Tally
) -> Iterator[Row]:
    _require_one_of("format", format, FORMATS)
    _require_one_of("only", only, ONLY)
    with sessions() as session:
        _freeze(session)
        dataset = session.get(Dataset, dataset_id)
        if dataset is None or dataset.state != "ready":
            raise NotFound(f"there is no dataset {dataset_id}; it may have been deleted")
        tally.run_id = _choose_run(session, dataset_id, run_id)
        make_rows = _lossless_rows if format == "jsonl" else _pair_rows
        yield from make_rows(session, dataset, format, only == "all", tally)


def _pair_rows(
    session: Session, dataset: Dataset, format: str, takes_suggestions: bool, tally: _Tally
) -> Iterator[Row]:
    for found in read_items(session, dataset.dataset_id, tally.run_id):
        tally.n_disagreeing += found.has_disagreement()
        label = resolve(found, takes_suggestions=takes_suggestions)
        if isinstance(label, str):
            tally.left_out[label] += 1
            continue
        row = PAIR_ROW[format](found, label) | {"label_source": label.source}
        if takes_suggestions:
            row |= {
                "is_out_of_world": _is_out_of_world(found),
                "is_within_noise": found.is_within_noise(),
            }
        tally.add(found, label.source)
        yield row


def _lossless_rows(session: Session, dataset: Dataset, _format: str, takes_all: bool, tally: _Tally) -> Iterator[Row]:
    @cache
    def described(run_id: int) -> Row:
        parts = run_with_parts(session, run_id)
        if parts is None:
            raise NotFound(f"there is no run {run_id}; it may have been deleted")
        return run_row(*parts)

    for found in read_items(session, dataset.dataset_id, tally.run_id):
        tally.n_disagreeing += found.has_disagreement()
        if not takes_all and found.label.state == UNDECIDED:
            tally.left_out[UNDECIDED] += 1
            continue
        named = {tally.run_id, *(decision.run_id for decision, _ in found.decisions)} - {None}
        runs = [described(run_id) for run_id in sorted(run_id for run_id in named if run_id is not None)]
        row = lossless_row(found, dataset=dataset.name, run_id=tally.run_id, runs=runs)
        tally.add(found, row["label"]["source"])
        yield row


def _is_out_of_world(found: ExportItem) -> bool:
    return found.suggestion is not None and found.suggestion.is_out_of_world


def _freeze(session: Session) -> None:
    """One moment for the whole export. SQLite's reading transaction is that already."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _choose_run(session: Session, dataset_id: int, run_id: int | None) -> int | None:
    if run_id is None:
        return latest_run_id(session, dataset_id)
    run = session.get(Run, run_id)
    if run is None or run.dataset_id != dataset_id:
        raise NotFound(f"run {run_id} is no run of this dataset; see `tare runs DATASET`")
    return run_id


def _require_one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise Refused(f"{what} is {value!r}; it must be one of {', '.join(allowed)}")


@contextmanager
def _destination(out: Path | str | BinaryIO) -> Iterator[BinaryIO]:
    """The stream as it is; for a path, a file beside it that takes its place when all is written."""
    if not isinstance(out, (Path, str)):
        yield out
        return
    path = Path(out)
    try:
        if path.is_dir():
            raise CannotWrite(f"{str(path)!r} is a folder; name a file in it")
        if path.exists() and not path.is_file():  # /dev/null, a pipe: written to, never replaced by a file
            with path.open("wb") as file:
                yield file
            return
        with _whole_or_nothing(Path(os.path.realpath(path))) as file:
            yield file
    except OSError as error:
        raise CannotWrite(f"{str(path)!r} cannot be written: {error.strerror or error}; choose another place") from None


@contextmanager
def _whole_or_nothing(path: Path) -> Iterator[BinaryIO]:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        try:
            yield file
            file.flush()
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
