"""The HTML blocks a report is made of: facts, tables, figures with captions. Pure strings, every text escaped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ui.prose import safe


def heading(words: str) -> str:
    """A heading inside a section."""
    return _element("h3", words, "")


def said(words: str, *, kind: str = "") -> str:
    """A paragraph."""
    return _element("p", words, kind)


def facts(found: Iterable[tuple[str, str, str]]) -> str:
    """Big numbers: (name, number, what it rests on)."""
    cards = "".join(
        f'<div class="fact"><div class="name">{safe(name)}</div><div class="number">{safe(number)}</div>'
        f'<div class="basis">{safe(basis)}</div></div>'
        for name, number, basis in found
    )
    return f'<div class="facts">{cards}</div>'


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Collection[int] = (), hashes: Collection[int] = ()
) -> str:
    """A table; `numbers` are columns that stand to the right, `hashes` those set in type of one width."""
    kinds = ["n" if place in numbers else "hash" if place in hashes else "" for place in range(len(heads))]
    head = "".join(_element("th", name, "n" if kind == "n" else "") for name, kind in zip(heads, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(_element("td", cell, kind) for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _element(tag: str, words: str, kind: str) -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f"<{tag}{of_kind}>{safe(words)}</{tag}>"


def figure(svg: str, caption: str = "") -> str:
    """A figure with its caption; nothing for an empty one."""
    if not svg:
        return ""
    words = f"<figcaption>{safe(caption)}</figcaption>" if caption else ""
    return f"<figure>{svg}{words}</figure>"
