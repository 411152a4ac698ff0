"""The database: tables, sessions, queries and migrations. Knows nothing of models, pages or scoring."""
