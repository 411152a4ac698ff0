"""`tare evaluate`: a run against gold and, where the dataset is one, as a benchmark. Leaves out the counting."""

from __future__ import annotations

from typing import Annotated

import typer

from services import datasets as dataset_store
from services import evaluation, workplace
from services.benchmarks.scores import BenchmarkReport, benchmark_of, evaluate_benchmark
from services.errors import Refused
from ui.commands.benchmark import print_benchmark
from ui.commands.terminal import notice, print_evaluation, print_json
from ui.commands.words import LAST_RUN, Benchmark, DatasetName, JsonFlag


def evaluate(
    dataset: DatasetName,
    run: Annotated[
        int | None, typer.Option("--run", min=1, max=LAST_RUN, help="A run's number; the latest by default.")
    ] = None,
    benchmark: Annotated[
        Benchmark | None, typer.Option("--as", help="Count as this benchmark; by default as the file's own format.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """How often the run's best candidate is the gold best, with n and 95 % intervals; a benchmark in its own terms."""
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    report = evaluation.evaluate(sessions, dataset_id, run)
    kind = benchmark_of(sessions, dataset_id, None if benchmark is None else benchmark.value)
    counted: BenchmarkReport | None = None
    try:
        counted = None if kind is None else evaluate_benchmark(sessions, dataset_id, kind, report.run)
    except Refused as problem:
        if benchmark is not None:
            raise
        notice(str(problem))  # nobody asked for it: the rest is still worth printing
    if as_json:
        print_json({**report.to_json(), "benchmark": None if counted is None else counted.to_json()})
        return
    print_evaluation(report)
    if counted is not None:
        print_benchmark(counted)
