-- Version 6: `dumps` is read page by page, in the order of time.

CREATE INDEX dump_at ON dump (at);
CREATE INDEX file_duplicate ON file (at, dump, path) WHERE status = 'duplicate';
