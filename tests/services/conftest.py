"""Tiny real models, and a catalogue of pairs made of them. `fresh_db` comes from tests/conftest.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

if TYPE_CHECKING:
    from served_pairs import Catalogue
    from server_builders import Computing

    from db.session import Sessions
    from scoring.room import ModelRoom


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders s (strong), w (weak), o (another model whose tokenizer splits otherwise)."""
    import torch
    from service_builders import save_tiny

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    save_tiny(folder / "s", seed=0, merges=40)
    save_tiny(folder / "w", seed=1, merges=40)
    save_tiny(folder / "o", seed=2, merges=8)
    return folder


@pytest.fixture(scope="session")
def catalogue_file(tiny_models: Path) -> Path:
    """Pairs: tiny (s over w), swapped (w over s), other (s over o), same (s over s), worldly, closed, missing."""
    strong, weak, other = (tiny_models / name for name in "swo")
    world = 'world = { model = "weak", prompt_min = -1000.0, response_min = -5.0 }'
    entries = [
        ("tiny", strong, weak, ""),
        ("swapped", weak, strong, ""),
        ("other", strong, other, ""),
        ("same", strong, strong, ""),
        ("worldly", strong, weak, world),
        ("demo", strong, weak, 'criteria = "closed"\n' + world),
        ("missing", strong, tiny_models / "nowhere", ""),
    ]
    from service_builders import pair_entry

    path = tiny_models / "pairs.toml"
    path.write_text("".join(pair_entry(*entry) for entry in entries))
    return path


@pytest.fixture(autouse=True)
def _catalogue(catalogue_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARE_PAIRS", str(catalogue_file))


@pytest.fixture(scope="session")
def room(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelRoom]:
    """A real room, shared: loading is not what these tests are about."""
    from scoring.room import ModelRoom

    os.environ["TARE_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    yield ModelRoom(2**30, device="cpu")
    del os.environ["TARE_CACHE_DIR"]


@pytest.fixture
def desk(fresh_db: Sessions) -> Sessions:
    """A database with the built-in criteria in it."""
    from services.criteria.store import ensure_builtin

    ensure_builtin(fresh_db)
    return fresh_db


@pytest.fixture(scope="session")
def served_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """served, and weak beside it."""
    from server_builders import save_served

    folder = tmp_path_factory.mktemp("served")
    save_served(folder / "served")
    save_served(folder / "weak", seed=1)
    return folder


@pytest.fixture(scope="session")
def computing(served_folders: Path) -> Computing:
    """A server's answers, computed here."""
    from server_builders import Computing

    return Computing(served_folders / "served")


@pytest.fixture
def served(served_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """A catalogue of `served` and `local`; `at(url)` says where the server is. Retries are quick."""
    from served_pairs import Catalogue
    from server_builders import QUICK

    from scoring.server import model as server_model

    monkeypatch.setattr(server_model, "settings_from_environment", lambda: QUICK)
    monkeypatch.setenv("TARE_PAIRS", str(tmp_path / "pairs.toml"))
    return Catalogue(served_folders, tmp_path / "pairs.toml")


@pytest.fixture
def own_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's pairs are written; not there yet."""
    path = tmp_path / "house.toml"
    monkeypatch.setenv("TARE_PAIRS", str(path))
    return path


@pytest.fixture
def filled(own_catalogue: Path) -> Path:
    """The same with three pairs and comments in it."""
    from pair_file_cases import FILE

    own_catalogue.write_text(FILE.replace("\n[[pairs]]\n'''", "'''"))
    return own_catalogue
