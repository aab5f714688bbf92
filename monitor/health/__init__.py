"""Track whether the daemon is alive and ready, and publish it: state file, HTTP routes, metrics, heartbeat."""
