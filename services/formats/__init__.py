"""Preference files: what holds the rows (container), what a row looks like (shape), and one item out of one row.

    containers.py      JSONL, JSON array, CSV, Parquet?      json_lines, json_array, csv_table, parquet_table: the rows
    shapes.py          LLMBar, HH-RLHF, best of N, TRL, Tare's own?   one module per shape: a row to an ItemDraft
    drafts.py          what a shape makes of a row           cleaning.py, messages.py, transcripts.py: the parts

Nothing here knows the database.
"""
