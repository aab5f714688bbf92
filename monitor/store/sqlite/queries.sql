-- The statements that SQLite spells in its own way, by name; ../queries.sql has the others.

-- name: moved_heads
-- Of the releases a batch was decided on, those that are no longer at the version it saw.
SELECT release.id FROM json_each(:expected) AS e JOIN release ON release.id = CAST(e.key AS INTEGER)
WHERE release.seq <> e.value LIMIT 1;

-- name: add_reading
-- It has given the text as well; who tries one mapping after another comes back to one of the last few.
UPDATE version SET reading = substr(
    ltrim(replace(' ' || coalesce(reading, '') || ' ', ' ' || :reading || ' ', ' ') || :reading), -400
)
WHERE id = (SELECT head FROM release WHERE id = :release);

-- name: last_dumps
-- From one source to the next, and of each only the end of the index.
WITH RECURSIVE known (source) AS (
    SELECT min(source) FROM file WHERE at > ''
    UNION ALL
    SELECT (SELECT min(file.source) FROM file WHERE file.source > known.source AND at > '')
    FROM known WHERE known.source IS NOT NULL
)
SELECT source, (SELECT max(at) FROM file WHERE file.source = known.source AND at > '') AS at
FROM known WHERE source IS NOT NULL;

-- name: unreported_rejects
-- Without those of a large dump that is being ingested: its end alerts to them. since: where none came, it has ended.
SELECT source, count(*) AS n FROM reject WHERE unreported = 1 AND NOT (
    at > :since AND EXISTS (SELECT 1 FROM dump WHERE dump.id = reject.dump AND dump.status = 'superseded')
) GROUP BY source;

-- name: take_unreported
UPDATE reject SET unreported = 0 WHERE source = :source AND unreported = 1 RETURNING id;

-- name: claim
-- The oldest message due on a channel; a later one never overtakes it unless it waits for a retry. One that was made
-- later than now was made before the clock was set back: it is due.
UPDATE message SET state = 'leased', attempts = attempts + 1
WHERE id = (
    SELECT id FROM message
    WHERE channel = :channel AND state = 'pending' AND (due <= :now OR created_at > :now) AND expires_at > :now
        AND urgent >= :urgent
    ORDER BY id LIMIT 1
)
RETURNING id, channel, kind, attempts, CAST(payload_json AS BLOB) AS payload_json, expires_at, token;

-- name: extend_expiry
-- The max_age of what waits on a muted channel begins after the mute; NULL: its max_age reaches further than any calendar.
UPDATE message SET expires_at = max(expires_at, coalesce(
    CASE WHEN json_valid(payload_json) THEN
        strftime('%Y-%m-%dT%H:%M:%fZ', :until, json_extract(payload_json, '$.max_age') || ' seconds')
    END, expires_at
))
WHERE channel = :name AND state = 'pending';

-- name: events_by_id
SELECT event.*, dump.name AS dump_name, version.title, version.date, version.category,
    coalesce(release.url, version.url) AS url, coalesce(release.ref, version.ref) AS ref,
    (SELECT json_group_array(other) FROM related WHERE related.release = event.release AND event.kind = 'new') AS related
FROM event
JOIN dump ON dump.id = event.dump
LEFT JOIN version ON version.release = event.release AND version.seq = event.version
LEFT JOIN release ON release.id = event.release
WHERE event.id IN (SELECT value FROM json_each(:ids)) ORDER BY event.id;

-- name: texts
-- Versions, each with the head before it: the one before that was not stale.
SELECT version.release, version.seq, version.title, version.body, version.date, version.category, version.pruned,
    former.seq AS old_seq, former.title AS old_title, former.body AS old_body, former.date AS old_date,
    former.category AS old_category, former.pruned AS old_pruned
FROM json_each(:wanted) AS one CROSS JOIN version
    ON version.release = json_extract(one.value, '$[0]') AND version.seq = json_extract(one.value, '$[1]')
LEFT JOIN version AS former ON former.release = version.release AND former.seq = (
    SELECT max(seq) FROM version AS earlier
    WHERE earlier.release = version.release AND earlier.seq < version.seq AND earlier.kind <> 'stale'
);

-- name: newest_message_ids_in_state
-- In most states are few of all messages: an index is read, and of it the newest taken.
SELECT id FROM message INDEXED BY message_due
WHERE state = :state AND id < :before AND (:channel IS NULL OR channel = :channel) ORDER BY id DESC LIMIT :limit;

