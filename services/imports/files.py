"""Import of a preference file: look at it first (`preview`), then take it in (`import_file`).

Several files of one kind, as benchmarks are published, become one dataset in the order given (`import_files`). All
stream: a row is in memory while it is read, 500 items while they are written. An import is invisible until it is
whole (`dataset.state` is "importing"); one that fails leaves nothing, one that is killed is swept up by the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.tables import Dataset, utc_now
from services.dataset_names import NameTaken, check_name, clean_file_name, require_free
from services.errors import Refused
from services.formats.drafts import ItemDraft
from services.formats.problems import UnreadableFile
from services.imports.counts import BadRowSeen, ImportCounts, Tally
from services.imports.decisions import DecisionsAside
from services.imports.reading import Outcome, Source, open_source, read_items
from services.item_store import batched, discard, discard_leftovers, importer_mark, insert_items

PROGRESS_EVERY_ROWS = 200


class SameFile(Refused):
    """The very same bytes were imported before."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import of the file would make."""

    format: str
    statement: str
    sample_items: tuple[ItemDraft, ...]
    counts: ImportCounts


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import made."""

    dataset_id: int
    format: str
    statement: str
    n_rows: int
    n_items: int
    n_bad: int
    bad_rows: tuple[BadRowSeen, ...]  # the first 200
    n_candidates: int
    n_gold: int
    n_decisions: int  # that came with the file, undone ones included
    warnings: dict[str, int]


def preview(path: Path | str, *, file_name: str | None = None, format: str | None = None, limit: int = 5) -> Preview:
    """Reads the whole file without writing anything; `file_name` is what the person calls an uploaded file.

    Raises:
        UnreadableFile, UnknownFormat: with one line that says why and what to do.
    """
    source = open_source(Path(path), file_name or Path(path).name, format)
    tally = Tally()
    sample: list[ItemDraft] = []
    for outcome in read_items(source):
        tally.add(outcome)
        if outcome.item is not None and len(sample) < limit:
            sample.append(outcome.item)
    counts = tally.finish()
    return Preview(
        source.shape.name,
        source.statement(counts.n_rows, (counts.candidates_min, counts.candidates_max)),
        tuple(sample),
        counts,
    )


def import_file(
    sessions: sessionmaker[Session],
    path: Path | str,
    *,
    name: str,
    file_name: str | None = None,
    format: str | None = None,
    allow_again: bool = False,
    on_progress: Callable[[int, float], None] | None = None,
) -> ImportReport:
    """Takes the file in as a new dataset. `on_progress(rows read, share of the file)` is called now and then.

    Raises:
        UnreadableFile, UnknownFormat: the file is of no use, or no row of it is.
        SameFile: it is in already, unless `allow_again`.
        BadName, NameTaken: the name will not do.
    """
    called = [clean_file_name(file_name or Path(path).name)]
    return _import(sessions, [Path(path)], called, name, format, allow_again, on_progress)


def import_files(
    sessions: sessionmaker[Session],
    paths: Sequence[Path | str],
    *,
    name: str,
    format: str | None = None,
    allow_again: bool = False,
    on_progress: Callable[[int, float], None] | None = None,
) -> ImportReport:
    """Takes files of one format in as one new dataset, in their order; as `import_file` otherwise.

    Raises:
        Refused: they are of different formats.
    """
    found = [Path(path) for path in paths]
    called = [clean_file_name(path.name) for path in found]
    return _import(sessions, found, called, name, format, allow_again, on_progress)


def _import(
    sessions: sessionmaker[Session],
    paths: Sequence[Path],
    called: Sequence[str],
    name: str,
    format: str | None,
    allow_again: bool,
    on_progress: Callable[[int, float], None] | None,
) -> ImportReport:
    name = check_name(name)
    sources = [open_source(path, one, format) for path, one in zip(paths, called, strict=True)]
    source = sources[0]
    _require_one_shape(sources)
    sha256 = _sha256(paths)
    discard_leftovers(sessions)
    file_name = called[0] if len(called) == 1 else clean_file_name(f"{called[0]} and {len(called) - 1} more")
    with DecisionsAside() as aside, _new_dataset(sessions, name, file_name, sha256, allow_again) as dataset_id:
        counts = _import_rows(sessions, dataset_id, sources, aside, on_progress)
        if not counts.n_items:
            first = counts.bad_rows[0]
            raise UnreadableFile(f"no row of {counts.n_rows} can be used; line {first.line}: {first.reason}")
        statement = source.statement(counts.n_rows, (counts.candidates_min, counts.candidates_max))
        statement = statement if len(sources) == 1 else f"{len(sources)} files; {statement}"
        _make_ready(sessions, dataset_id, source.shape.name, statement, counts, aside)
    return ImportReport(
        dataset_id=dataset_id,
        format=source.shape.name,
        statement=statement,
        n_rows=counts.n_rows,
        n_items=counts.n_items,
        n_bad=counts.n_bad,
        bad_rows=counts.bad_rows,
        n_candidates=counts.n_candidates,
        n_gold=counts.n_gold,
        n_decisions=len(aside),
        warnings=counts.warnings,
    )


def _require_one_shape(sources: Sequence[Source]) -> None:
    other = next((source for source in sources if source.shape.name != sources[0].shape.name), None)
    if other is not None:
        raise Refused(
            f"{sources[0].name!r} is {sources[0].shape.title} and {other.name!r} is {other.shape.title}; "
            "files of one dataset have one format: import them apart, or name the format"
        )


@contextmanager
def _new_dataset(
    sessions: sessionmaker[Session], name: str, file_name: str, sha256: str, allow_again: bool
) -> Iterator[int]:
    """A dataset that nobody sees yet, and that goes when the block raises."""
    try:
        with sessions.begin() as session:
            if not allow_again:
                _require_new(session, sha256)
            require_free(session, name)
            dataset = Dataset(
                name=name, file_name=file_name, sha256=sha256, state="importing", statement=importer_mark()
            )
            session.add(dataset)
            session.flush()
            dataset_id = dataset.dataset_id
    except IntegrityError:  # PostgreSQL: somebody took the name in this very moment
        raise NameTaken(f"there is already a dataset named {name!r}; choose another name") from None
    try:
        yield dataset_id
    except BaseException:  # Ctrl-C included: half a dataset must not stay
        discard(sessions, dataset_id)
        raise


def _require_new(session: Session, sha256: str) -> None:
    query = select(Dataset).where(Dataset.sha256 == sha256, Dataset.state == "ready").order_by(Dataset.dataset_id)
    earlier = session.scalars(query).first()
    if earlier is not None:
        raise SameFile(
            f"this file is in already: dataset {earlier.name!r}, imported {earlier.created_at:%Y-%m-%d %H:%M} UTC; "
            "use that one, or import it again on purpose"
        )


def _import_rows(
    sessions: sessionmaker[Session],
    dataset_id: int,
    sources: Sequence[Source],
    aside: DecisionsAside,
    on_progress: Callable[[int, float], None] | None,
) -> ImportCounts:
    tally = Tally()

    def items() -> Iterator[ItemDraft]:
        for outcome in _outcomes(sources):
            tally.add(outcome)
            if on_progress and (tally.n_rows % PROGRESS_EVERY_ROWS == 0 or outcome.share >= 1):
                on_progress(tally.n_rows, outcome.share)
            if outcome.item is not None:
                yield outcome.item

    position = 0
    for batch in batched(items()):
        with sessions.begin() as session:  # short: other writers get their turn between batches
            insert_items(session, dataset_id, batch, first_position=position)
        aside.keep(batch, first_position=position)
        position += len(batch)
    return tally.finish()


def _outcomes(sources: Sequence[Source]) -> Iterator[Outcome]:
    """Every row of every file; of several, a bad row says which file it is in, and the share is that of all."""
    n = len(sources)
    for place, source in enumerate(sources):
        for outcome in read_items(source):
            if n == 1:
                yield outcome
                continue
            reason = f"{source.name}: {outcome.reason}" if outcome.reason else ""
            yield replace(outcome, share=(place + outcome.share) / n, reason=reason)


def _make_ready(
    sessions: sessionmaker[Session],
    dataset_id: int,
    format: str,
    statement: str,
    counts: ImportCounts,
    aside: DecisionsAside,
) -> None:
    person_ids = aside.ensure_people(sessions)
    with sessions.begin() as session:
        aside.append_all(session, dataset_id, person_ids)
        dataset = session.get_one(Dataset, dataset_id)
        dataset.format, dataset.statement = format, statement
        dataset.n_items, dataset.n_candidates, dataset.n_gold = counts.n_items, counts.n_candidates, counts.n_gold
        dataset.created_at, dataset.state = utc_now(), "ready"


def _sha256(paths: Sequence[Path]) -> str:
    """Of the file's bytes; of several files, of their digests in order."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
