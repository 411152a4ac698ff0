"""What changed between two bodies of criteria, word by word, as HTML. Pure strings; every text is escaped.

    lines are paired first (difflib), then the words of lines that were rewritten
Leaves out the pickers (versions.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from services.criteria.store import CriteriaBody
from ui.prose import badge, safe

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
WORD_LIMIT = 4_000  # words of a rewritten passage compared one by one; a longer one is shown as a whole
ADDED, REMOVED = '<ins class="t-ins">', '<del class="t-del">'


def diff_html(before: CriteriaBody, after: CriteriaBody) -> str:
    """Every domain that changed, the default first; "" when the two say the same."""
    old, new = dict(before.domains), dict(after.domains)
    parts = [_section("default", _lines(before, None), _lines(after, None), "")]
    for name in sorted({*old, *new}):
        mark = "" if name in old and name in new else "new domain" if name in new else "removed"
        was = _lines(before, name) if name in old else []
        parts.append(_section(name, was, _lines(after, name) if name in new else [], mark))
    return "".join(parts)


def _lines(body: CriteriaBody, domain: str | None) -> list[str]:
    """An entry as lines that a person reads."""
    entry = body.entry_for(domain)
    found = entry.instruction.splitlines() or ["(no instruction)"]
    for number, one in enumerate(entry.exemplars, start=1):
        texts = [f"Prompt: {one.prompt}", f"Good response: {one.good}", f"Bad response: {one.bad}"]
        texts += [f"Why: {one.explanation}"] if one.explanation.strip() else []
        found += ["", f"Exemplar {number}", *(line for text in texts for line in text.splitlines())]
    return found


def _section(name: str, before: Sequence[str], after: Sequence[str], mark: str) -> str:
    if before == after and not mark:
        return ""
    head = f'<div class="t-diffhead"><b dir="auto">{safe(name)}</b>{badge(mark) if mark else ""}</div>'
    text = "\n".join(_changes(before, after))
    return f'<section class="t-diff">{head}<div class="t-raw t-difftext">{text}</div></section>'


def _changes(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "\n".join(map(safe, before[i:j]))
        elif kind == "replace":
            yield _words("\n".join(before[i:j]), "\n".join(after[k:m]))
        elif kind == "delete":
            yield _marked(REMOVED, "\n".join(before[i:j]))
        else:
            yield _marked(ADDED, "\n".join(after[k:m]))


def _words(before: str, after: str) -> str:
    """A rewritten passage: what stays once, what went struck through, what came underlined."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) + len(new) > WORD_LIMIT:
        return _marked(REMOVED, before) + "\n" + _marked(ADDED, after)
    parts = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(safe("".join(old[i:j])))
            continue
        parts += [_marked(REMOVED, "".join(old[i:j]))] if i < j else []
        parts += [_marked(ADDED, "".join(new[k:m]))] if k < m else []
    return "".join(parts)


def _marked(tag: str, text: str) -> str:
    """Removed or added text; an empty line has a sign of its own."""
    end = "</ins>" if tag == ADDED else "</del>"
    return f"{tag}{safe(text) or '¶'}{end}"
