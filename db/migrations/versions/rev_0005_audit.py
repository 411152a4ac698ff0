"""Plans and looks, labels accepted unlooked, certificates, and full-text search."""

import json

import sqlalchemy as sa
from alembic import op

from db.queries_search import write_statement
from db.search_words import fts_body, ts_vector

revision = "0005"
down_revision = "0004"

BATCH = 500


def upgrade() -> None:
    """Decisions that somebody made to decisions that say how their item was drawn and shown."""
    _create_plans()
    _create_look()
    _create_auto_accept()
    _create_certificate()
    op.add_column("decision", sa.Column("kind", sa.String(20), nullable=False, server_default="label"))
    op.add_column("decision", sa.Column("look_id", _big()))
    op.add_column("decision", sa.Column("auto_accept_id", sa.Integer()))
    op.add_column("decision", sa.Column("is_imported", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("decision", sa.Column("request", sa.String(10)))
    for table, columns in (
        ("plan", ["dataset_id"]), ("plan", ["run_id"]), ("plan_item", ["item_id"]),
        ("plan_item", ["plan_id", "n_free", "place"]), ("look", ["item_id", "annotator_id"]),
        ("look", ["annotator_id", "dataset_id"]), ("look", ["plan_id", "closed_at", "leased_until"]),
        ("look", ["plan_id", "annotator_id", "closed_as", "is_repeat"]), ("look", ["dataset_id"]), ("look", ["run_id"]),
        ("auto_accept", ["dataset_id"]), ("auto_accept", ["run_id"]),
        ("certificate", ["dataset_id"]), ("decision", ["annotator_id"]),
        ("decision", ["look_id"]), ("decision", ["auto_accept_id"]),
        ("item", ["dataset_id", "domain"]), ("item", ["dataset_id", "subset"]),
        ("candidate", ["source_model", "item_id"]),
    ):  # fmt: skip
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
    _create_search()


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _reference(table: str, column: str, to: str, *, cascade: bool = False, key: str = "") -> sa.ForeignKeyConstraint:
    target = f"{to}.{key or column}"
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete="CASCADE" if cascade else None)


def _create_plans() -> None:
    op.create_table(
        "plan",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("drawn_by", sa.String(20), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("decision_cut", _big(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plan"),
        _reference("plan", "dataset_id", "dataset", cascade=True),
        _reference("plan", "run_id", "run", cascade=True),
        _reference("plan", "made_by", "annotator", key="annotator_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "plan_item",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("item_id", _big(), nullable=False),
        sa.Column("stratum", sa.String(200)),
        sa.Column("n_free", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "place", name="pk_plan_item"),
        _reference("plan_item", "plan_id", "plan", cascade=True),
        _reference("plan_item", "item_id", "item", cascade=True),
    )
    op.create_table(
        "plan_person",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("place_from", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "annotator_id", name="pk_plan_person"),
        _reference("plan_person", "plan_id", "plan", cascade=True),
        _reference("plan_person", "annotator_id", "annotator"),
    )


def _create_look() -> None:
    op.create_table(
        "look",
        sa.Column("look_id", _big(), nullable=False),
        sa.Column("plan_id", sa.Integer()),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer()),
        sa.Column("item_id", _big(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("drawn_by", sa.String(20), nullable=False),
        sa.Column("place", sa.Integer()),
        sa.Column("slot", sa.Integer()),
        sa.Column("is_blind", sa.Boolean(), nullable=False),
        sa.Column("is_repeat", sa.Boolean(), nullable=False),
        sa.Column("display_order", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("leased_until", sa.DateTime()),
        sa.Column("closed_at", sa.DateTime()),
        sa.Column("closed_as", sa.String(20)),
        sa.Column("revealed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("look_id", name="pk_look"),
        sa.UniqueConstraint("plan_id", "item_id", "slot", name="uq_look_plan_id_item_id_slot"),
        _reference("look", "plan_id", "plan", cascade=True),
        _reference("look", "dataset_id", "dataset", cascade=True),
        _reference("look", "run_id", "run", cascade=True),
        _reference("look", "item_id", "item", cascade=True),
        _reference("look", "annotator_id", "annotator"),
        sqlite_autoincrement=True,
    )


def _create_auto_accept() -> None:
    op.create_table(
        "auto_accept",
        sa.Column("auto_accept_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer()),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_by", sa.Integer()),
        sa.Column("revoked_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("auto_accept_id", name="pk_auto_accept"),
        _reference("auto_accept", "dataset_id", "dataset", cascade=True),
        _reference("auto_accept", "run_id", "run"),
        _reference("auto_accept", "plan_id", "plan"),
        _reference("auto_accept", "made_by", "annotator", key="annotator_id"),
        _reference("auto_accept", "revoked_by", "annotator", key="annotator_id"),
        sqlite_autoincrement=True,
    )


def _create_certificate() -> None:
    op.create_table(
        "certificate",
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer()),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Integer()),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", name="pk_certificate"),
        sa.UniqueConstraint("sha256", name="uq_certificate_sha256"),
        _reference("certificate", "dataset_id", "dataset", cascade=True),
        _reference("certificate", "run_id", "run", cascade=True),
        _reference("certificate", "made_by", "annotator", key="annotator_id"),
        sqlite_autoincrement=True,
    )


def _create_search() -> None:
    """An index of words over prompts and responses; it keeps no second copy of the texts."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE item_search (item_id BIGINT PRIMARY KEY REFERENCES item (item_id) ON DELETE CASCADE, "
            "body TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_item_search_body ON item_search USING GIN (body)")
    else:  # letters, numbers, emoji (many of them unknown to SQLite's Unicode) are words; the rest parts them
        op.execute(
            "CREATE VIRTUAL TABLE item_search USING fts5(body, content='', prefix=3, "
            "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Cn So'\")"
        )
    _fill_search()


def _fill_search() -> None:
    connection = op.get_bind()
    write, last = sa.text(write_statement(connection.dialect.name)), 0
    body_of = fts_body if connection.dialect.name == "sqlite" else ts_vector
    while True:
        items = connection.execute(
            sa.text("SELECT item_id, messages FROM item WHERE item_id > :last ORDER BY item_id LIMIT :n"),
            {"last": last, "n": BATCH},
        ).all()
        if not items:
            return
        texts = {item_id: _prompt_texts(messages) for item_id, messages in items}
        responses = connection.execute(
            sa.text(
                "SELECT item_id, text FROM candidate WHERE item_id BETWEEN :first AND :last ORDER BY item_id, position"
            ),
            {"first": items[0][0], "last": items[-1][0]},
        )
        for item_id, response in responses:
            texts[item_id].append(response)
        connection.execute(write, [{"item_id": key, "body": body_of(parts)} for key, parts in texts.items()])
        last = items[-1][0]


def _prompt_texts(messages: object) -> list[str]:
    """The contents of the messages; SQLite hands JSON over as text."""
    found = json.loads(messages) if isinstance(messages, str) else messages
    return [str(one.get("content", "")) for one in found if isinstance(one, dict)] if isinstance(found, list) else []
