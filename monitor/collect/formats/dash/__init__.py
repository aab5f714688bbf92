"""Parse dumps whose records are separated by a line with a dash."""
