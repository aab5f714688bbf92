-- Version 3: full-text search over heads, and versions whose text was pruned.

-- The index holds no text of its own; `indexed` says which version of a release stands in it.
CREATE VIRTUAL TABLE search USING fts5(
    title, body, category, content='version', content_rowid='id', tokenize='unicode61'
);
CREATE TABLE indexed (release INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;

-- When a version's body was pruned; its hash stays, so that it is known when it comes again.
ALTER TABLE version ADD COLUMN pruned TEXT;
CREATE INDEX version_later ON version (release) WHERE seq > 1;
