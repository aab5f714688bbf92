-- Version 7: what a record was taken for is known by its text and, apart from it, its source: a rename forgets nothing.

ALTER TABLE seen RENAME TO seen_before;
CREATE TABLE seen (
    source TEXT NOT NULL,
    digest BLOB NOT NULL, -- sha256 of the record's text
    release INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (source, digest)
) STRICT, WITHOUT ROWID;
-- What cannot be converted is forgotten: such a record is compared once more when it comes again.
INSERT INTO seen (source, digest, release, seq)
WITH converted AS MATERIALIZED (
    SELECT release.source, version.release, version.seq, digest_without_source(
        seen_before.full, release.source, version.category, version.title, version.body, version.date
    ) AS digest
    FROM seen_before
    JOIN release ON release.id = seen_before.release
    JOIN version ON version.release = seen_before.release AND version.seq = seen_before.seq
)
SELECT source, digest, release, seq FROM converted WHERE digest IS NOT NULL ORDER BY source, digest;
DROP TABLE seen_before;