-- name: dumps_showing
-- One page of the dumps that showed a release; only dumps that showed it or one of its neighbours are read.
SELECT dump.id, dump.name, dump.at FROM shown CROSS JOIN dump ON dump.id = shown.dump
WHERE shown.block = :block AND shown.dump > :after AND instr(shown.places, :place)
ORDER BY shown.dump LIMIT :limit;

-- name: newest_dumps_showing
SELECT dump.id, dump.name, dump.at FROM shown CROSS JOIN dump ON dump.id = shown.dump
WHERE shown.block = :block AND shown.dump < :before AND instr(shown.places, :place)
ORDER BY shown.dump DESC LIMIT :limit;

-- name: release_events
SELECT event.*, dump.name AS dump_name, version.title, version.date, version.category,
    coalesce(release.url, version.url) AS url, coalesce(release.ref, version.ref) AS ref,
    (SELECT json_group_array(other) FROM related WHERE related.release = event.release AND event.kind = 'new') AS related
FROM event
JOIN dump ON dump.id = event.dump
LEFT JOIN version ON version.release = event.release AND version.seq = event.version
LEFT JOIN release ON release.id = event.release
WHERE event.release = :release AND event.id > :after ORDER BY event.id LIMIT :limit;

-- name: waiting_since
-- When the messages were made that still wait; the plus keeps SQLite from reading all messages by their times.
WITH RECURSIVE name (channel) AS (
    SELECT min(channel) FROM message
    UNION ALL SELECT (SELECT min(channel) FROM message WHERE channel > name.channel) FROM name
    WHERE name.channel IS NOT NULL
)
SELECT message.created_at
FROM name CROSS JOIN message ON message.channel = name.channel AND message.state IN ('pending', 'leased', 'held')
WHERE +message.created_at < :until AND message.kind IN ('instant', 'digest', 'summary') LIMIT :limit;

-- name: count_days
-- Events of each kind between neighbours of :moments, which the caller cuts at its own midnights; none where there are none.
SELECT days.key AS day, event.kind, count(*) AS n
FROM json_each(:moments) AS days JOIN event
    ON event.at >= days.value AND event.at < json_extract(:moments, '$[' || (days.key + 1) || ']')
GROUP BY days.key, event.kind;

-- name: to_index
-- Versions after a mark, each with whether it is a head and with what stands in the index for its release.
SELECT version.id, version.release, version.title, version.body, version.category, release.head = version.id AS is_head,
    indexed.version AS old, former.title AS old_title, former.body AS old_body, former.category AS old_category
FROM version JOIN release ON release.id = version.release
LEFT JOIN indexed ON indexed.release = version.release
LEFT JOIN version AS former ON former.id = indexed.version
WHERE version.id > :after ORDER BY version.id LIMIT :most;

-- name: unindex
INSERT INTO search (search, rowid, title, body, category) VALUES ('delete', :id, :title, :body, :category);

-- name: index_text
INSERT INTO search (rowid, title, body, category) VALUES (:id, :title, :body, :category);

-- name: set_indexed
INSERT INTO indexed (release, version) VALUES (:release, :id)
ON CONFLICT (release) DO UPDATE SET version = excluded.version;

-- name: current_releases
-- Releases whose head is one of these versions; one that was edited since is searched by itself. The release is found
-- through its version: its head has no index.
SELECT release.id
FROM json_each(:versions) AS one JOIN version ON version.id = one.value
JOIN release ON release.id = version.release AND release.head = version.id
WHERE (:since IS NULL OR release.date >= :since);

-- name: unindexed_heads
-- One page of heads that came after the mark.
SELECT version.id, version.title, version.body, version.category
FROM version JOIN release ON release.id = version.release AND release.head = version.id
WHERE version.id > :after AND (:since IS NULL OR release.date >= :since) ORDER BY version.id LIMIT :limit;

-- name: begin_unindexed
-- A table of this connection alone, of the same words as the index.
CREATE VIRTUAL TABLE IF NOT EXISTS temp.unindexed USING fts5(
    title, body, category, tokenize="ascii tokenchars '.,-^'"
);

-- name: clear_unindexed
DELETE FROM temp.unindexed;

