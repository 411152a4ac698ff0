"""The index of words over prompts and responses: writing it, and which items hold the words that somebody asked for.

    SQLite       item_search, an FTS5 table without a copy of the texts; its rowid is the item
    PostgreSQL   item_search(item_id, body tsvector), a GIN index

Both hold the words of `search_words.py`. Leaves out every other filter (queries_filters.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, false, literal_column, select, table, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from db.search_words import Term, fts_body, fts_query, terms_of, ts_query, ts_vector
from db.tables import Candidate, Item

BATCH = 500
SEARCH = table("item_search")


class _SearchedItem(ColumnElement[int]):
    """The item of a row of the index."""

    inherit_cache = True
    type = Integer()


@compiles(_SearchedItem, "sqlite")
def _searched_item_sqlite(_element: _SearchedItem, _compiler: Any, **_: Any) -> str:
    return "item_search.rowid"


@compiles(_SearchedItem, "postgresql")
def _searched_item_postgresql(_element: _SearchedItem, _compiler: Any, **_: Any) -> str:
    return "item_search.item_id"


class _Holds(FunctionElement[bool]):
    """Whether a row of the index holds the terms, given in the words of both databases.

    It has no type: SQLite would be asked whether it `= 1`, which FTS5 does not understand.
    """

    inherit_cache = True


@compiles(_Holds, "sqlite")
def _holds_sqlite(element: _Holds, compiler: Any, **more: Any) -> str:
    return f"item_search MATCH {compiler.process(next(iter(element.clauses)), **more)}"


@compiles(_Holds, "postgresql")
def _holds_postgresql(element: _Holds, compiler: Any, **more: Any) -> str:
    return f"item_search.body @@ CAST({compiler.process(list(element.clauses)[1], **more)} AS tsquery)"


def items_that_say(asked: str) -> Select[Any]:
    """Ids of the items (of every dataset) whose prompt and responses hold all the words; none for no words at all."""
    terms = terms_of(asked)
    wanted = select(_SearchedItem()).select_from(SEARCH)
    return wanted.where(_holds(terms)) if terms else wanted.where(false())


def _holds(terms: Sequence[Term]) -> ColumnElement[bool]:
    return _Holds(bindparam(None, fts_query(terms)), bindparam(None, ts_query(terms)))


def index_items(session: Session, texts_by_item: Mapping[int, Sequence[str]]) -> None:
    """Write the words of new items: the contents of their messages, then their responses."""
    if not texts_by_item:
        return
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    body_of = fts_body if is_sqlite else ts_vector
    rows = [{"item_id": item_id, "body": body_of(texts)} for item_id, texts in texts_by_item.items()]
    session.connection().execute(text(write_statement(session.get_bind().dialect.name)), rows)


def write_statement(dialect: str) -> str:
    """How a row is written; its body is `fts_body` or `ts_vector`."""
    if dialect == "sqlite":
        return "INSERT INTO item_search (rowid, body) VALUES (:item_id, :body)"
    return "INSERT INTO item_search (item_id, body) VALUES (:item_id, CAST(:body AS tsvector))"


def forget_dataset(session: Session, dataset_id: int) -> None:
    """Take a dataset's words out of the index, before its items go. PostgreSQL does so by itself.

    An FTS5 table without texts can only forget a row when it is told what the row said, so that is read again.
    """
    if session.get_bind().dialect.name != "sqlite":
        return
    items = session.execute(select(Item.item_id, Item.messages).where(Item.dataset_id == dataset_id))
    for batch in items.partitions(BATCH):
        texts = {item_id: message_texts(messages) for item_id, messages in batch}
        for item_id in _not_indexed(session, list(texts)):
            del texts[item_id]
        add_responses(session, texts)
        rows = [{"item_id": item_id, "body": fts_body(found)} for item_id, found in texts.items()]
        if rows:
            forget = "INSERT INTO item_search (item_search, rowid, body) VALUES ('delete', :item_id, :body)"
            session.connection().execute(text(forget), rows)


def _not_indexed(session: Session, item_ids: Sequence[int]) -> list[int]:
    known: Select[Any] = (
        select(literal_column("rowid")).select_from(SEARCH).where(literal_column("rowid").in_(item_ids))
    )
    found = set(session.scalars(known))
    return [item_id for item_id in item_ids if item_id not in found]


def message_texts(messages: Iterable[Any]) -> list[str]:
    """The contents of a prompt's messages."""
    return [str(message.get("content", "")) for message in messages if isinstance(message, dict)]


def add_responses(session: Session, texts_by_item: dict[int, list[str]]) -> None:
    """Append every item's responses to its texts, in file order."""
    wanted = select(Candidate.item_id, Candidate.text).where(Candidate.item_id.in_(list(texts_by_item)))
    for item_id, response in session.execute(wanted.order_by(Candidate.item_id, Candidate.position)):
        texts_by_item[item_id].append(response)
