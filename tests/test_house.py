"""The house stays in order: who may import whom, how long a file may be, what must be documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("pages", "ui", "services", "scoring", "db", "demo", "bench")
OWN = {"pages", "ui", "services", "scoring", "db", "demo", "bench", "app", "cli"}
MAY_IMPORT = {
    "app": {"ui", "services"},
    "cli": {"services", "ui", "db", "scoring"},  # its commands build their own session and model room
    "pages": {"ui", "services"},
    "ui": {"ui", "services"},
    "services": {"services", "db", "scoring"},
    "scoring": {"scoring"},
    "db": {"db"},
    "demo": {"demo"},
    "bench": {"bench", "demo", "scoring", "services", "db"},
}
NEVER = {
    "cli": {"streamlit", "plotly"},
    "services": {"streamlit", "plotly", "torch"},
    "scoring": {"streamlit", "sqlalchemy", "plotly"},
    "db": {"streamlit", "torch", "plotly", "transformers"},
    "demo": {"streamlit", "sqlalchemy", "plotly"},
    "bench": {"streamlit", "plotly"},
    "pages": {"torch", "transformers", "sqlalchemy"},
    "ui": {"torch", "transformers"},
    "app": {"torch", "transformers", "sqlalchemy"},
}
ALSO = {ROOT / "ui" / "resources.py": {"db", "scoring"}}  # builds what is cached


def modules() -> list[Path]:
    rooms = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]
    ours = [p for p in rooms if not any(part.startswith(".") for part in p.relative_to(ROOT).parts)]
    return [ROOT / "app.py", ROOT / "cli.py", *ours]


def imported_roots(path: Path) -> set[str]:
    """Top-level names that a module imports, function bodies included, type-checking blocks left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(path.relative_to(ROOT).parts[0] if node.level else (node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    roots = imported_roots(path)
    allowed = MAY_IMPORT[room] | ALSO.get(path, set())
    assert roots & OWN <= allowed, f"{room} may import {sorted(allowed)} of ours"
    assert not roots & NEVER.get(room, set())


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_longer_than_300_lines_and_each_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    limit = 200 if path.parent.name == "pages" else 300
    assert len(text.splitlines()) <= limit
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "a file begins by saying what it does"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_function_is_longer_than_50_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or 0) - first.lineno + 1
            assert length <= 50, f"{node.name} has {length} lines"


def test_no_attic_and_no_unsafe_switch() -> None:
    attic = {"utils.py", "helpers.py", "common.py", "manager.py", "misc.py"}
    assert not [p for p in modules() if p.name in attic]
    unsafe = re.compile(r"unsafe_allow_html\s*=\s*True|trust_remote_code\s*=\s*True|unsafe_allow_javascript\s*=\s*True")
    assert not [p for p in modules() if unsafe.search(p.read_text(encoding="utf-8"))]


def test_every_page_begins_by_asking_the_frame() -> None:
    for page in (ROOT / "pages").glob("*.py"):
        asked = re.compile(rf'^frame\.open_page\((frame\.{page.stem.upper()}|"pages/{page.name}")\)$', re.MULTILINE)
        assert asked.search(page.read_text(encoding="utf-8"))


def test_torch_is_not_imported_by_what_the_first_page_needs() -> None:
    code = (
        "import sys, cli, ui.frame, ui.resources, ui.charts.figures;"
        "import services.reviews.review, services.runs, services.worker;"
        "sys.exit(1 if 'torch' in sys.modules else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def documented() -> str:
    docs = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(p.read_text(encoding="utf-8") for p in docs)


def test_every_page_setting_table_and_command_is_documented() -> None:
    import db.tables_audit
    import db.tables_criteria
    from db.tables import Base

    assert db.tables_criteria.Base is Base
    text = documented()
    sources = "\n".join(p.read_text(encoding="utf-8") for p in modules())
    settings = set(re.findall(r"\"(TARE_[A-Z_]+)\"", sources))
    pages = {p.stem for p in (ROOT / "pages").glob("*.py")}
    commands = set(re.findall(r"app\.command\(\"([a-z]+)\"", sources))
    missing = {s for s in settings if s not in text}
    missing |= {t for t in Base.metadata.tables if f"`{t}`" not in text}
    missing |= {p for p in pages if f"**{p.capitalize()}**" not in text}
    missing |= {c for c in commands if f"tare {c}" not in text}
    assert not missing
    assert len(commands) >= 8
    assert len(pages) >= 5