-- name: add_unindexed
INSERT INTO temp.unindexed (rowid, title, body, category) VALUES (:id, :title, :body, :category);

-- name: begin_search_words
CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_words USING fts5vocab(main, search, row);

-- name: begin_search_places
CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_places USING fts5vocab(main, search, instance);

-- name: search_words
-- The distinct words from one to another.
SELECT term FROM temp.search_words WHERE term >= :first AND term <= :last;

-- name: search_texts
-- The texts that some of these words are in.
SELECT rowid FROM main.search WHERE search MATCH :words;

-- name: search_places
-- Where these words are.
SELECT doc, col, offset FROM temp.search_places WHERE term IN (SELECT value FROM json_each(:words));

-- name: begin_unindexed_words
CREATE VIRTUAL TABLE IF NOT EXISTS temp.unindexed_words USING fts5vocab(temp, unindexed, row);

-- name: begin_unindexed_places
CREATE VIRTUAL TABLE IF NOT EXISTS temp.unindexed_places USING fts5vocab(temp, unindexed, instance);

-- name: unindexed_words
-- The distinct words from one to another.
SELECT term FROM temp.unindexed_words WHERE term >= :first AND term <= :last;

-- name: unindexed_texts
-- The texts that some of these words are in.
SELECT rowid FROM temp.unindexed WHERE unindexed MATCH :words;

-- name: unindexed_places
-- Where these words are.
SELECT doc, col, offset FROM temp.unindexed_places WHERE term IN (SELECT value FROM json_each(:words));

-- name: old_versions
-- Texts older than a day that are no head's and that no waiting or unfinished message needs, from the release on of which
-- the last step was.
SELECT version.id FROM (
    SELECT DISTINCT release FROM version INDEXED BY version_later
    WHERE seq > 1 AND release >= coalesce((SELECT release FROM version WHERE id = :after), 0) ORDER BY release
) AS later CROSS JOIN release ON release.id = later.release CROSS JOIN version ON version.release = later.release
WHERE version.id <> release.head AND version.pruned IS NULL AND version.at < :before AND NOT EXISTS (
    SELECT 1 FROM event JOIN message_item ON message_item.event = event.id
    LEFT JOIN message ON message.id = message_item.message
    WHERE event.release = version.release
        AND (message.id IS NULL OR message.state IN ('pending', 'leased', 'held'))
) AND version.id NOT IN (SELECT version FROM indexed WHERE indexed.release = version.release)
LIMIT :most;

-- name: delete_matched
DELETE FROM matched WHERE (watchlist, event) IN (
    SELECT one.value, event.id
    FROM event JOIN json_each(iif(json_valid(event.watchlists), event.watchlists, '[]')) AS one
    WHERE event.id IN (SELECT value FROM json_each(:ids))
);

-- name: broken_matches
-- Events whose watchlists differ from the rows of `matched`; a list that cannot be read is none.
WITH listed AS (
    SELECT one.value AS watchlist, event.id AS event,
        one.value IN (SELECT value FROM json_each(iif(json_valid(event.alert), event.alert, '[]'))) AS notified
    FROM event JOIN json_each(iif(json_valid(event.watchlists), event.watchlists, '["?"]')) AS one
    WHERE event.watchlists <> '[]'
)
SELECT event FROM (SELECT * FROM listed EXCEPT SELECT watchlist, event, notified FROM matched)
UNION
SELECT event FROM (SELECT watchlist, event, notified FROM matched EXCEPT SELECT * FROM listed);

-- name: move_messages
-- The clock was set: as much time is left as before. NULL: a time beyond the calendar, which stays.
UPDATE message SET created_at = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', created_at, :by), created_at),
    due = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', due, :by), due),
    expires_at = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', expires_at, :by), expires_at)
WHERE state IN ('pending', 'leased', 'held');

-- name: move_recent_messages
-- The limit per hour counts them.
UPDATE message SET created_at = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', created_at, :by), created_at)
WHERE state NOT IN ('pending', 'leased', 'held') AND created_at > :recent
    AND channel IN (SELECT name FROM channel_state);

-- name: move_attempts
UPDATE attempt SET started_at = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', started_at, :by), started_at),
    leased_until = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', leased_until, :by), leased_until)
WHERE ended_at IS NULL;

-- name: move_notices
UPDATE message_item SET since = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', since, :by), since) WHERE message IS NULL;

