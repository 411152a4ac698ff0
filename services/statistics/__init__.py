"""Intervals, paired differences, correlations, credit: pure functions, no database."""
