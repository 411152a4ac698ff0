"""What Alembic runs for every move: the connection is the one that db/migrate.py opened, inside its transaction."""

from alembic import context

import db.tables_audit
import db.tables_criteria  # noqa: F401  (its tables join Base.metadata)
from db.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
