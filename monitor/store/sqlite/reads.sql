-- Version 24: what a listing shows is found by its days, and the last file of each source by its time.

CREATE INDEX release_listed ON release (source, date) WHERE state = 'listed';
-- Its condition holds for every row, and keeps it from those who read all files of a source: they read the table.
CREATE INDEX file_last ON file (source, at) WHERE at > '';