-- name: move_channel_states
UPDATE channel_state SET opened_until = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', opened_until, :by), opened_until),
    tokens_at = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', tokens_at, :by), tokens_at),
    failing_since = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', failing_since, :by), failing_since),
    flood_until = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', flood_until, :by), flood_until),
    resumed = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', resumed, :by), resumed);

-- name: move_mutes
-- They are given as durations.
UPDATE mute SET until = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', until, :by), until);

-- name: move_tails
UPDATE reject SET at = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', at, :by), at) WHERE state = 'held';

-- name: move_expectations
-- Since when a source is expected to send a dump, or is silent.
UPDATE meta SET v = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', v, :by), v)
WHERE k >= 'silent:' AND k < 'silent;' OR k >= 'expected:' AND k < 'expected;';

-- name: move_last_dumps
-- The newest file of each source: its silence is counted from there.
UPDATE file SET at = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', at, :by), at)
WHERE (source, at) IN (SELECT source, max(at) FROM file GROUP BY source);

-- name: correct_files
-- The clock was set back: what seems to lie in the future happened while it ran ahead.
UPDATE file SET at = min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', at, :by), :now)) WHERE at > :now;

-- name: correct_messages
UPDATE message SET
    created_at = iif(created_at > :now, min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', created_at, :by), :now)), created_at),
    due = iif(due > :now, min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', due, :by), :now)), due),
    sent_at = iif(sent_at > :now, min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', sent_at, :by), :now)), sent_at)
WHERE state IN ('sent', 'dead', 'dropped') AND (created_at > :now OR sent_at > :now);

-- name: correct_versions
UPDATE version SET at = min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', at, :by), :now))
WHERE (release, seq) IN (SELECT release, version FROM event WHERE at > :now) AND at > :now;

-- name: correct_events
UPDATE event SET at = min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', at, :by), :now)) WHERE at > :now;

-- name: correct_dumps
UPDATE dump SET at = min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', at, :by), :now)) WHERE at > :now;

-- name: correct_views
-- A later dump must not look older than these. Where two would become one row, the second stays as it is.
UPDATE OR IGNORE dump SET as_of = min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', as_of, :by), :now))
WHERE as_of > :now;

-- name: correct_confirmations
UPDATE release SET
    confirmed = iif(confirmed > :now, min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', confirmed, :by), :now)), confirmed),
    withdrawn = iif(withdrawn > :now, min(:now, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', withdrawn, :by), :now)), withdrawn),
    stamped = iif(stamped > :now, NULL, stamped) -- it was believed while the clock ran ahead
WHERE confirmed > :now OR withdrawn > :now OR stamped > :now;

-- name: extend_expiries
UPDATE message SET expires_at = coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', expires_at, :by), expires_at)
WHERE state IN ('pending', 'leased');

-- name: dump_of_path
SELECT * FROM dump WHERE id = (SELECT dump FROM file WHERE path = :path AND source = :source);

-- name: set_ledger_entry
INSERT INTO file (path, source, name, dev, inode, size, mtime_ns, ctime_ns, sha, dump, parser, status, at)
VALUES (:path, :source, :name, :dev, :inode, :size, :mtime_ns, :ctime_ns, :sha, :dump, :parser, :status, :at)
ON CONFLICT (path, source) DO UPDATE SET
    name = excluded.name, dev = excluded.dev, inode = excluded.inode, size = excluded.size,
    mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, sha = excluded.sha, dump = excluded.dump,
    parser = excluded.parser, status = excluded.status, at = excluded.at;

-- name: confirm_file
UPDATE file SET dev = :dev, inode = :inode, size = :size, mtime_ns = :mtime_ns, ctime_ns = :ctime_ns
WHERE path = :path AND source = :source;

-- name: ledger
SELECT path, dev, inode, size, mtime_ns, ctime_ns, sha, status, parser FROM file WHERE source = :source;

-- name: ledger_entry
-- Asked for every event of a file: by its key, whatever the ledger holds.
SELECT dev, inode, size, mtime_ns, ctime_ns, sha, status, parser FROM file
WHERE path = :path AND source = :source;

-- name: join_files
DELETE FROM file WHERE source = :old AND path IN (SELECT path FROM file WHERE source = :new);

-- name: add_version
INSERT INTO version (id, release, seq, fold_hash, kind, category, title, date, body, dump, at, url, ref, reading)
VALUES (:id, :release, :seq, :fold_hash, :kind, :category, :title, :date, :body, :dump, :at, :url, :ref, :reading);

-- name: seen_records
SELECT seen.digest, seen.release, seen.seq, release.seq = seen.seq AND release.state = 'listed' AS is_current
FROM seen JOIN release ON release.id = seen.release WHERE seen.source = :source AND seen.digest IN (:keys);

-- name: add_dump
INSERT INTO dump (
    source, name, sha, size, mtime, as_of, evidence, newest, take, status, encoding, n, n_new, n_changed, n_completed, n_enriched,
    n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, listing, at
) VALUES (
    :source, :name, :sha, :size, :mtime, :as_of, :evidence, :newest,
    (SELECT count(*) FROM dump AS same WHERE same.source = :source AND same.sha = :sha AND same.as_of = :as_of), :status, :encoding, :n, :n_new, :n_changed, :n_completed,
    :n_enriched, :n_reread, :n_cosmetic, :n_stale, :n_unchanged, :n_withdrawn, :n_reappeared, :n_rejected, :listing, :at
) RETURNING *;

-- name: attempts
SELECT message, started_at AS at, ended_at, outcome, code, reason_redacted AS reason, NULL AS late FROM attempt
WHERE message IN (SELECT value FROM json_each(:messages)) ORDER BY message, n;

-- name: expire
UPDATE message SET state = 'dead', last_reason = 'older than max_age' || coalesce('; last: ' || last_reason, '')
WHERE state = 'pending' AND expires_at <= :now RETURNING channel, kind;

-- name: requeue
UPDATE message SET state = 'pending', attempts = 0, due = :now, expires_at = :expires WHERE id = :id;

-- name: drop
UPDATE message SET state = 'dropped', last_reason = 'dropped by hand' || coalesce('; last: ' || last_reason, '')
WHERE id = :id;

-- name: delete_messages
DELETE FROM message WHERE id IN (SELECT value FROM json_each(:ids));

-- name: delete_events
DELETE FROM event WHERE id IN (SELECT value FROM json_each(:ids));

-- name: count_events
-- As in count_by_kind_and_source.
SELECT kind, sum(n) AS n FROM (SELECT kind, count(*) AS n FROM event GROUP BY at, kind) AS one_time GROUP BY kind;

-- name: count_messages
SELECT channel, state, count(*) AS n FROM message GROUP BY channel, state;

-- name: count_sources
-- Every release was new in one dump: to add these up reads no release.
SELECT source, count(*) AS dumps, max(at) AS last_at, sum(n_new) AS releases,
    (SELECT count(*) FROM reject WHERE reject.source = dump.source AND state = 'rejected') AS rejected,
    (SELECT count(*) FROM reject WHERE reject.source = dump.source AND state = 'held') AS held
FROM dump GROUP BY source;

-- name: delivery_times
-- When a message was sent is read of its attempt: in its own row that stands behind all its facts.
WITH RECURSIVE name (channel) AS (
    SELECT min(channel) FROM message
    UNION ALL SELECT (SELECT min(channel) FROM message WHERE channel > name.channel) FROM name
    WHERE name.channel IS NOT NULL
)
SELECT message.created_at, attempt.ended_at AS sent_at
FROM name CROSS JOIN message ON message.channel = name.channel AND message.created_at >= :since AND message.created_at < :until
CROSS JOIN attempt ON attempt.message = message.id AND attempt.outcome = 'ok'
WHERE message.kind IN ('instant', 'digest', 'summary')
ORDER BY message.created_at DESC LIMIT :limit;

-- name: old_messages
-- Finished ones only, and never the newest: its number must not be assigned again.
SELECT id FROM message WHERE id > :after AND id < coalesce(:end, 9000000000000000000) AND id < (SELECT max(id) FROM message)
    AND state IN ('sent', 'dead', 'dropped') ORDER BY id LIMIT :most;

-- name: old_events
SELECT id FROM event WHERE id > :after AND id < coalesce(:end, 9000000000000000000) AND id < (SELECT max(id) FROM event) AND NOT EXISTS (
    SELECT 1 FROM message_item LEFT JOIN message ON message.id = message_item.message
    WHERE message_item.event = event.id
        AND (message.id IS NULL OR message.state IN ('pending', 'leased', 'held'))
) ORDER BY id LIMIT :most;
