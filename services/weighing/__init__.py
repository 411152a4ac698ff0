"""Weighing: runs, from items to what is written."""
