"""Implement the store ports on SQLite."""
