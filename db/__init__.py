"""The database: tables, sessions, migrations and reading queries. Knows nothing of models or screens."""
