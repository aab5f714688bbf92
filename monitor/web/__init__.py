"""The web page, its feeds and REST, in a process of their own that only reads the store."""
