"""What an import found, as HTML and tables: counts, sample items, bad rows. Pure, no streamlit, everything escaped.

Leaves out reading the file (services/imports/files.py) and the widgets (import_panel.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from services.formats.drafts import ItemDraft
from services.imports.counts import BadRowSeen, ImportCounts
from services.reviews.rows import Message
from ui.prose import conversation, prose, safe
from ui.wording import count, facts_html

SAMPLE_FOLD = 500  # characters of a sample text before "show all"
LABELS_SHOWN = 8


def counts_html(counts: ImportCounts) -> str:
    """What the file was understood to hold."""
    low, high = counts.candidates_min, counts.candidates_max
    each = f"{low} each" if low == high else f"{low} to {high} each"
    facts = {
        "Rows": f"{counts.n_rows:,}",
        "Items": f"{counts.n_items:,}" + (f", {count(counts.n_bad, 'row')} left out" if counts.n_bad else ""),
        "Candidates": f"{counts.n_candidates:,} ({each})" if counts.n_items else "",
        "Best known for": f"{count(counts.n_gold, 'item')}"
        if counts.n_gold
        else "no item (no gold ranking in the file)",
        "Domains": labels(counts.domains),
        "Subsets": labels(counts.subsets),
    }
    facts |= {_first_upper(kind): f"{n:,}" for kind, n in counts.warnings.items()}
    return facts_html(facts)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def labels(counts: Mapping[str, int]) -> str:
    """Labels with their counts, the most frequent first, the rest as a number.

    >>> labels({"chat": 3, "safety": 2})
    'chat 3, safety 2'
    """
    shown = list(counts.items())[:LABELS_SHOWN]
    more = len(counts) - len(shown)
    return ", ".join(f"{name} {n:,}" for name, n in shown) + (f" and {more} more" if more else "")


def sample_html(items: Sequence[ItemDraft]) -> str:
    """The first items as they will be: prompt as a chat, candidates with their letters and gold ranks."""
    return "".join(_item(item) for item in items)


def _item(item: ItemDraft) -> str:
    messages = [Message(message["role"], message["content"]) for message in item.messages]
    rows = "".join(
        f'<div class="t-turn"><span class="t-role"><b>{_letter(place)}</b>{_gold(candidate.gold_rank)}</span>'
        f"{prose(candidate.text, fold_at=SAMPLE_FOLD)}</div>"
        for place, candidate in enumerate(item.candidates)
    )
    return (
        f'<div class="t-sample"><div class="t-muted">line {item.line}</div>{conversation(messages)}'
        f'<div class="t-answers">{rows}</div></div>'
    )


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def _gold(rank: float | None) -> str:
    return "" if rank is None else f" gold {rank:g}"


def bad_rows_csv(rows: Sequence[BadRowSeen]) -> str:
    """Bad rows as CSV; a cell that a spreadsheet would take for a formula is quoted with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["line", "reason"])
    writer.writerows([row.line, _no_formula(row.reason)] for row in rows)
    return out.getvalue()


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def statement_html(statement: str) -> str:
    """The sentence that says what the file is."""
    kind, _, rest = statement.partition(":")
    return f'<div class="t-statement"><b>{safe(kind)}</b>{safe(":" + rest) if rest else ""}</div>'
