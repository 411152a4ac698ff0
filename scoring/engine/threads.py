"""How many CPU threads one forward takes: one for a small model, torch's own number for the others.

A matrix of a few hundred rows is done before a second thread has woken up, and when the machine is busy each of the
forward's many barriers waits for a thread that is not running: on 2 busy cores a first demo pair weighed 16 to 33
responses a second with two threads and 190 with one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

SMALL_PARAMETERS = 20_000_000


@contextmanager
def fitting_threads(model: Any) -> Iterator[None]:
    """Within it, forwards of this model use as many threads as pay; then torch's setting is as before."""
    usual = torch.get_num_threads()
    is_small = model.device.type == "cpu" and sum(each.numel() for each in model.parameters()) < SMALL_PARAMETERS
    try:
        if is_small:
            torch.set_num_threads(1)
        yield
    finally:
        if is_small:
            torch.set_num_threads(usual)
