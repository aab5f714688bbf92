-- Version 4: what tells look-alikes apart, so that nobody has to read the texts of all days around.

-- The head's, as `compare.forms.sketch` makes it; a release that an older version stored has none.
CREATE TABLE sketch (
    release INTEGER PRIMARY KEY REFERENCES release (id),
    title TEXT NOT NULL,
    length INTEGER NOT NULL,
    sample BLOB NOT NULL
) STRICT;
