"""How many CPU threads one forward takes: one for a small model, torch's own number for others, half for each of two.

A matrix of a few hundred rows is done before a second thread has woken up, and when the machine is busy each of the
forward's many barriers waits for a thread that is not running: on 2 busy cores a first demo pair weighed 16 to 33
responses a second with two threads and 190 with one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from scoring.engine.turns import together_now

SMALL_PARAMETERS = 20_000_000


@contextmanager
def fitting_threads(model: Any) -> Iterator[None]:
    """Within it, forwards of this model use as many threads as pay; then torch's setting is as before."""
    usual, n_sharing = _usual_threads()
    is_small = model.device.type == "cpu" and sum(each.numel() for each in model.parameters()) < SMALL_PARAMETERS
    fitting = 1 if is_small else max(1, usual // n_sharing)
    try:
        if fitting != usual:
            torch.set_num_threads(fitting)
        yield
    finally:
        if fitting != usual:
            torch.set_num_threads(usual)


def _usual_threads() -> tuple[int, int]:
    """Torch's setting, and how many forwards share the cores. The second of two would see what the first has set."""
    together = together_now()
    if together is None:
        return torch.get_num_threads(), 1
    with together.lock:
        if together.usual_threads is None:
            together.usual_threads = torch.get_num_threads()
        return together.usual_threads, together.n
