"""The audit's numbers as words."""

from __future__ import annotations

from dataclasses import replace

from services.audit.rows import Accuracy
from services.statistics.exact import Bound, finite_interval
from ui.audit.words import enough_line


def accuracy_of(bound: Bound, **more: int) -> Accuracy:
    """Twenty looks at sixty suggestions, nine of them agreed with."""
    counts = {"n_counted": 20, "n_agree": 9, "n_unresolved": bound.n_unresolved} | more
    return Accuracy(
        plan_id=1, run_id=1, level=0.95, bound=bound, exact=bound, prediction_powered=None, blind=bound, by_stratum=(),
        by_domain=(), n_suggestions=60, n_census=0, n_otherwise=0, n_beyond=0, up_to=45, **counts,
    )  # fmt: skip


def test_a_wide_interval_is_never_called_narrow_because_its_looks_settled_nothing() -> None:
    wide = accuracy_of(finite_interval(9, 9, 60, unresolved=11))
    assert wide.bound.width > 0.7
    assert "11 looks settled nothing yet" in enough_line(wide, width=0.2)
    narrow = replace(wide, bound=finite_interval(59, 59, 60), n_unresolved=0)
    assert enough_line(narrow, width=0.2) == "The interval is that narrow already."
