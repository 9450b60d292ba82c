"""Accounts, their keys and granted appeals, in SQLite or PostgreSQL: docs/directory.md."""
