"""One audit from end to end on a database: what must hold always does, and most of what is claimed is true."""

from __future__ import annotations

from bench.audit_end_to_end import ALWAYS, PROMISE, simulate, tally


def test_one_audit_counts_its_sample_alone_and_is_drawn_again_the_same() -> None:
    rows = {row["claim"]: row for row in tally(simulate(0, 1, 0.2))}
    always = [row["held"] for name, row in rows.items() if name.startswith(ALWAYS)]
    assert len(always) == 6
    assert set(always) == {1.0}
    assert PROMISE in rows
    exact = [row for name, row in rows.items() if name.startswith("accuracy, exact")]
    assert len(exact) == 5
    assert sum(row["held"] for row in exact) >= 4
