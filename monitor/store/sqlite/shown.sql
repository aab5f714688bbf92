-- Version 23: which dumps showed a release is read of few rows, and a part of a large dump writes only what it shows.

-- One row for what a dump showed of 256 releases that are neighbours by their numbers.
CREATE TABLE shown (
    block INTEGER NOT NULL, -- of each release the number without its last byte
    dump INTEGER NOT NULL REFERENCES dump (id),
    places BLOB NOT NULL, -- those last bytes, one for each release
    PRIMARY KEY (block, dump)
) STRICT, WITHOUT ROWID;
-- A number that is cut short is left out; `db verify` reports the dump.
INSERT INTO shown (block, dump, places)
SELECT CAST(one.key AS INTEGER) AS block, dump.id AS dump, bytes_of_hex(one.value)
FROM dump JOIN json_each(blocks_of_members(dump.members)) AS one ORDER BY block, dump.id;
ALTER TABLE dump DROP COLUMN members;
