"""The state: the ports of `monitor.ports` on SQLite."""
