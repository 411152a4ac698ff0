"""A list of ids as something to select from: one bound text, however many there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, String, bindparam, cast, column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

NUMBER = BigInteger().with_variant(Integer, "sqlite")


class _Listed(FunctionElement[Any]):
    """The values of a JSON list, one a row, in a column named `value`."""

    inherit_cache = True
    name = "listed"


@compiles(_Listed, "sqlite")
def _listed_sqlite(element: _Listed, compiler: Any, **more: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **more)})"


@compiles(_Listed, "postgresql")
def _listed_postgresql(element: _Listed, compiler: Any, **more: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **more)} AS json))"


def as_text(ids: Sequence[int]) -> str:
    """The ids as one text, for `listed`."""
    return json.dumps(list(ids), separators=(",", ":"))


def listed(text: str) -> Select[Any]:
    """Selects the ids of such a text."""
    rows = _Listed(bindparam(None, text, String())).table_valued(column("value"), name="listed")
    return select(cast(rows.c.value, NUMBER))
