"""A pair map as one HTML page that needs nothing else: `tare map --out`. Every text is escaped.

Leaves out the figures (charts/map.py) and the words (words.py).
"""

from __future__ import annotations

import html
from pathlib import Path

from services.pair_map.pick import Pick
from services.pair_map.read import MapData, PairMap
from ui.charts.map import gap_figure, heat_map
from ui.pair_map.words import (
    BASELINE_WORDS,
    basis_line,
    behind_words,
    correlation_line,
    cost_words,
    gap_words,
    memory_words,
    pair_name,
    performance_line,
    pick_line,
    short_share,
    upward_line,
    verdict,
)

HEADS = ("pair", "best response right, %", "gap", "points behind the best", "per 1,000 responses", "memory")
STYLE = (
    "body{font:15px system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#24292f}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.25rem 1.2rem .25rem 0;font-weight:400;"
    "border-bottom:1px solid #d0d7de}th{color:#57606a}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}"
)


def write_page(path: Path, data: MapData, found: Pick) -> None:
    """Write the page, plotly inside it (about 5 MB). Raises OSError."""
    path.write_text(page(data.map, found), encoding="utf-8")


def page(shown: PairMap, found: Pick) -> str:
    """The page's HTML."""
    heat, gaps = heat_map(shown), gap_figure(shown)
    for figure in (heat, gaps):
        figure.update_layout(template="plotly_white")
    title = f"Pair map of {shown.dataset}, criteria {shown.criteria}, ranked by {shown.rank_by}"
    lines = [
        basis_line(shown),
        performance_line(shown),
        correlation_line("Gap against accuracy: Pearson", shown.pearson),
        correlation_line("Gap against accuracy: Spearman", shown.spearman),
        upward_line(shown.pearson_upward),
        verdict(shown.pearson),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{html.escape(title)}</h1>{_lines(lines[:2])}"
        f"<h2>Accuracy, %</h2>{heat.to_html(full_html=False, include_plotlyjs=True)}"
        f"<h2>Gap against accuracy</h2>{gaps.to_html(full_html=False, include_plotlyjs=False)}{_lines(lines[2:])}"
        f"<h2>Pick a pair</h2>{_lines([pick_line(found)])}{_table(shown, found)}</html>\n"
    )


def _lines(lines: list[str]) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def _table(shown: PairMap, found: Pick) -> str:
    """Pairs, baselines and models alone, all on the items that the ranking rests on; the map's own without one."""
    own = {model.name: model.alone_sum if shown.rank_by == "sum" else model.alone_mean for model in shown.models}
    baselines, alone = (found.baselines, found.alone) if found.ranked else (shown.baselines, own)
    rows = [
        (
            pair_name(one.pair.strong, one.pair.weak), short_share(one.accuracy), gap_words(one.pair),
            behind_words(one.behind), cost_words(one.pair.per_thousand_s), memory_words(one.pair.memory_bytes),
        )
        for one in found.ranked
    ]  # fmt: skip
    rows += [(BASELINE_WORDS[name], short_share(share), "", "", "", "") for name, share in baselines.items()]
    rows += [(f"{name} alone, by {shown.rank_by}", short_share(share), "", "", "", "") for name, share in alone.items()]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in HEADS)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
