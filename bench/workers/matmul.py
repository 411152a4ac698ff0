"""What this machine multiplies: float32 FLOP/s of the models' own matrix shapes, and of large square ones.

Measured with both libraries torch has for it on a CPU: the one `linear` takes (MKL, where it is built in) and oneDNN.
On AMD processors oneDNN is twice as fast. The better of both is the machine's rate: a ceiling, not what anyone uses.
Prints one JSON object.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable

import torch

from bench.tools import THREADS

ROWS = (512, 2048)
SQUARE = 2048
REPEATS = 7
Multiply = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def with_onednn(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x @ weight.T by oneDNN."""
    found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    return found


def kernels() -> dict[str, Multiply]:
    """By name, those that are in this torch."""
    found: dict[str, Multiply] = {"linear": torch.nn.functional.linear}
    if torch.backends.mkldnn.is_available():
        found["oneDNN"] = with_onednn
    return found


def rate(multiply: Multiply, rows: int, inner: int, columns: int) -> float:
    """FLOP/s of (rows, inner) x (inner, columns), the median of some."""
    x, weight = torch.randn(rows, inner), torch.randn(columns, inner)
    multiply(x, weight)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        multiply(x, weight)
        seconds.append(time.perf_counter() - start)
    return 2.0 * rows * inner * columns / statistics.median(seconds)


def main() -> None:
    """Measure with the shapes of a hidden 512 / intermediate 1408 / vocabulary 32,000 Llama."""
    torch.set_num_threads(THREADS)
    shapes = {
        "q, o": (512, 512), "k, v": (512, 256), "gate, up": (512, 1408), "down": (1408, 512), "head": (512, 32000),
    }  # fmt: skip
    with torch.inference_mode():
        square = {
            name: max(rate(multiply, SQUARE, SQUARE, SQUARE) for _ in range(3)) for name, multiply in kernels().items()
        }
        own = {
            name: max(rate(multiply, rows, *shape) for rows in ROWS for multiply in kernels().values())
            for name, shape in shapes.items()
        }
    found = {"threads": THREADS, "square": max(square.values()), "square_by_kernel": square, "own": own}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
