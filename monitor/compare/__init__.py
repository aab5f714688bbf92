"""Compare: decide which release each record of a dump shows, and what changed."""
