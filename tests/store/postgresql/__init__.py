"""Tests of what is different on PostgreSQL, on a real server."""
