"""Imports: files of any known format as datasets."""
