"""The edges: configuration, daemon, schedule, commands."""
