-- Version 18: how the age of each dump is known, and of each release the evidence that later dumps are compared with.

ALTER TABLE dump ADD COLUMN evidence TEXT; -- stamp | file_time | newest_date | arrival; NULL: an older version stored it
ALTER TABLE dump ADD COLUMN newest TEXT; -- its newest record date; NULL: unknown, or no evidence
CREATE INDEX dump_stamped ON dump (source, listing, as_of) WHERE evidence = 'stamp' AND listing IS NOT NULL;
ALTER TABLE release ADD COLUMN stamped TEXT; -- the latest timestamp in the name of a dump that told of it
ALTER TABLE release ADD COLUMN newest TEXT; -- the newest record date of the dumps that showed its current text
-- A dump whose name gives the day of its as-of had a timestamp. One from after its arrival was none.
UPDATE dump SET evidence = 'stamp' WHERE as_of < strftime('%Y-%m-%dT%H:%M:%fZ', at, '+1 day') AND EXISTS (
    SELECT 1 FROM json_each('["-1 day", "+0 day", "+1 day"]') AS day
    WHERE instr(replace(dump.name, '-', ''), strftime('%Y%m%d', dump.as_of, day.value))
);
UPDATE dump SET as_of = at WHERE as_of > strftime('%Y-%m-%dT%H:%M:%fZ', at, '+1 day');
UPDATE release SET confirmed = (SELECT max(at) FROM dump)
WHERE confirmed > strftime('%Y-%m-%dT%H:%M:%fZ', (SELECT max(at) FROM dump), '+1 day');
UPDATE release SET withdrawn = (SELECT max(at) FROM dump)
WHERE withdrawn > strftime('%Y-%m-%dT%H:%M:%fZ', (SELECT max(at) FROM dump), '+1 day');
WITH stamps AS MATERIALIZED (SELECT DISTINCT source, as_of FROM dump WHERE evidence = 'stamp')
UPDATE release SET stamped = max(
    iif((source, confirmed) IN (SELECT source, as_of FROM stamps), confirmed, ''),
    iif((source, coalesce(withdrawn, '')) IN (SELECT source, as_of FROM stamps), withdrawn, '')
);
UPDATE release SET stamped = NULL WHERE stamped = '';
