"""The state: the ports of `monitor.ports` on a database."""
