"""Routing: which domain an item belongs to."""
