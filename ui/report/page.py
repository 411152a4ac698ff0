"""A certificate as one HTML file: figures included, no script, no font, no network; light and dark as the reader likes.

The page is made from the certificate alone, and the certificate stands in it word for word: whoever changes a number
on the page changes a page that no certificate gives (`tare verify` makes the page again and compares).
Leaves out what the sections say (sections.py, people_sections.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ui.prose import safe
from ui.report import blocks, words
from ui.report.people_sections import agreement, anchoring, habits
from ui.report.sections import accuracy, auto_accepts, calibration, drawing, headline

STYLE = Path(__file__).with_name("report.css")
PAGE_VERSION = 1  # counts up when the page looks or reads differently
POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # a browser then runs and fetches nothing, whatever is in it
OPENING, CLOSING = '<pre id="certificate">', "</pre>"

SECTIONS = (
    ("What the labels are worth", headline),
    ("How items were drawn", drawing),
    ("Agreement with the suggestions", accuracy),
    ("Labels accepted unlooked", auto_accepts),
    ("Confidence", calibration),
    ("People among each other", agreement),
    ("Led by the suggestion", anchoring),
    ("Habits", habits),
)


def report_html(body: str, sha256: str) -> str:
    """The page of a certificate, from its canonical JSON and hash."""
    certificate = json.loads(body)
    parts = [f"<h2>{safe(title)}</h2>{html}" for title, section in SECTIONS if (html := section(certificate))]
    name = certificate["dataset"]["name"]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="tare-report" content="{PAGE_VERSION}">'
        f"<title>{safe(name)}: audit report</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body><main>"
        f"{_head(certificate)}{''.join(parts)}{_foundations(certificate, sha256)}{_whole(body, sha256)}"
        "</main></body></html>\n"
    )


def certificate_of_page(html: str) -> str | None:
    """The file of the certificate in a page, as text; None where there is none."""
    from html import unescape

    _, found, rest = html.partition(OPENING)
    return unescape(rest.partition(CLOSING)[0]) if found else None


def page_version(html: str) -> int | None:
    """Which version of the page wrote it."""
    _, found, rest = html.partition('<meta name="tare-report" content="')
    text = rest.partition('"')[0]
    return int(text) if found and text.isascii() and text.isdigit() and len(text) < 9 else None


def _head(certificate: Mapping[str, Any]) -> str:
    run, moment = certificate["run"], certificate["created_at"].replace("T", " ").removesuffix("Z")
    what = ["Audit report"]
    if run is not None:
        criteria = f"criteria {run['criteria']['name']} v{run['criteria']['version']}"
        what.append(f"run {run['run_id']}: pair {run['pair']['name']}, {criteria}")
    what += [f"as of {moment} UTC", "ranges are 95 % intervals"]
    name = safe(certificate["dataset"]["name"])
    return f'<header><h1>{name}</h1><p class="quiet">{safe(" · ".join(what))}</p></header>'


def _foundations(certificate: Mapping[str, Any], sha256: str) -> str:
    """Hashes of what it rests on, and how to check it."""
    dataset, run, evidence = certificate["dataset"], certificate["run"], certificate["evidence"]
    rows = [
        ("Imported file", dataset["file_name"] or "–", dataset["file_sha256"] or "–"),
        ("Items and candidates", words.count(dataset["content"]["n"], "item"), dataset["content"]["sha256"]),
    ]
    if run is not None:
        rows += [
            ("Model pair", run["pair"]["name"], run["pair"]["sha256"]),
            ("Criteria", f"{run['criteria']['name']} v{run['criteria']['version']}", run["criteria"]["sha256"]),
            ("Suggestions", words.count(run["suggestions"]["n"], "item"), run["suggestions"]["sha256"]),
        ]
    decisions, looks = evidence["decisions"], evidence["looks"]
    last = "" if decisions["last_id"] is None else f", the last is number {decisions['last_id']}"
    rows += [
        ("Decisions, all of them", f"{words.count(decisions['n'], 'row')}{last}", decisions["sha256"]),
        ("Looks", words.count(looks["n"], "look"), looks["sha256"]),
        ("This certificate", f"version {certificate['tare_certificate']}", sha256),
    ]
    people = "by name" if certificate["people_are"] == "named" else "by number, not by name"
    note = f"People are called {people}. Every figure can be derived again from the database: "
    return (
        f"<h2>What it rests on</h2><p>{safe(note)}<code>tare verify report.html</code> says which, if any, differ.</p>"
        + blocks.table(("What", "", "SHA-256"), rows, hashes=(2,))
    )


def _whole(body: str, sha256: str) -> str:
    file = json.dumps({"certificate": json.loads(body), "sha256": sha256}, ensure_ascii=False, indent=1, sort_keys=True)
    return f"<details><summary>The certificate, word for word</summary>{OPENING}{safe(file)}{CLOSING}</details>"
