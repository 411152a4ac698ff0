"""What this machine multiplies: float32 FLOP/s of the models' own matrix shapes, and of large square ones.

Prints one JSON object. Each rate is the best of several medians: a ceiling, not an average.
"""

import json
import statistics
import sys
import time

import torch

from bench.tools import THREADS

ROWS = (512, 2048)
SQUARE = 2048
REPEATS = 9


def rate(rows: int, inner: int, columns: int) -> float:
    """FLOP/s of (rows, inner) x (inner, columns), as a linear layer does it."""
    x, weight = torch.randn(rows, inner), torch.randn(columns, inner)
    torch.nn.functional.linear(x, weight)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        torch.nn.functional.linear(x, weight)
        seconds.append(time.perf_counter() - start)
    return 2.0 * rows * inner * columns / statistics.median(seconds)


def main() -> None:
    """Measure with the shapes of a hidden 512 / intermediate 1408 / vocabulary 32,000 Llama."""
    torch.set_num_threads(THREADS)
    shapes = {
        "q, o": (512, 512), "k, v": (512, 256), "gate, up": (512, 1408), "down": (1408, 512), "head": (512, 32000),
    }  # fmt: skip
    with torch.inference_mode():
        rate(SQUARE, SQUARE, SQUARE)  # warm
        own = {name: max(rate(rows, *shape) for rows in ROWS) for name, shape in shapes.items()}
        square = max(rate(SQUARE, SQUARE, SQUARE) for _ in range(3))
    json.dump({"threads": THREADS, "square": square, "own": own}, sys.stdout)


if __name__ == "__main__":
    main()
