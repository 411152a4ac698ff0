"""A criteria set in words: what the models are told in each domain, exemplars behind a fold. Pure strings.

Shared by Runs and Live. Leaves out editing and the exact rendered text (the Criteria page's modules).
"""

from __future__ import annotations

from services.criteria.store import CriteriaRow, DomainCriteria
from ui.prose import safe
from ui.wording import count

NOTHING = '<div class="t-muted">The models are told nothing beside the prompt.</div>'


def criteria_html(row: CriteriaRow) -> str:
    """What the models are told, per domain; a domain told the same as by default says so."""
    body = row.body
    if not any(entry != DomainCriteria() for entry in (body.default, *(entry for _, entry in body.domains))):
        return NOTHING
    first = "By default" if body.domains else "Every domain"
    rows = [(first, _entry(body.default))]
    for domain, entry in body.domains:
        told = _entry(entry) if entry != body.default else '<span class="t-muted">as by default</span>'
        rows.append((f"In {domain}", told))
    inner = "".join(f"<dt>{safe(name)}</dt><dd dir='auto'>{told}</dd>" for name, told in rows)
    return f'<dl class="t-facts">{inner}</dl>'


def _entry(entry: DomainCriteria) -> str:
    told = safe(entry.instruction) or ("" if entry.exemplars else "nothing")
    if not entry.exemplars:
        return told
    cases = "".join(
        f"<p><b>Prompt</b> {safe(one.prompt)}<br><b>Good</b> {safe(one.good)}<br><b>Bad</b> {safe(one.bad)}"
        + (f"<br><b>Why</b> {safe(one.explanation)}" if one.explanation.strip() else "")
        + "</p>"
        for one in entry.exemplars
    )
    summary = count(len(entry.exemplars), "exemplar")
    return f'{told}<details class="t-fold"><summary>{summary}</summary>{cases}</details>'
