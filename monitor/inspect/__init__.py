"""Answer read-only questions about the store, the configuration and the daemon, for commands and pages."""
