"""Intervals for shares and for AUC. Pure functions, no database.

Leaves out exact and stratified intervals, which come with the audit.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its n and 95 % interval. With n = 0 there is nothing to say: value, low and high are None."""

    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Auc:
    """Area under the ROC curve with a 95 % interval."""

    n_positive: int
    n_negative: int
    value: float | None
    low: float | None
    high: float | None
