"""The table of many people deciding at once: what it says is what was measured."""

from __future__ import annotations

from bench.people_table import HEADS, table, where

ROW = {
    "database": "sqlite", "n_processes": 4, "reading_s": 0.0, "n_decisions": 4224, "decisions_per_s": 141.6,
    "n_full": 1999, "n_items": 2000, "n_over": 1, "n_under": 2, "n_lost": 3, "n_doubled": 4, "n_slots_wrong": 5,
    "next_ms": {"p95": 105.4}, "decide_ms": {"p95": 80.0}, "next_and_decide_ms": {"p95": 177.3},
}  # fmt: skip


def test_a_line_says_what_went_wrong_and_how_long_people_waited() -> None:
    head, rule, line = table([ROW]).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|") == len(HEADS) + 1
    assert line == "| SQLite | 4 | no time at all | 4,224 | 142 | 1,999 of 2,000 | 15 | 105 | 80 | 177 |"


def test_a_measurement_on_a_busy_machine_says_so() -> None:
    machine = {"measured_on": "2026-01-02", "processor": "EPYC", "cores": 2, "load_before": 8.29}
    assert "2 cores; load before it began: 8.3" in where(machine)
