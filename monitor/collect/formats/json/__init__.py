"""Read JSON: lists, lines, documents in a row, and records inside an envelope."""
