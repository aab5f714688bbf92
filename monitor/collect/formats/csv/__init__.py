"""Read tables of delimited values, a release in each row."""
