"""Watch source folders: which files arrived, when one is complete, and when to scan again."""
