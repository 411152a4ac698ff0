"""The plans of a dataset: what there is, how far each is, making one, drawing more, closing, and the way to Review.

Leaves out what a plan proves (the Audit page) and handing out (services/looks).
"""

from __future__ import annotations

from services.datasets import DatasetRow
from services.run_rows import RunRow


def plans_panel(dataset: DatasetRow, run: RunRow | None) -> None:
    """The open plans under the run, and a form for a new one."""
    raise NotImplementedError
