"""The certificate on the Audit screen: make one, download it as a page or as JSON, and those given out before."""

from __future__ import annotations

from services.datasets import DatasetRow
from services.run_rows import RunRow


def certificate_panel(dataset: DatasetRow, run: RunRow | None) -> None:
    """The last step of the audit. Widget keys begin with audit_certificate_."""
    raise NotImplementedError
