"""The report: one file from a certificate alone, nothing in it to run or to fetch, no share without n and interval."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from audit_builders import Audited, audited_set

from db.session import make_sessionmaker
from services.certificate.build import certify, file_text
from services.certificate.rows import CertificateRow
from ui.report import people_sections, svg
from ui.report.figures import agreement_matrix, reliability, share_rows, state_bar, threshold_path
from ui.report.page import PAGE_VERSION, certificate_of_page, page_version, report_html

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
SHARE = {"n": 40, "value": 0.9, "low": 0.7689, "high": 0.9604}


class Tags(HTMLParser):
    """Every element of a page with its attributes; unclosed ones are kept."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed where another element is open"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def certified(audited_once: tuple[Path, Audited], tmp_path_factory: pytest.TempPathFactory) -> CertificateRow:
    """The certificate of an audited dataset, people by name."""
    path = tmp_path_factory.mktemp("report") / "desk.db"
    found, audited = audited_once
    shutil.copy(found, path)
    sessions = make_sessionmaker(f"sqlite:///{path}")
    row = certify(sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, has_names=True)
    sessions.engine.dispose()
    return row


@pytest.fixture(scope="module")
def page(certified: CertificateRow) -> str:
    return report_html(certified.body, certified.sha256)


def test_the_page_runs_nothing_and_fetches_nothing(page: str) -> None:
    tags = Tags(page)
    assert tags.open == []
    names = {tag for tag, _ in tags.found}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "a"}
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in style


def test_the_page_says_what_the_certificate_says(page: str, certified: CertificateRow) -> None:
    whole = json.loads(certified.body)
    bound = whole["accuracy"][0]["bound"]
    low, high = (f"{100 * bound[end]:.1f}".removesuffix(".0") for end in ("low", "high"))
    assert f"people would choose at least {low} % and at most {high} % (95 % confidence)" in page
    assert f"{whole['auto_accepts'][0]['n_accepted']:,} labels were accepted unlooked" in page
    assert "the same items" in page, "the sample drawn again"
    assert page.count("<svg") >= 5
    assert certified.sha256 in page
    assert whole["evidence"]["decisions"]["sha256"] in page
    assert "Ada" in page


def test_the_certificate_stands_in_the_page_word_for_word(page: str, certified: CertificateRow) -> None:
    inside = certificate_of_page(page)
    assert inside is not None
    assert json.loads(inside) == json.loads(file_text(certified))
    assert page_version(page) == PAGE_VERSION
    assert certificate_of_page("<p>nothing</p>") is None
    assert page_version("<p>nothing</p>") is None


def test_a_dataset_without_a_decision_gives_a_page_that_claims_nothing(migrated_sqlite: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "desk.db")
    sessions = make_sessionmaker(f"sqlite:///{tmp_path / 'desk.db'}")
    bare = audited_set(sessions, [1.0, 2.0], name=HOSTILE)
    row = certify(sessions, dataset_id=bare.dataset_id, run_id=bare.run_id)
    html = report_html(row.body, row.sha256)
    assert "No bound can be stated" in html
    assert "No plan was made" in html
    assert " % (" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL), "not one share"
    assert "<script" not in html
    assert "<img" not in html
    Tags(html)


def test_figures_without_data_are_not_drawn() -> None:
    nothing: dict[str, Any] = {"n": 0, "value": None, "low": None, "high": None}
    assert share_rows([("a", nothing)], title="t", unit="u") == ""
    assert reliability([]) == ""
    assert state_bar({}) == ""
    assert threshold_path({"path": [], "threshold": None}, target=0.05) == ""
    assert agreement_matrix([]) == ""


def test_a_share_is_drawn_with_its_interval_and_its_n_is_in_the_words() -> None:
    drawn = share_rows([("everything", SHARE), (HOSTILE, SHARE)], title="Agreement", unit="items")
    assert drawn.count('class="w-main"') == 3, "the whisker and its two ends"
    assert "90 % (76.9 to 96 %, n = 40)" in drawn
    assert "&lt;script&gt;" in drawn
    assert "<script" not in drawn
    Tags(drawn)


def test_a_perfect_confidence_lies_on_the_diagonal() -> None:
    drawn = reliability([{"confidence": 0.9, "agreed": SHARE, "margins": [1, 2]}])
    diagonal = re.search(r'<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)" class="diagonal"', drawn)
    dot = re.search(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)
    assert diagonal is not None
    assert dot is not None
    x1, y1, x2, y2 = map(float, diagonal.groups())
    x, y = map(float, dot.groups())
    assert (x - x1) / (x2 - x1) == pytest.approx((y - y1) / (y2 - y1), abs=0.01)


@pytest.mark.parametrize(
    ("high", "ticks"), [(0.13, [0, 0.05, 0.1, 0.15]), (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0, [0, 1])]
)
def test_ticks_are_round_and_reach_the_largest_value(high: float, ticks: list[float]) -> None:
    assert svg.steps(high) == pytest.approx(ticks)


def test_a_trend_is_stated_for_no_more_answers_than_a_sitting_had() -> None:
    trend = {"n": 38, "value": -3.08, "low": -5.26, "high": -0.9}
    overall = {
        "n_sittings": 2, "longest": 20, "on_random_looks_only": True,
        "agreement_per_100_answers": trend,
        "speed_per_100_answers": trend | {"value": -0.65, "low": -0.9, "high": -0.1},
    }  # fmt: skip
    html = people_sections._fatigue({"overall": overall, "by_person": []})
    assert "change per 10 answers" in html
    assert "30.8 points" in html
    assert "308" not in html
