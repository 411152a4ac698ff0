"""Import into the database: what is stored, what is refused, what a failure leaves behind, what memory it takes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db.session import Sessions
from db.tables import Candidate, Dataset, Item, utc_now
from services import datasets
from services.dataset_names import BadName, NameTaken
from services.formats.problems import UnreadableFile
from services.imports.files import ImportReport, SameFile, import_file, preview

WriteRows = Callable[..., Path]


@pytest.fixture
def write_rows(tmp_path: Path) -> WriteRows:
    """A JSONL file of n best-of-3 rows."""

    def write(n: int, name: str = "rows.jsonl", length: int = 10, bad_every: int = 0) -> Path:
        with (tmp_path / name).open("w") as file:
            for k in range(n):
                is_bad = bool(bad_every) and k % bad_every == bad_every - 1
                responses = [f"{k} {letter} {'x' * length}" for letter in "abc"]
                file.write(json.dumps({"prompt": "" if is_bad else f"prompt {k}", "responses": responses}) + "\n")
        return tmp_path / name

    return write


def count(sessions: Sessions, table: type[Any]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_rows_become_items_with_candidates_in_file_order(fresh_db: Sessions, write_rows: WriteRows) -> None:
    report = import_file(fresh_db, write_rows(1_203, bad_every=100), name="  three ")
    assert (report.n_rows, report.n_items, report.n_bad, report.n_candidates) == (1_203, 1_191, 12, 3_573)
    assert [bad.line for bad in report.bad_rows] == list(range(100, 1_201, 100))
    with fresh_db() as session:
        items = session.scalars(select(Item).order_by(Item.position)).all()
        texts = session.execute(select(Candidate.item_id, Candidate.position, Candidate.text)).all()
    assert [item.position for item in items] == list(range(1_191))
    assert [items[98].source_line, items[99].source_line] == [99, 101]  # line 100 is bad
    by_place = {(row.item_id, row.position): row.text for row in texts}
    for item in items:
        number = item.messages[0]["content"].removeprefix("prompt ")
        assert [by_place[item.item_id, n].split()[:2] for n in range(3)] == [[number, x] for x in "abc"]
    row = datasets.get(fresh_db, report.dataset_id)
    assert (row.name, row.file_name, row.format, row.n_items, row.n_candidates) == (
        "three", "rows.jsonl", "best-of-n", 1_191, 3_573,
    )  # fmt: skip
    assert row.statement == report.statement == "Best of N: JSONL of 1,203 rows, each a prompt with 3 responses"


def test_everything_else_in_a_row_is_kept_as_metadata(fresh_db: Sessions, tmp_path: Path) -> None:
    rest = {"id": 7, "tags": ["x", None], "nested": {"é": "\U0001f375"}, "flag": True}
    row = {"input": "p", "output_1": "a", "output_2": "b\0", "label": 1, "domain": "chat", "subset": "s", **rest}
    (tmp_path / "a.json").write_text(json.dumps([row]))
    import_file(fresh_db, tmp_path / "a.json", name="a")
    with fresh_db() as session:
        item = session.scalars(select(Item)).one()
        candidates = session.scalars(select(Candidate).order_by(Candidate.position)).all()
    assert (item.meta, item.domain, item.subset) == (rest, "chat", "s")
    assert [(c.text, c.gold_rank) for c in candidates] == [("a", 1.0), ("b\ufffd", 2.0)]


def test_the_same_file_is_noticed_and_can_be_imported_on_purpose(fresh_db: Sessions, write_rows: WriteRows) -> None:
    path = write_rows(3)
    first = import_file(fresh_db, path, name="first")
    copy = path.with_name("copy.jsonl")
    copy.write_bytes(path.read_bytes())
    day = datasets.get(fresh_db, first.dataset_id).created_at.strftime("%Y-%m-%d")
    with pytest.raises(SameFile, match=f"dataset 'first', imported {day} .* UTC; use that one, or import it again"):
        import_file(fresh_db, copy, name="second")
    again = import_file(fresh_db, copy, name="second", allow_again=True)
    assert [row.name for row in datasets.list_datasets(fresh_db)] == ["second", "first"]
    assert again.dataset_id != first.dataset_id


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("  ", "has no name; give one of 1 to 100 characters"),
        ("x" * 101, "has 101 characters; give one of 1 to 100"),
        ("a\nb", r"invisible character U\+000A"),
        ("a\u202eb", r"invisible character U\+202E"),
    ],
)
def test_a_name_that_will_not_do_is_refused(fresh_db: Sessions, write_rows: WriteRows, name: str, said: str) -> None:
    with pytest.raises(BadName, match=said):
        import_file(fresh_db, write_rows(3), name=name)
    assert count(fresh_db, Dataset) == 0


def test_a_name_that_is_taken_is_refused(fresh_db: Sessions, write_rows: WriteRows) -> None:
    import_file(fresh_db, write_rows(3), name="tea \U0001f375")
    with pytest.raises(NameTaken, match="there is already a dataset named 'tea \U0001f375'; choose another name"):
        import_file(fresh_db, write_rows(4, "other.jsonl"), name="tea \U0001f375")


def test_progress_goes_up_to_the_end(fresh_db: Sessions, write_rows: WriteRows) -> None:
    seen: list[tuple[int, float]] = []
    import_file(fresh_db, write_rows(1_000), name="a", on_progress=lambda rows, share: seen.append((rows, share)))
    assert [rows for rows, _ in seen] == [200, 400, 600, 800, 1_000]
    assert seen == sorted(seen)
    assert seen[-1] == (1_000, 1.0)


def test_a_failed_import_leaves_nothing(fresh_db: Sessions, tmp_path: Path) -> None:
    row = json.dumps({"prompt": "p", "responses": ["a", "b"]})
    (tmp_path / "cut.json").write_text(f"[{', '.join([row] * 700)}, {row[:20]}")
    with pytest.raises(UnreadableFile, match="the file breaks off in row 701"):
        import_file(fresh_db, tmp_path / "cut.json", name="cut")
    (tmp_path / "bad.jsonl").write_text('{"prompt": "", "responses": ["a", "b"]}\n')
    with pytest.raises(UnreadableFile, match="no row of 1 can be used; line 1: the prompt is empty"):
        import_file(fresh_db, tmp_path / "bad.jsonl", name="bad")
    assert [count(fresh_db, table) for table in (Dataset, Item, Candidate)] == [0, 0, 0]


def test_an_import_that_is_going_on_is_not_seen_and_not_swept_up(fresh_db: Sessions, write_rows: WriteRows) -> None:
    seen: list[Any] = []

    def look(_rows: int, _share: float) -> None:
        if not seen:
            seen.append(datasets.list_datasets(fresh_db))
            import_file(fresh_db, write_rows(3, "other.jsonl"), name="other")  # sweeps before it begins
            with pytest.raises(NameTaken, match="somebody is importing a dataset named 'slow'"):
                import_file(fresh_db, write_rows(4, "third.jsonl"), name="slow")

    report = import_file(fresh_db, write_rows(1_200), name="slow", on_progress=look)
    assert seen == [()]
    assert report.n_items == 1_200
    assert [row.name for row in datasets.list_datasets(fresh_db)] == ["other", "slow"]


def test_what_a_killed_import_left_is_removed_by_the_next(
    fresh_db: Sessions, fresh_url: str, write_rows: WriteRows
) -> None:
    path = write_rows(2_000)
    program = (
        "import os, signal; from db.session import make_sessionmaker; from services.imports.files import import_file\n"
        "def die(rows, share):\n    if rows > 1_000: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"import_file(make_sessionmaker({fresh_url!r}), {str(path)!r}, name='killed', on_progress=die)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    assert count(fresh_db, Dataset) == 1
    assert count(fresh_db, Item) == 1_000
    assert datasets.list_datasets(fresh_db) == ()
    import_file(fresh_db, path, name="killed")  # the very same file and name
    assert [row.n_items for row in datasets.list_datasets(fresh_db)] == [2_000]
    assert count(fresh_db, Item) == 2_000


@pytest.mark.parametrize(
    ("mark", "age_days", "is_removed"), [("elsewhere 1 ab", 0, False), ("elsewhere 1 ab", 2, True)]
)
def test_an_import_of_another_machine_is_given_a_day(
    fresh_db: Sessions, write_rows: WriteRows, mark: str, age_days: int, is_removed: bool
) -> None:
    with fresh_db.begin() as session:
        session.add(Dataset(name="theirs", state="importing", statement=mark))
        session.flush()
        session.execute(update(Dataset).values(created_at=utc_now() - timedelta(days=age_days)))
    import_file(fresh_db, write_rows(3), name="ours")
    assert (count(fresh_db, Dataset) == 1) is is_removed


def test_an_uploaded_file_keeps_the_name_its_owner_gave_it(fresh_db: Sessions, write_rows: WriteRows) -> None:
    report = import_file(fresh_db, write_rows(3), name="a", file_name="my\u202e rows.jsonl")
    assert datasets.get(fresh_db, report.dataset_id).file_name == "my rows.jsonl"


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet"])
def test_reading_takes_memory_for_some_rows_not_for_all(write_rows: WriteRows, kind: str) -> None:
    small = _converted(write_rows(1_000, "small.jsonl", length=700), kind)
    large = _converted(write_rows(5_000, "large.jsonl", length=700), kind)
    preview(small)  # what is imported and cached once is not the file's
    peaks = [_peak_bytes(lambda path=path: preview(path)) for path in (small, large)]
    assert large.stat().st_size > 4 * small.stat().st_size
    assert peaks[1] < 1.3 * peaks[0] + 100_000


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_importing_50_000_rows_takes_the_memory_of_5_000(fresh_url: str, write_rows: WriteRows) -> None:
    """The whole process, as the system counts it: a process of its own for each, since a peak never goes down."""
    program = (
        "import resource, sys; from db.session import make_sessionmaker\n"
        "from services.imports.files import import_file\n"
        f"import_file(make_sessionmaker({fresh_url!r}), sys.argv[1], name=sys.argv[1][-40:])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    paths = write_rows(5_000, "small.jsonl", length=300), write_rows(50_000, "large.jsonl", length=300)
    peaks = [
        int(subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True).stdout)
        for path in paths
    ]
    assert paths[1].stat().st_size > 45_000_000
    assert peaks[1] < 1.1 * peaks[0]


def _peak_bytes(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _converted(path: Path, kind: str) -> Path:
    """The rows of a JSONL file in another container."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    target = path.with_suffix(f".{kind}")
    if kind == "json":
        target.write_text(json.dumps(rows, indent=1))
    elif kind == "csv":
        lines = [f"{row['prompt']},{','.join(row['responses'])}" for row in rows]
        target.write_text("\n".join(["prompt,response_1,response_2,response_3", *lines]))
    elif kind == "parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), target, row_group_size=1_000, compression="none")
    return target


