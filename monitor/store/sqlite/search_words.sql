-- The full-text index holds the words that watchlists look for. It is filled again in the background.

DROP TABLE search;
-- Of its words only those of ASCII are folded, and they are folded before; these marks may be inside a word.
CREATE VIRTUAL TABLE search USING fts5(title, body, category, content='', tokenize="ascii tokenchars '.,-^'");
DELETE FROM indexed;
DELETE FROM meta WHERE k = 'search_upto';
