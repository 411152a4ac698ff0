"""How time and memory grow: N items through one model, chunk after chunk as a run weighs them.

    python -m bench.workers.growth_worker N REPEATS      prints one JSON object

Requests are made before the clock starts and before memory is taken as resident: they are the caller's.
"""

import json
import sys
import time
from collections.abc import Sequence

from bench.cases import Item, make_case
from bench.flops import count_work
from bench.workers.pipe import MODELS, counting, peak_bytes, reset_peak, settled_bytes
from bench.workers.tare_worker import forget, requests_of
from scoring.models import LoadedModel, load_model
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest
from services.weighing.order import chunk_bounds

WARM_ITEMS = 8


def chunks_of(items: Sequence[Item]) -> list[list[LogprobRequest]]:
    """The requests of each chunk of a run."""
    return [requests_of(items[first : last + 1]) for first, last in chunk_bounds(len(items) - 1)]


def weigh(model: LoadedModel, chunks: Sequence[Sequence[LogprobRequest]]) -> tuple[float, int]:
    """The sum of all log-probs, and the tokens the engine says it computed; results are let go as they come."""
    forget(model.engine)
    total, tokens = 0.0, 0
    for requests in chunks:
        for pack in model.engine.weigh(requests):
            total += sum(result.total for result in pack.results.values())
            tokens += pack.computed_tokens
    return total, tokens


def main() -> None:
    """Weigh N items some times over; the first time is also watched for memory and real forwards."""
    n, repeats = int(sys.argv[1]), int(sys.argv[2])
    case = make_case(f"growth_{n}")
    model = load_model(ModelSpec(str(MODELS / case.models / "strong")), device="cpu", dtype="float32")
    chunks = chunks_of(case.items)
    weigh(model, chunks_of(case.items[:WARM_ITEMS]))
    resident = settled_bytes()
    seconds = []
    for _ in range(repeats):
        reset_peak()
        start = time.perf_counter()
        _total, told = weigh(model, chunks)
        seconds.append(time.perf_counter() - start)
    peak = peak_bytes() - resident
    with counting() as count:
        weigh(model, chunks[:3])
    work = count_work(case.items)
    json.dump(
        {
            "items": n,
            "responses": sum(len(item.responses) for item in case.items),
            "distinct_tokens": work.distinct_tokens,
            "logical_tokens": work.logical_tokens,
            "computed_tokens": told,
            "engine": model.engine.name,
            "parameters": model.memory_bytes // 4,
            "seconds": seconds,
            "peak_bytes": peak,
            "forwards_of_first_chunks": count.forwards,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
