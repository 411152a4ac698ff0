"""Exports: decided items as training data."""
