"""Adapters for the ports of a store that several monitors share, on PostgreSQL."""