REAL_FILES = {
    "llmbar_natural.json": ("llmbar", 100, 200, 100),
    "llmbar_neighbor.json": ("llmbar", 134, 268, 134),
    "llmbar_gptinst.json": ("llmbar", 92, 184, 92),
    "llmbar_gptout.json": ("llmbar", 47, 94, 47),
    "hh_rlhf_harmless_sample.jsonl": ("hh", 200, 400, 200),
    "alpaca_eval_best_of_8.jsonl": ("best-of-n", 100, 800, 0),
}


@pytest.mark.parametrize("file_name", REAL_FILES)
def test_real_files_come_in_whole(fresh_db: Sessions, shared_data: Path, file_name: str) -> None:
    format, n_items, n_candidates, n_gold = REAL_FILES[file_name]
    report: ImportReport = import_file(fresh_db, shared_data / file_name, name=file_name)
    assert report.bad_rows == ()
    assert (report.format, report.n_rows, report.n_items, report.n_candidates, report.n_gold) == (
        format, n_items, n_items, n_candidates, n_gold,
    )  # fmt: skip


def test_real_subsets_are_counted(shared_data: Path) -> None:
    counts = preview(shared_data / "alpaca_eval_best_of_8.jsonl").counts
    assert counts.subsets == {"selfinstruct": 35, "oasst": 23, "koala": 20, "helpful_base": 14, "vicuna": 8}
