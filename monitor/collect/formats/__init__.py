"""Parse input formats; each format is one module or package."""
