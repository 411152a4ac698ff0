"""The user's own catalogue file: a pair added, changed or removed, by one writer at a time.

What is to be written is checked as a catalogue and takes the old file's place in one step. What a run used stays frozen
in the database. Leaves out how entries are cut out of the text (file_text.py) and checking models (pair_check.py).
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tomlkit.exceptions import TOMLKitError

from scoring.errors import BadCatalogue
from scoring.pairs import ModelPair, load_catalogue, load_file, read_entry
from services.errors import NotFound, Refused
from services.pairs.catalogue import USER_FILE_VARIABLE, spec_of
from services.pairs.file_text import CatalogueText, read_text

Entry = Mapping[str, Any]  # the keys of a [[pairs]] table; None: leave this key out
NAME_LIMIT = 100  # characters, as the database keeps them
WAIT_S = 5.0  # for another writer


def own_file() -> Path:
    """Where the user's pairs are written: TARE_PAIRS, else pairs.toml in the working folder, there or not yet."""
    return Path(os.environ.get(USER_FILE_VARIABLE) or "pairs.toml")


def pair_from(entry: Entry) -> ModelPair:
    """The pair an entry describes, before it is written. Raises Refused with the rule it breaks."""
    kept = {key: value for key, value in entry.items() if value is not None}
    _check_name(str(kept.get("name", "")))
    try:
        return read_entry(kept, own_file().resolve().parent)
    except ValueError as problem:
        raise Refused(str(problem)) from None


def entry_of(pair: ModelPair) -> dict[str, Any]:
    """A pair as the entry that would make it; what says nothing is left out."""
    spec = spec_of(pair)
    entry = {key: value for key, value in spec.items() if key not in ("strong", "weak")}
    for side in ("strong", "weak"):
        known = dict(spec[side])
        entry[side], entry["dtype"] = known.pop("ref"), known.pop("dtype")
        entry |= {f"{side}_{key}": value for key, value in known.items()}
        entry[f"{side}_performance"] = getattr(pair, f"{side}_performance")
    entry["world"] = {key: value for key, value in (spec["world"] or {}).items() if value is not None} or None
    return {key: value for key, value in entry.items() if value not in (None, "")}


def add_pair(entry: Entry) -> ModelPair:
    """Write a new pair. Raises Refused: it breaks a rule, its name is taken, or the file cannot be written."""
    pair = pair_from(entry)
    with _writing() as file:
        if pair.name in load_catalogue() or pair.name in file.names:
            where = file.path.name if pair.name in file.names else "the built-in catalogue"
            raise Refused(f"the name {pair.name!r} is taken in {where}; choose another")
        file.append(entry)
    return pair


def change_pair(name: str, entry: Entry, *, seen: ModelPair) -> ModelPair:
    """Change keys of an own pair, its name too; keys that `entry` does not name stay.

    seen: the pair as it was when the change was begun; somebody else's change since then is not written over.
    Raises NotFound, Refused.
    """
    _check_name(str(entry.get("name", name)))
    with _writing() as file:
        place = _place_of(file, name, seen)
        renamed = entry.get("name", name)
        if renamed != name and (renamed in file.names or renamed in load_catalogue()):
            raise Refused(f"the name {renamed!r} is taken; choose another")
        return pair_from(file.change(place, entry))


def remove_pair(name: str, *, seen: ModelPair) -> None:
    """Take a pair out of the user's own file; a built-in one that it replaced is back. Raises NotFound, Refused."""
    with _writing() as file:
        file.remove(_place_of(file, name, seen))


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip() or not name.isprintable() or ":" in name:
        raise Refused(f"the name is {name!r}; give a short one without a colon, such as my-tune")
    if len(name) > NAME_LIMIT:
        raise Refused(f"the name has {len(name)} characters; at most {NAME_LIMIT} are kept")


def _place_of(file: CatalogueText, name: str, seen: ModelPair) -> int:
    if name not in file.names:
        if name in load_catalogue():
            raise Refused(f"{name!r} is built in and stays; copy it under another name to change it")
        raise NotFound(f"no pair {name!r} in {file.path.name}; it was renamed or removed meanwhile")
    if load_file(file.path)[name] != seen:
        raise Refused(f"{name!r} was changed meanwhile, in the file or by somebody else; look at it again")
    return file.names.index(name)


@contextmanager
def _writing() -> Iterator[CatalogueText]:
    """The file in its parts, under the lock; written when the block ends without an error."""
    path = own_file()
    try:
        path = path.resolve()  # a link stays a link
        with _alone_in(path.parent):
            file = read_text(path)
            yield file
            _replace(path, file.text)
    except (BadCatalogue, TOMLKitError) as problem:
        line = str(problem).splitlines()[0]
        raise Refused(f"{line}; nothing was written") from problem
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(
            f"{path} cannot be written ({reason}); name another file in {USER_FILE_VARIABLE}, or free the place"
        ) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Writers take turns by a lock on the folder: the file itself is another one after each writing."""
    place = os.open(folder, os.O_RDONLY)
    try:
        end = time.monotonic() + WAIT_S
        while True:
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Refused(f"somebody else has been writing in {folder} for {WAIT_S:g} s; try again") from None
                time.sleep(0.02)
        yield
    finally:
        os.close(place)


def _replace(path: Path, text: str) -> None:
    """Write beside the file, check it as a catalogue, take the file's place; a reader sees the old or the new."""
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(None, "it is read-only", str(path))
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with scratch.open("xb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            scratch.chmod(path.stat().st_mode & 0o7777)
        try:
            load_catalogue(scratch)
        except BadCatalogue as problem:
            raise BadCatalogue(str(problem).replace(str(scratch), str(path))) from problem
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
