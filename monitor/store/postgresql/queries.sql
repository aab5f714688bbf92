-- The statements that PostgreSQL spells in its own way, by name; ../queries.sql has the others. What both read is
-- translated as those are.

-- name: moved_heads
-- Of the releases a batch was decided on, those that are no longer at the version it saw.
SELECT release.id FROM json_each_text(:expected::json) AS e JOIN release ON release.id = e.key::bigint
WHERE release.seq <> e.value::bigint LIMIT 1;

-- name: aliases_of_keys
-- The newest releases under each of these keys, newest first; the others are not read.
SELECT one.key, found.release FROM unnest(:keys::bytea[]) AS one (key) CROSS JOIN LATERAL (
    SELECT alias.release FROM alias WHERE alias.key = one.key ORDER BY alias.release DESC LIMIT :most
) AS found
ORDER BY one.key, found.release DESC;

-- name: heads_around
-- The heads of these releases, and of those under each of these keys that has few. Each is looked up by itself: how many
-- there are, no statistics say.
SELECT found.* FROM (
    SELECT release FROM (
        SELECT found.release, count(*) OVER (PARTITION BY one.key) AS releases
        FROM unnest(:keys::bytea[]) AS one (key) CROSS JOIN LATERAL (
            SELECT alias.release FROM alias WHERE alias.key = one.key ORDER BY alias.release DESC LIMIT :most
        ) AS found
    ) AS under WHERE releases < :most
    UNION (SELECT value FROM json_each(:numbers))
) AS named CROSS JOIN LATERAL (
    SELECT release.id, release.seq, release.confirmed, release.stamped, release.newest, release.withdrawn, version.title,
        version.body, version.date, version.category, release.url, release.ref, version.reading,
        (SELECT max(seq) FROM version AS own WHERE own.release = release.id) AS last
    FROM release JOIN version ON version.id = release.head WHERE release.id = named.release LIMIT 1
) AS found;

-- name: past_versions_around
-- Of the same releases those that are not the head.
SELECT found.* FROM (
    SELECT release FROM (
        SELECT found.release, count(*) OVER (PARTITION BY one.key) AS releases
        FROM unnest(:keys::bytea[]) AS one (key) CROSS JOIN LATERAL (
            SELECT alias.release FROM alias WHERE alias.key = one.key ORDER BY alias.release DESC LIMIT :most
        ) AS found
    ) AS under WHERE releases < :most
    UNION (SELECT value FROM json_each(:numbers))
) AS named CROSS JOIN LATERAL (
    SELECT version.release, version.fold_hash, version.date, version.category, version.kind <> 'stale' AS was_current
    FROM version JOIN release ON release.id = version.release
    WHERE version.release = named.release AND version.seq <> release.seq OFFSET 0
) AS found;

-- name: sketches_of_keys
-- The sketches of the newest releases under these keys.
SELECT found.* FROM (
    SELECT DISTINCT under.release FROM unnest(:keys::bytea[]) AS one (key) CROSS JOIN LATERAL (
        SELECT alias.release FROM alias WHERE alias.key = one.key ORDER BY alias.release DESC LIMIT :most
    ) AS under ORDER BY under.release DESC LIMIT :most
) AS newest CROSS JOIN LATERAL (
    SELECT release.id, release.date, sketch.title, sketch.length, sketch.sample
    FROM release LEFT JOIN sketch ON sketch.release = release.id WHERE release.id = newest.release LIMIT 1
) AS found
ORDER BY found.id;

-- name: earlier_texts_of_path
-- The releases of which the dump that a path showed last, before it was rewritten, showed an earlier text.
SELECT release, version FROM event WHERE (reverted OR kind = 'stale') AND dump = (
    SELECT dump.id FROM file JOIN dump ON dump.id = file.dump
    WHERE file.path = :path AND file.source = :source AND file.place = :here AND dump.sha <> :sha
);

-- name: generation
SELECT generation FROM source WHERE name = :source;

-- name: lock_source
-- The turn of a source: its row, until the transaction ends.
SELECT generation FROM source WHERE name = :source FOR UPDATE;

-- name: add_source
INSERT INTO source (name) VALUES (:source) ON CONFLICT DO NOTHING;

-- name: take_turn
-- Locks the source first of all, moves its generation, and counts what the dump adds. now: of each part of a dump.
INSERT INTO source (name, generation, last_at, dumps, releases, dump_at)
VALUES (:source, :moves, :at, :dumps, :releases, :now)
ON CONFLICT (name) DO UPDATE SET generation = source.generation + excluded.generation,
    last_at = greatest(source.last_at, excluded.last_at), dumps = source.dumps + excluded.dumps,
    releases = source.releases + excluded.releases, dump_at = greatest(source.dump_at, excluded.dump_at)
RETURNING generation;

-- name: decided_on
-- What a batch was decided on, as it is now: the newest complete ingest of its content, and a release that has moved or
-- is not listed as it was; with the ids of its new rows. A statement of its own behind the lock: it sees what the one
-- before has committed.
SELECT (SELECT max(id) FROM dump WHERE source = :source AND sha = :sha AND status <> 'superseded') AS known, (
    SELECT min(release.id) FROM json_each(:expected::json) AS e JOIN release ON release.id = e.key::bigint
    WHERE release.seq <> (e.value ->> 0)::bigint OR release.state <> e.value ->> 1
) AS moved,
    EXISTS (SELECT 1 FROM reject WHERE path = :path AND source = :source AND state <> 'healed') AS has_rejects,
    (SELECT v FROM meta WHERE k = 'store_id') AS store,
    (SELECT v FROM meta WHERE k = 'renamed:' || :source) AS renamed,
    CASE WHEN :is_first THEN nextval('dump_id_seq') END AS dump,
    ARRAY(SELECT nextval('version_id') FROM generate_series(1, :versions)) AS versions,
    ARRAY(SELECT nextval('event_id') FROM generate_series(1, :events)) AS events;

-- name: add_dump
-- Its id is known before, so that nobody waits for its row.
INSERT INTO dump (
    id, source, name, sha, size, mtime, as_of, evidence, newest, take, status, encoding, n, n_new, n_changed, n_completed, n_enriched,
    n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, listing, at
) VALUES (
    :id, :source, :name, :sha, :size, :mtime, :as_of, :evidence, :newest,
    (SELECT count(*) FROM dump AS same WHERE same.source = :source AND same.sha = :sha AND same.as_of = :as_of), :status, :encoding, :n, :n_new, :n_changed, :n_completed,
    :n_enriched, :n_reread, :n_cosmetic, :n_stale, :n_unchanged, :n_withdrawn, :n_reappeared, :n_rejected, :listing, :at
);

-- name: next_event_id
SELECT nextval('event_id') AS id;

-- name: take_numbers
-- A block of release numbers, behind all that were given out, and all that exist in a database that went back in time.
INSERT INTO counter (name, next)
VALUES ('release', (SELECT coalesce(max(id), 0) + 1 FROM release) + :count)
ON CONFLICT (name) DO UPDATE SET
    next = greatest(counter.next, (SELECT coalesce(max(id), 0) + 1 FROM release)) + :count
RETURNING next - :count AS first;

-- name: give_numbers_back
UPDATE counter SET next = :next WHERE name = 'release' AND next = :end;

-- name: sources_of_overdue_tails
SELECT DISTINCT source FROM reject WHERE state = 'held' AND at <= :before ORDER BY source;

-- name: overdue_tails_of
-- They have an alert of their own, which counts them all.
UPDATE reject SET state = 'rejected', at = :at WHERE state = 'held' AND at <= :before AND source = :source
RETURNING id, source, dump, reason, line;

-- name: fill_sources
-- Of each source when its newest file was ingested, and its totals; a later commit finds no older generation.
INSERT INTO source (name, generation, last_at, dumps, releases, dump_at)
SELECT source, 1, max(at), count(dump), coalesce(sum(n_new), 0), max(at) FILTER (WHERE dump IS NOT NULL)
FROM (
    SELECT source, at, id AS dump, n_new FROM dump UNION ALL SELECT source, at, NULL, NULL FROM file
) AS heard GROUP BY source
ON CONFLICT (name) DO UPDATE SET generation = source.generation + 1, last_at = greatest(source.last_at, excluded.last_at),
    dumps = excluded.dumps, releases = excluded.releases, dump_at = excluded.dump_at;

-- name: fill_event_totals
INSERT INTO event_total (since, source, kind, writer, n)
SELECT part.since, source, kind, 'ingest', count(*)
FROM event CROSS JOIN LATERAL (
    VALUES ('-infinity'::timestamptz), (date_bin('15 minutes', at, '2000-01-01T00:00:00Z'))
) AS part (since)
GROUP BY part.since, source, kind
ON CONFLICT (since, source, kind, writer) DO UPDATE SET n = excluded.n;

-- name: fill_message_totals
INSERT INTO message_total (channel, state, writer, n)
SELECT channel, state, 'delivery', count(*) FROM message WHERE state IN ('sent', 'dead', 'dropped')
GROUP BY channel, state
ON CONFLICT (channel, state, writer) DO UPDATE SET n = excluded.n;

-- name: queue_heads
INSERT INTO unindexed (version) SELECT head FROM release ON CONFLICT DO NOTHING;

-- name: skip_ids
SELECT setval('version_id', (SELECT coalesce(max(id), 0) + 1 FROM version), FALSE),
    setval('event_id', (SELECT coalesce(max(id), 0) + 1 FROM event), FALSE),
    setval(pg_get_serial_sequence('dump', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM dump), FALSE),
    setval(pg_get_serial_sequence('reject', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM reject), FALSE),
    setval(pg_get_serial_sequence('message', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM message), FALSE);

-- name: skip_numbers
INSERT INTO counter (name, next) SELECT 'release', coalesce(max(id), 0) + 1 FROM release
ON CONFLICT (name) DO UPDATE SET next = excluded.next;

-- name: living_nodes
-- The others that have beaten within a minute, as the database sees it; the row of one that has died may stand longer.
SELECT facts FROM node
WHERE NOT is_dead AND node <> :here AND beat_at > clock_timestamp() - interval '1 minute' ORDER BY since;

-- name: lock_all_sources
-- No source has its turn, on any machine, until the transaction ends.
SELECT name FROM source ORDER BY name FOR UPDATE;

-- name: join_sources
INSERT INTO source (name, generation, last_at, dumps, releases, dump_at)
SELECT :new, generation + 1, last_at, dumps, releases, dump_at FROM source WHERE name = :old
ON CONFLICT (name) DO UPDATE SET generation = source.generation + excluded.generation,
    last_at = greatest(source.last_at, excluded.last_at), dumps = source.dumps + excluded.dumps,
    releases = source.releases + excluded.releases, dump_at = greatest(source.dump_at, excluded.dump_at);

-- name: join_event_totals
WITH old AS (DELETE FROM event_total WHERE source = :old RETURNING since, kind, writer, n)
INSERT INTO event_total (since, source, kind, writer, n) SELECT since, :new, kind, writer, n FROM old
ON CONFLICT (since, source, kind, writer) DO UPDATE SET n = event_total.n + excluded.n;

-- name: delete_source
DELETE FROM source WHERE name = :old;

-- name: follow_rename
-- What had its name before `old` has another one now.
UPDATE meta SET v = :new WHERE k >= 'renamed:' AND k < 'renamed;' AND v = :old;

-- name: renamed_sources
SELECT substr(k, length('renamed:') + 1) AS source, v FROM meta WHERE k >= 'renamed:' AND k < 'renamed;';

-- name: rename_baselines
-- A place that has dumps of both names keeps its baseline of the new one.
UPDATE baseline SET source = :new WHERE source = :old AND place NOT IN (
    SELECT place FROM baseline WHERE source = :new
);

-- name: delete_baselines
DELETE FROM baseline WHERE source = :old;

-- name: baseline_state
SELECT state, is_later FROM baseline WHERE source = :source AND place = :here;

-- name: begin_baseline
INSERT INTO baseline (source, place, state, is_later) SELECT :source, :here, 'open',
    EXISTS (SELECT 1 FROM dump WHERE source = :source)
    AND NOT EXISTS (SELECT 1 FROM baseline WHERE source = :source AND state = 'open' AND NOT is_later AND NOT reported);

-- name: end_baseline
INSERT INTO baseline (source, place, state) VALUES (:source, :here, 'done')
ON CONFLICT (source, place) DO UPDATE SET state = excluded.state;

-- name: baseline_of_place
-- What the files of one place alone have added.
SELECT count(DISTINCT event.release) FILTER (WHERE event.kind = 'new') AS releases,
    count(DISTINCT event.release) FILTER (WHERE event.watchlists <> '[]') AS matched
FROM file JOIN event ON event.dump = file.dump
WHERE file.source || '' = :source AND file.place || '' = :here AND file.status <> 'duplicate';

-- name: cut_off_baselines
-- Those whose place has neither beaten nor stored a file for an hour; of the first ones of a source none that another
-- place has ended or goes on with.
SELECT one.source, one.place, (
    SELECT max(node.facts::json ->> 'name') FROM node WHERE node.node = one.place
) AS name, one.is_later
FROM baseline AS one
WHERE one.state = 'open' AND NOT one.reported
    AND EXISTS (SELECT 1 FROM file WHERE file.source || '' = one.source AND file.place || '' = one.place)
    AND NOT EXISTS (
        SELECT 1 FROM file WHERE file.source || '' = one.source AND file.place || '' = one.place
            AND file.at > clock_timestamp() - interval '1 hour'
    )
    AND NOT EXISTS (
        SELECT 1 FROM baseline AS other LEFT JOIN node ON node.node = other.place
        WHERE other.source = one.source AND (other.place = one.place OR NOT one.is_later AND NOT other.is_later)
            AND (other.state = 'done' OR node.beat_at > clock_timestamp() - interval '1 hour')
    )
ORDER BY one.source, one.place;

-- name: note_baseline_reported
UPDATE baseline SET reported = TRUE WHERE source = :source AND place = :here;

-- name: any_file
SELECT 1 FROM file WHERE source || '' = :source AND place || '' = :here LIMIT 1;

-- name: dump_of_path
SELECT * FROM dump WHERE id = (SELECT dump FROM file WHERE path = :path AND source = :source AND place = :here);

-- name: set_ledger_entry
-- A copy is a dump of its source, too; nobody waits for the source only to say so a second later.
WITH heard AS (
    UPDATE source SET last_at = :at
    WHERE name = :source AND (last_at IS NULL OR last_at < :at::timestamptz - interval '1 second')
)
INSERT INTO file (path, source, place, name, dev, inode, size, mtime_ns, ctime_ns, sha, dump, parser, status, at)
VALUES (:path, :source, :here, :name, :dev, :inode, :size, :mtime_ns, :ctime_ns, :sha, :dump, :parser, :status, :at)
ON CONFLICT (path, source, place) DO UPDATE SET
    name = excluded.name, dev = excluded.dev, inode = excluded.inode, size = excluded.size,
    mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, sha = excluded.sha, dump = excluded.dump,
    parser = excluded.parser, status = excluded.status, at = excluded.at;

-- name: confirm_file
UPDATE file SET dev = :dev, inode = :inode, size = :size, mtime_ns = :mtime_ns, ctime_ns = :ctime_ns
WHERE path = :path AND source = :source AND place = :here;

-- name: ledger
SELECT path, dev, inode, size, mtime_ns, ctime_ns, sha, status, parser FROM file WHERE source || '' = :source AND place || '' = :here;

-- name: ledger_entry
-- Asked for every event of a file: by its key, whatever the ledger holds.
SELECT dev, inode, size, mtime_ns, ctime_ns, sha, status, parser FROM file
WHERE path = :path AND source = :source AND place = :here;

-- name: join_files
DELETE FROM file WHERE source = :old AND (path, place) IN (SELECT path, place FROM file WHERE source = :new);

-- name: add_version
-- It waits for the search index: ids are given out before commits, so the index would pass over one by a mark.
WITH queued AS (INSERT INTO unindexed (version) VALUES (:id))
INSERT INTO version (id, release, seq, fold_hash, kind, category, title, date, body, dump, at, url, ref, reading)
VALUES (:id, :release, :seq, :fold_hash, :kind, :category, :title, :date, :body, :dump, :at, :url, :ref, :reading);

-- name: add_reading
-- It has given the text as well; who tries one mapping after another comes back to one of the last few.
UPDATE version SET reading = right(
    ltrim(replace(' ' || coalesce(reading, '') || ' ', ' ' || :reading || ' ', ' ') || :reading), 400
)
WHERE id = (SELECT head FROM release WHERE id = :release);

-- name: last_dumps
SELECT name AS source, last_at AS at FROM source WHERE last_at IS NOT NULL;

-- name: unreported_rejects
-- Without those of a large dump that is being ingested: its end alerts to them. since: where none came, it has ended.
SELECT source, count(*) AS n FROM reject WHERE unreported AND NOT (
    at > :since AND EXISTS (SELECT 1 FROM dump WHERE dump.id = reject.dump AND dump.status = 'superseded')
) GROUP BY source;

-- name: take_unreported
UPDATE reject SET unreported = FALSE WHERE source = :source AND unreported RETURNING id;

-- name: claim
-- The oldest message due on a channel; a later one never overtakes it unless it waits for a retry. One that was made
-- later than now was made before the clock was set back: it is due. The order is that of the index of what waits: by
-- the primary key it would pass everything that was ever sent. The lease is locked first: who buries this boot waits
-- for this claim, or this claim finds that the lease has another owner.
WITH owned AS MATERIALIZED (
    SELECT 1 FROM lease WHERE name = :lease AND owner = :boot AND fence = :fence FOR SHARE
), oldest AS MATERIALIZED (
    SELECT id FROM message
    WHERE channel = :channel AND state = 'pending' AND (due <= :now OR created_at > :now) AND expires_at > :now
        AND urgent >= :urgent AND EXISTS (SELECT 1 FROM owned)
    ORDER BY id + 0 LIMIT 1 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE message SET state = 'leased', attempts = attempts + 1 WHERE id = (SELECT id FROM oldest)
    RETURNING id, channel, kind, attempts, payload_json, expires_at, token
), opened AS (
    INSERT INTO attempt (message, n, started_at, leased_until, boot) SELECT id, attempts, :now, :until, :boot FROM claimed
), spent AS (
    INSERT INTO channel_state (name, tokens, tokens_at)
    SELECT channel, :tokens::double precision, :now FROM claimed WHERE :tokens::double precision IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET tokens = excluded.tokens, tokens_at = excluded.tokens_at
)
SELECT * FROM claimed;

-- name: claim_again
-- A claim of this boot whose answer was lost, or whose send has not begun: the same attempt.
UPDATE attempt SET leased_until = :until FROM message
WHERE (attempt.message, attempt.n) = (
    SELECT attempt.message, attempt.n FROM attempt JOIN message ON message.id = attempt.message
    WHERE attempt.boot = :boot AND attempt.ended_at IS NULL AND message.channel = :channel AND message.state = 'leased'
        AND message.attempts = attempt.n AND message.id NOT IN (SELECT value FROM json_each(:begun))
        AND EXISTS (SELECT 1 FROM lease WHERE name = :lease AND owner = :boot AND fence = :fence)
    ORDER BY message.id LIMIT 1
) AND attempt.ended_at IS NULL AND message.id = attempt.message
RETURNING message.id, channel, kind, attempts, payload_json, expires_at, token;

-- name: lease_held
-- Nobody takes the lease of this boot until the transaction ends.
SELECT 1 FROM lease WHERE name = :lease AND owner = :boot AND fence = :fence FOR SHARE;

-- name: attach_notices
-- Only those that are in no message.
UPDATE message_item SET message = :message, payload_json = NULL
WHERE channel = :channel AND event IN (SELECT value FROM json_each(:events)) AND message IS NULL
RETURNING event;

-- name: settle_open
-- A boot closes its own attempt, and what it says counts only where it did: whoever was buried closes none.
WITH closed AS (
    UPDATE attempt SET ended_at = :now, outcome = :outcome, code = :code, reason_redacted = :reason
    WHERE message = :message AND n = :n AND boot = :boot AND ended_at IS NULL
    RETURNING message
), settled AS (
    UPDATE message SET state = :state, due = coalesce(:due, due), last_class = :outcome, last_reason = :reason,
        sent_at = :sent_at
    WHERE id = (SELECT message FROM closed) AND attempts = :n AND state = 'leased'
    RETURNING id, channel, state
), counted AS (
    INSERT INTO message_total (channel, state, writer, n)
    SELECT channel, state, 'delivery', 1 FROM settled WHERE state IN ('sent', 'dead', 'dropped')
    ON CONFLICT (channel, state, writer) DO UPDATE SET n = message_total.n + excluded.n
)
SELECT id FROM settled;

-- name: closed_attempt
-- How an attempt of this boot has ended, and whether the boot lives.
SELECT outcome, EXISTS (SELECT 1 FROM node WHERE node.boot = attempt.boot AND NOT is_dead) AS is_living
FROM attempt WHERE message = :message AND n = :n AND boot = :boot FOR UPDATE;

-- name: settle_late
-- Its attempt was taken for lost, and nobody has claimed the message again. What was accepted is sent.
WITH former AS (SELECT id, state FROM message WHERE id = :message FOR UPDATE),
settled AS (
    UPDATE message SET state = :state, due = coalesce(:due, due), last_class = :outcome, last_reason = :reason,
        sent_at = :sent_at
    FROM former WHERE message.id = former.id AND message.id = :message AND attempts = :n
        AND (message.state IN ('pending', 'held') OR (message.state = 'dead' AND :state = 'sent'))
    RETURNING message.id, channel, former.state AS was, message.state AS state
), counted AS (
    INSERT INTO message_total (channel, state, writer, n)
    SELECT channel, part.state, 'delivery', part.n
    FROM settled CROSS JOIN LATERAL (VALUES (was, -1), (settled.state, 1)) AS part (state, n)
    WHERE part.state IN ('sent', 'dead', 'dropped') ORDER BY part.state
    ON CONFLICT (channel, state, writer) DO UPDATE SET n = message_total.n + excluded.n
)
SELECT id FROM settled;

-- name: attempts
SELECT message, started_at AS at, ended_at, outcome, code, reason_redacted AS reason, late FROM attempt
WHERE message IN (SELECT value FROM json_each(:messages)) ORDER BY message, n;

-- name: note_late
UPDATE attempt SET late = :late WHERE message = :message AND n = :n;

-- name: message_to_change
SELECT id, channel, kind, state, sent_at, payload_json FROM message WHERE id = :id FOR UPDATE;

-- name: free_messages_of_the_lost
-- Those of boots that are dead or unknown; of this boot those whose lease has expired and whose verdict is not awaited.
-- Of all, or of what has expired. Attempts first, as wherever both are changed.
WITH lost AS MATERIALIZED (
    SELECT attempt.message, attempt.n FROM attempt JOIN message ON message.id = attempt.message
    WHERE attempt.ended_at IS NULL AND message.expires_at <= coalesce(:expired_by, message.expires_at)
        AND CASE WHEN attempt.boot = :boot THEN
            (leased_until <= :now OR leased_until > :latest OR started_at < :claimed_before)
            AND attempt.message NOT IN (SELECT value FROM json_each(:awaited))
        ELSE NOT EXISTS (SELECT 1 FROM node WHERE node.boot = attempt.boot AND NOT is_dead) END
    FOR UPDATE OF attempt
), closed AS (
    UPDATE attempt SET ended_at = :now, outcome = 'unknown', reason_redacted = 'the process ended during the send'
    FROM lost WHERE attempt.message = lost.message AND attempt.n = lost.n AND ended_at IS NULL
    RETURNING attempt.message, attempt.n
)
UPDATE message SET due = :now, last_class = 'unknown', last_reason = 'the process ended during the send',
    state = CASE WHEN channel IN (SELECT CAST(value AS TEXT) FROM json_each(:holding)) THEN 'held' ELSE 'pending' END
FROM closed WHERE message.id = closed.message AND message.attempts = closed.n AND message.state = 'leased'
RETURNING message.id, message.channel, message.state, message.kind;

-- name: extend_expiry
-- The max_age of what waits on a muted channel begins after the mute; no time is later than the last of the calendar.
UPDATE message SET expires_at = greatest(expires_at, least(
    :until::timestamptz + least(substring(payload_json FROM '"max_age":([0-9.]+)')::double precision, 2.6e11)
        * interval '1 second',
    '9999-12-31T23:59:59.999Z'
))
WHERE channel = :name AND state = 'pending';

-- name: events_by_id
SELECT event.*, dump.name AS dump_name, version.title, version.date, version.category,
    coalesce(release.url, version.url) AS url, coalesce(release.ref, version.ref) AS ref,
    (SELECT coalesce(json_agg(other ORDER BY other), '[]') FROM related
     WHERE related.release = event.release AND event.kind = 'new') AS related
FROM event
JOIN dump ON dump.id = event.dump
LEFT JOIN version ON version.release = event.release AND version.seq = event.version
LEFT JOIN release ON release.id = event.release
WHERE event.id IN (SELECT value FROM json_each(:ids)) ORDER BY event.id;

-- name: newest_events
-- Of each source, of which there are few, the end of an index.
SELECT source, id FROM (
    SELECT name AS source, (SELECT max(event.id) FROM event WHERE event.source = source.name) AS id FROM source
) AS newest WHERE id IS NOT NULL;

-- name: release_events
SELECT event.*, dump.name AS dump_name, version.title, version.date, version.category,
    coalesce(release.url, version.url) AS url, coalesce(release.ref, version.ref) AS ref,
    (SELECT coalesce(json_agg(other ORDER BY other), '[]') FROM related
     WHERE related.release = event.release AND event.kind = 'new') AS related
FROM event
JOIN dump ON dump.id = event.dump
LEFT JOIN version ON version.release = event.release AND version.seq = event.version
LEFT JOIN release ON release.id = event.release
WHERE event.release = :release AND event.id > :after ORDER BY event.id LIMIT :limit;

-- name: texts
-- Versions, each with the head before it: the one before that was not stale.
SELECT version.release, version.seq, version.title, version.body, version.date, version.category, version.pruned,
    former.seq AS old_seq, former.title AS old_title, former.body AS old_body, former.date AS old_date,
    former.category AS old_category, former.pruned AS old_pruned
FROM json_array_elements(:wanted::json) AS one JOIN version
    ON version.release = (one ->> 0)::bigint AND version.seq = (one ->> 1)::bigint
LEFT JOIN version AS former ON former.release = version.release AND former.seq = (
    SELECT max(seq) FROM version AS earlier
    WHERE earlier.release = version.release AND earlier.seq < version.seq AND earlier.kind <> 'stale'
);

-- name: newest_message_ids_in_state
-- In most states are few of all messages: their index is read, which serves no other statement.
SELECT id FROM message
WHERE state || '' = :state AND id + 0 < :before AND (:channel IS NULL OR channel = :channel)
ORDER BY id + 0 DESC LIMIT :limit;

-- name: dumps_showing
-- One page of the dumps that showed a release; only dumps that showed it or one of its neighbours are read.
SELECT dump.id, dump.name, dump.at FROM shown JOIN dump ON dump.id = shown.dump
WHERE shown.block = :block AND shown.dump > :after AND position(:place IN shown.places) > 0
ORDER BY shown.dump LIMIT :limit;

-- name: newest_dumps_showing
SELECT dump.id, dump.name, dump.at FROM shown JOIN dump ON dump.id = shown.dump
WHERE shown.block = :block AND shown.dump < :before AND position(:place IN shown.places) > 0
ORDER BY shown.dump DESC LIMIT :limit;

-- name: waiting_since
-- When the messages were made that still wait; each state has an index of its own.
SELECT created_at FROM (
    SELECT created_at, kind FROM message WHERE state = 'pending'
    UNION ALL SELECT created_at, kind FROM message WHERE state = 'leased'
    UNION ALL SELECT created_at, kind FROM message WHERE state = 'held'
) AS waiting WHERE created_at < :until AND kind IN ('instant', 'digest', 'summary') LIMIT :limit;

-- name: delivery_times
-- Of each channel the newest, from the end of an index: who wants all of them sorts all.
WITH RECURSIVE name (channel) AS (
    SELECT min(channel) FROM message
    UNION ALL SELECT (SELECT min(channel) FROM message WHERE channel > name.channel) FROM name
    WHERE name.channel IS NOT NULL
)
SELECT newest.created_at, newest.sent_at FROM name CROSS JOIN LATERAL (
    SELECT message.created_at, attempt.ended_at AS sent_at
    FROM message JOIN attempt ON attempt.message = message.id AND attempt.outcome = 'ok'
    WHERE message.channel = name.channel AND message.created_at >= :since AND message.created_at < :until
        AND message.kind IN ('instant', 'digest', 'summary')
    ORDER BY message.created_at DESC LIMIT :limit
) AS newest ORDER BY newest.created_at DESC LIMIT :limit;

-- name: count_days
-- Events of each kind between neighbours of :moments, which the caller cuts at its own midnights; none where there are none.
SELECT days.day - 1 AS day, event.kind, count(*) AS n
FROM json_array_elements_text(:moments::json) WITH ORDINALITY AS days (start, day) JOIN event
    ON event.at >= days.start::timestamptz AND event.at < (:moments::json ->> days.day::integer)::timestamptz
GROUP BY days.day, event.kind;

-- name: count_quarters
-- The same of whole quarters of an hour, by their totals.
SELECT days.day - 1 AS day, kind, CAST(sum(n) AS bigint) AS n
FROM json_array_elements_text(:moments::json) WITH ORDINALITY AS days (start, day) JOIN event_total
    ON since >= days.start::timestamptz AND since < (:moments::json ->> days.day::integer)::timestamptz
GROUP BY days.day, kind HAVING sum(n) <> 0;

-- name: old_versions
-- Texts older than a day that are no head's and that no waiting or unfinished message needs, from the release on of which
-- the last step was.
SELECT version.id FROM (
    SELECT DISTINCT release FROM version
    WHERE seq > 1 AND release >= coalesce((SELECT release FROM version WHERE id = :after), 0)
) AS later JOIN release ON release.id = later.release JOIN version ON version.release = later.release
WHERE version.id <> release.head AND version.pruned IS NULL AND version.at < :before AND NOT EXISTS (
    SELECT 1 FROM event JOIN message_item ON message_item.event = event.id
    LEFT JOIN message ON message.id = message_item.message
    WHERE event.release = version.release
        AND (message.id IS NULL OR message.state IN ('pending', 'leased', 'held'))
)
ORDER BY later.release, version.id LIMIT :most;

-- name: old_messages
-- A person may send one again meanwhile: each is locked, and one that somebody changes now stays for another day.
SELECT id FROM message WHERE id > :after AND id < coalesce(:end, 9000000000000000000) AND id < (SELECT max(id) FROM message)
    AND state IN ('sent', 'dead', 'dropped') ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: old_events
-- The same: an event goes where every message that announced it is finished, and is locked so that it stays so.
WITH old AS MATERIALIZED (
    SELECT id FROM event WHERE id > :after AND id < coalesce(:end, 9000000000000000000) AND id < (SELECT max(id) FROM event)
        AND NOT EXISTS (
            SELECT 1 FROM message_item LEFT JOIN message ON message.id = message_item.message
            WHERE message_item.event = event.id
                AND (message.id IS NULL OR message.state IN ('pending', 'leased', 'held'))
        )
    ORDER BY id LIMIT :most
), finished AS MATERIALIZED (
    SELECT id FROM message WHERE id IN (SELECT message FROM message_item JOIN old ON old.id = message_item.event)
        AND state IN ('sent', 'dead', 'dropped') FOR SHARE SKIP LOCKED
)
SELECT id FROM old WHERE id NOT IN (
    SELECT message_item.event FROM message_item JOIN old ON old.id = message_item.event
    LEFT JOIN finished ON finished.id = message_item.message WHERE finished.id IS NULL
) ORDER BY id;

-- name: delete_matched
DELETE FROM matched WHERE event IN (SELECT value FROM json_each(:ids));

-- name: broken_matches
-- Events whose watchlists differ from the rows of `matched`; a list that cannot be read is none.
WITH list (shape) AS (
    VALUES ('^\[("([^"\\]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*"(,"([^"\\]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*")*)?\]$')
), listed AS (
    SELECT one AS watchlist, event.id AS event, one IN (
        SELECT json_array_elements_text(CASE WHEN event.alert ~ list.shape THEN event.alert ELSE '[]' END::json)
    ) AS notified
    FROM event CROSS JOIN list CROSS JOIN LATERAL json_array_elements_text(
        CASE WHEN event.watchlists ~ list.shape THEN event.watchlists ELSE '["?"]' END::json
    ) AS one
    WHERE event.watchlists <> '[]'
)
SELECT event FROM (SELECT * FROM listed EXCEPT SELECT watchlist, event, notified FROM matched) AS unlisted
UNION
SELECT event FROM (SELECT watchlist, event, notified FROM matched EXCEPT SELECT * FROM listed) AS astray;

-- name: move_messages
-- The clock was set: as much time is left as before. No time is later than the last of the calendar.
UPDATE message SET created_at = least(created_at + :by::interval, '9999-12-31T23:59:59.999Z'),
    due = least(due + :by::interval, '9999-12-31T23:59:59.999Z'),
    expires_at = least(expires_at + :by::interval, '9999-12-31T23:59:59.999Z')
WHERE state IN ('pending', 'leased', 'held');

-- name: move_recent_messages
-- The limit per hour counts them.
UPDATE message SET created_at = least(created_at + :by::interval, '9999-12-31T23:59:59.999Z')
WHERE state NOT IN ('pending', 'leased', 'held') AND created_at > :recent
    AND channel IN (SELECT name FROM channel_state);

-- name: move_attempts
UPDATE attempt SET started_at = least(started_at + :by::interval, '9999-12-31T23:59:59.999Z'),
    leased_until = least(leased_until + :by::interval, '9999-12-31T23:59:59.999Z')
WHERE ended_at IS NULL;

-- name: move_notices
UPDATE message_item SET since = least(since + :by::interval, '9999-12-31T23:59:59.999Z') WHERE message IS NULL;

-- name: move_channel_states
-- NULL stays NULL: `least` would pass over it.
UPDATE channel_state SET
    opened_until = CASE WHEN opened_until IS NOT NULL THEN least(opened_until + :by::interval, '9999-12-31T23:59:59.999Z') END,
    tokens_at = CASE WHEN tokens_at IS NOT NULL THEN least(tokens_at + :by::interval, '9999-12-31T23:59:59.999Z') END,
    failing_since = CASE WHEN failing_since IS NOT NULL THEN least(failing_since + :by::interval, '9999-12-31T23:59:59.999Z') END,
    flood_until = CASE WHEN flood_until IS NOT NULL THEN least(flood_until + :by::interval, '9999-12-31T23:59:59.999Z') END,
    resumed = CASE WHEN resumed IS NOT NULL THEN least(resumed + :by::interval, '9999-12-31T23:59:59.999Z') END;

-- name: move_mutes
-- They are given as durations.
UPDATE mute SET until = least(until + :by::interval, '9999-12-31T23:59:59.999Z');

-- name: move_tails
UPDATE reject SET at = least(at + :by::interval, '9999-12-31T23:59:59.999Z') WHERE state = 'held';

-- name: move_expectations
-- Since when a source is expected to send a dump, or is silent. What is no time stays.
UPDATE meta SET v = to_char(
    least(v::timestamptz + :by::interval, '9999-12-31T23:59:59.999Z') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
)
WHERE (k >= 'silent:' AND k < 'silent;' OR k >= 'expected:' AND k < 'expected;')
    AND v ~ '^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$';

-- name: move_last_dumps
-- The silence of a source is counted from there.
UPDATE source SET last_at = least(last_at + :by::interval, '9999-12-31T23:59:59.999Z') WHERE last_at IS NOT NULL;

-- name: correct_files
-- The clock was set back: what seems to lie in the future happened while it ran ahead.
WITH heard AS (UPDATE source SET last_at = least(:now, last_at + :by::interval) WHERE last_at > :now)
UPDATE file SET at = least(:now, at + :by::interval) WHERE at > :now;

-- name: correct_messages
UPDATE message SET
    created_at = CASE WHEN created_at > :now THEN least(:now, created_at + :by::interval) ELSE created_at END,
    due = CASE WHEN due > :now THEN least(:now, due + :by::interval) ELSE due END,
    sent_at = CASE WHEN sent_at > :now THEN least(:now, sent_at + :by::interval) ELSE sent_at END
WHERE state IN ('sent', 'dead', 'dropped') AND (created_at > :now OR sent_at > :now);

-- name: correct_versions
UPDATE version SET at = least(:now, at + :by::interval)
WHERE (release, seq) IN (SELECT release, version FROM event WHERE at > :now) AND at > :now;

-- name: correct_events
-- The totals move along.
WITH late AS (SELECT id, at AS was FROM event WHERE at > :now FOR UPDATE),
moved AS (
    UPDATE event SET at = least(:now, at + :by::interval) FROM late WHERE event.id = late.id
    RETURNING source, kind, was, at
)
INSERT INTO event_total (since, source, kind, writer, n)
SELECT date_bin('15 minutes', part.at, '2000-01-01T00:00:00Z') AS since, source, kind, 'clock', sum(part.n)
FROM moved CROSS JOIN LATERAL (VALUES (was, -1), (moved.at, 1)) AS part (at, n)
GROUP BY 1, source, kind HAVING sum(part.n) <> 0 ORDER BY 1, source, kind
ON CONFLICT (since, source, kind, writer) DO UPDATE SET n = event_total.n + excluded.n;

-- name: correct_dumps
WITH moved AS (
    UPDATE dump SET at = least(:now, at + :by::interval) WHERE at > :now RETURNING source, at
)
UPDATE source SET dump_at = greatest(
    (SELECT max(dump.at) FROM dump WHERE dump.source = source.name AND dump.at <= :now),
    (SELECT max(moved.at) FROM moved WHERE moved.source = source.name)
) WHERE dump_at > :now;

-- name: correct_views
-- A later dump must not look older than these. Where several would become one row, all but the first stay as they are.
WITH moved AS (
    SELECT id, source, sha, take, least(:now, as_of + :by::interval) AS as_of,
        row_number() OVER (PARTITION BY source, sha, take, least(:now, as_of + :by::interval) ORDER BY id) AS n
    FROM dump WHERE as_of > :now
)
UPDATE dump SET as_of = moved.as_of FROM moved
WHERE dump.id = moved.id AND moved.n = 1 AND NOT EXISTS (
    SELECT 1 FROM dump AS other
    WHERE other.source = moved.source AND other.sha = moved.sha AND other.take = moved.take
        AND other.as_of = moved.as_of
);

-- name: correct_confirmations
UPDATE release SET
    confirmed = CASE WHEN confirmed > :now THEN least(:now, confirmed + :by::interval) ELSE confirmed END,
    withdrawn = CASE WHEN withdrawn > :now THEN least(:now, withdrawn + :by::interval) ELSE withdrawn END,
    stamped = CASE WHEN stamped > :now THEN NULL ELSE stamped END -- it was believed while the clock ran ahead
WHERE confirmed > :now OR withdrawn > :now OR stamped > :now;

-- name: extend_expiries
UPDATE message SET expires_at = least(expires_at + :by::interval, '9999-12-31T23:59:59.999Z')
WHERE state IN ('pending', 'leased');

-- name: queued
-- Versions that wait for the index. Another monitor that fills it waits here.
SELECT version FROM unindexed ORDER BY version LIMIT :most FOR UPDATE;

-- name: to_index
-- Versions, each with whether it is a head.
SELECT version.id, version.release, version.title, version.body, version.category, release.head = version.id AS is_head
FROM version JOIN release ON release.id = version.release
WHERE version.id IN (SELECT value FROM json_each(:versions)) ORDER BY version.id;

-- name: unqueue
DELETE FROM unindexed WHERE version IN (SELECT value FROM json_each(:versions));

-- name: forget_text
DELETE FROM search WHERE release = :release;

-- name: index_text
INSERT INTO search (release, part, version, words) VALUES (:release, :part, :version, :words::tsvector);

-- name: add_words
INSERT INTO word (word) SELECT one.word FROM (SELECT CAST(value AS TEXT) FROM json_each(:words)) AS one (word)
ON CONFLICT DO NOTHING;

-- name: search_words
-- The distinct words from one to another.
SELECT word FROM word WHERE word >= :first AND word <= :last;

-- name: search_texts
-- Releases whose current text is in the index, and fits.
SELECT DISTINCT search.release FROM search JOIN release ON release.id = search.release AND release.head = search.version
WHERE search.words @@ :wanted::tsquery AND (:since IS NULL OR release.date >= :since);

-- name: unindexed_heads
-- One page of heads that wait for the index.
SELECT version.id, version.release, version.title, version.body, version.category
FROM unindexed JOIN version ON version.id = unindexed.version
JOIN release ON release.id = version.release AND release.head = version.id
WHERE unindexed.version > :after AND (:since IS NULL OR release.date >= :since) ORDER BY version.id LIMIT :limit;

-- name: server_facts
-- What the server says of itself, and how much its tables of the store take.
SELECT
    current_setting('server_version') AS version,
    current_setting('synchronous_commit') AS commit,
    current_setting('synchronous_standby_names') AS standbys,
    (SELECT count(*) FROM pg_stat_replication) AS followers,
    (
        SELECT CAST(coalesce(sum(pg_total_relation_size(oid)), 0) AS bigint)
        FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
    ) AS size;

-- name: contents
-- Each ingest writes the row of its source anew, in its transaction; pruning notes that it has deleted something.
SELECT
    (SELECT string_agg(name || ' ' || xmin, ',' ORDER BY name) FROM source) AS sources,
    (SELECT v FROM meta WHERE k = 'pruned') AS pruned;

-- name: broken_references
-- Rows that name a row which is not there: the table, the row, the table of the row that is missing.
SELECT 'release' AS place, id::text AS row, 'dump' AS missing FROM release
WHERE NOT EXISTS (SELECT 1 FROM dump WHERE dump.id = release.first_dump)
UNION ALL SELECT 'version', id::text, 'release' FROM version
WHERE NOT EXISTS (SELECT 1 FROM release WHERE release.id = version.release)
UNION ALL SELECT 'version', id::text, 'dump' FROM version
WHERE NOT EXISTS (SELECT 1 FROM dump WHERE dump.id = version.dump)
UNION ALL SELECT 'event', id::text, 'dump' FROM event
WHERE NOT EXISTS (SELECT 1 FROM dump WHERE dump.id = event.dump)
UNION ALL SELECT 'reject', id::text, 'dump' FROM reject
WHERE NOT EXISTS (SELECT 1 FROM dump WHERE dump.id = reject.dump)
UNION ALL SELECT 'shown', shown.block || ' ' || shown.dump, 'dump' FROM shown
WHERE NOT EXISTS (SELECT 1 FROM dump WHERE dump.id = shown.dump)
UNION ALL SELECT 'listed', source || ' ' || listing || ' ' || release, 'release' FROM listed
WHERE NOT EXISTS (SELECT 1 FROM release WHERE release.id = listed.release)
UNION ALL SELECT 'alias', alias.release::text, 'release' FROM alias
WHERE NOT EXISTS (SELECT 1 FROM release WHERE release.id = alias.release)
UNION ALL SELECT 'seen', seen.release::text, 'release' FROM seen
WHERE NOT EXISTS (SELECT 1 FROM release WHERE release.id = seen.release)
UNION ALL SELECT 'sketch', sketch.release::text, 'release' FROM sketch
WHERE NOT EXISTS (SELECT 1 FROM release WHERE release.id = sketch.release)
UNION ALL SELECT 'message_item', channel || ' ' || event, 'event' FROM message_item
WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.id = message_item.event)
UNION ALL SELECT 'message_item', channel || ' ' || event, 'message' FROM message_item
WHERE message IS NOT NULL AND NOT EXISTS (SELECT 1 FROM message WHERE message.id = message_item.message)
UNION ALL SELECT 'attempt', message || ' ' || n, 'message' FROM attempt
WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.id = attempt.message)
LIMIT :most;

-- name: boots_of_node
-- The living boots of one node; its next start buries them.
SELECT boot FROM node WHERE node = :node AND NOT is_dead FOR UPDATE;

-- name: add_boot
INSERT INTO node (boot, node, since, beat_at, facts) VALUES (:boot, :node, clock_timestamp(), clock_timestamp(), :facts);

-- name: end_boot
UPDATE node SET is_dead = TRUE WHERE boot = :boot AND NOT is_dead RETURNING facts;

-- name: bury_boot
-- One of those who saw this beat stand still wins; a boot that has beaten meanwhile lives.
UPDATE node SET is_dead = TRUE WHERE boot = :boot AND beat = :beat AND NOT is_dead RETURNING facts;

-- name: forget_boots
-- A boot without a row is as dead as one that is marked: the rows are for people.
DELETE FROM node WHERE is_dead AND beat_at < clock_timestamp() - interval '7 days';

-- name: beat
-- Count up and read the others, in one round trip. A boot that was buried meanwhile is not among the living.
WITH mine AS (
    UPDATE node SET beat = beat + 1, beat_at = clock_timestamp(), facts = :facts WHERE boot = :boot AND NOT is_dead
    RETURNING boot, beat, since, beat_at, facts
), living AS (
    SELECT boot, beat, since, beat_at, facts FROM mine
    UNION ALL
    SELECT boot, beat, since, beat_at, facts FROM node WHERE NOT is_dead AND boot IS DISTINCT FROM :boot
)
SELECT clock_timestamp() AS now, (
        SELECT coalesce(json_agg(json_build_object(
            'boot', boot, 'beat', beat, 'since', since, 'facts', facts,
            'age', extract(epoch FROM clock_timestamp() - beat_at)
        ) ORDER BY since, boot), '[]') FROM living
    ) AS nodes, (
        SELECT coalesce(json_agg(json_build_object('name', name, 'owner', owner, 'fence', fence)), '[]') FROM lease
    ) AS leases, coalesce((SELECT v FROM meta WHERE k = 'epoch'), '') AS epoch,
    (SELECT v FROM meta WHERE k = 'store_id') AS store;

-- name: nodes_seen
SELECT clock_timestamp() AS now, (
        SELECT coalesce(json_agg(json_build_object(
            'boot', boot, 'beat', beat, 'since', since, 'facts', facts,
            'age', extract(epoch FROM clock_timestamp() - beat_at)
        ) ORDER BY since, boot), '[]') FROM node WHERE NOT is_dead
    ) AS nodes, (
        SELECT coalesce(json_agg(json_build_object('name', name, 'owner', owner, 'fence', fence)), '[]') FROM lease
    ) AS leases, coalesce((SELECT v FROM meta WHERE k = 'epoch'), '') AS epoch;

-- name: take_lease
-- Nobody has it, or one that is dead: after a restore. The row of this boot is locked: nobody buries it meanwhile.
WITH me AS MATERIALIZED (SELECT boot FROM node WHERE boot = :boot AND NOT is_dead FOR SHARE)
INSERT INTO lease (name, owner, fence) SELECT :name, boot, 1 FROM me
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, fence = lease.fence + 1
WHERE lease.owner IS NULL OR lease.owner = excluded.owner
    OR NOT EXISTS (SELECT 1 FROM node WHERE node.boot = lease.owner AND NOT is_dead)
RETURNING fence;

-- name: give_lease
UPDATE lease SET owner = NULL WHERE name = :name AND owner = :boot;

-- name: free_leases
UPDATE lease SET owner = NULL WHERE owner = :boot;

-- name: free_messages_of_boot
-- Nobody knows whether the far side got what a dead boot was sending.
WITH closed AS (
    UPDATE attempt SET ended_at = :now, outcome = 'unknown', reason_redacted = 'the process ended during the send'
    WHERE boot = :boot AND ended_at IS NULL RETURNING message, n
)
UPDATE message SET due = :now, last_class = 'unknown', last_reason = 'the process ended during the send',
    state = CASE WHEN channel IN (SELECT CAST(value AS TEXT) FROM json_each(:holding)) THEN 'held' ELSE 'pending' END
FROM closed WHERE message.id = closed.message AND message.attempts = closed.n AND message.state = 'leased'
RETURNING message.id, message.channel, message.state, message.kind;

-- name: notify
-- By itself, after the commit of what it is about: within a transaction all that notify would commit one by one.
SELECT pg_notify(:name, payload) FROM json_array_elements_text(:payloads::json) AS payload;

-- name: seen_records
-- One look into the index for each digest. As one condition, a plan that was made without statistics reads all records
-- of the source, and compares each with every digest.
SELECT found.* FROM unnest(:keys::bytea[]) AS wanted (digest) CROSS JOIN LATERAL (
    SELECT seen.digest, seen.release, seen.seq, release.seq = seen.seq AND release.state = 'listed' AS is_current
    FROM seen JOIN release ON release.id = seen.release WHERE seen.source = :source AND seen.digest = wanted.digest LIMIT 1
) AS found;

-- name: add_event_totals
-- In the turn of the source: nobody else writes these rows.
INSERT INTO event_total (since, source, kind, writer, n)
SELECT part.since, :source, of_kind.key, 'ingest', of_kind.value::bigint
FROM json_each_text(:kinds::json) AS of_kind CROSS JOIN (
    VALUES ('-infinity'::timestamptz), (date_bin('15 minutes', :at::timestamptz, '2000-01-01T00:00:00Z'))
) AS part (since) ORDER BY part.since, of_kind.key
ON CONFLICT (since, source, kind, writer) DO UPDATE SET n = event_total.n + excluded.n;

-- name: delete_events
WITH deleted AS (
    DELETE FROM event WHERE id IN (SELECT value FROM json_each(:ids)) RETURNING source, kind, at
)
INSERT INTO event_total (since, source, kind, writer, n)
SELECT part.since, source, kind, 'prune', -count(*)
FROM deleted CROSS JOIN LATERAL (
    VALUES ('-infinity'::timestamptz), (date_bin('15 minutes', at, '2000-01-01T00:00:00Z'))
) AS part (since)
GROUP BY part.since, source, kind ORDER BY part.since, source, kind
ON CONFLICT (since, source, kind, writer) DO UPDATE SET n = event_total.n + excluded.n;

-- name: delete_empty_totals
-- Of quarters of an hour that are over: nobody adds to them.
DELETE FROM event_total WHERE (since, source, kind) IN (
    SELECT since, source, kind FROM event_total WHERE since > '-infinity' AND since < :before
    GROUP BY since, source, kind HAVING sum(n) = 0
);

-- name: count_events
SELECT kind, CAST(sum(n) AS bigint) AS n FROM event_total WHERE since = '-infinity'
GROUP BY kind HAVING sum(n) <> 0;

-- name: expire
WITH expired AS (
    UPDATE message SET state = 'dead', last_reason = 'older than max_age' || coalesce('; last: ' || last_reason, '')
    WHERE state = 'pending' AND expires_at <= :now RETURNING channel, kind
), counted AS (
    INSERT INTO message_total (channel, state, writer, n)
    SELECT channel, 'dead', 'expiry', count(*) FROM expired GROUP BY channel ORDER BY channel
    ON CONFLICT (channel, state, writer) DO UPDATE SET n = message_total.n + excluded.n
)
SELECT channel, kind FROM expired;

-- name: requeue
WITH former AS (SELECT id, state FROM message WHERE id = :id FOR UPDATE),
queued AS (
    UPDATE message SET state = 'pending', attempts = 0, due = :now, expires_at = :expires
    FROM former WHERE message.id = former.id RETURNING channel, former.state AS was
)
INSERT INTO message_total (channel, state, writer, n)
SELECT channel, was, 'command', -1 FROM queued WHERE was IN ('sent', 'dead', 'dropped')
ON CONFLICT (channel, state, writer) DO UPDATE SET n = message_total.n + excluded.n;

-- name: drop
WITH former AS (SELECT id, state FROM message WHERE id = :id FOR UPDATE),
dropped AS (
    UPDATE message SET state = 'dropped', last_reason = 'dropped by hand' || coalesce('; last: ' || last_reason, '')
    FROM former WHERE message.id = former.id RETURNING channel, former.state AS was
)
INSERT INTO message_total (channel, state, writer, n)
SELECT channel, part.state, 'command', part.n
FROM dropped CROSS JOIN LATERAL (VALUES (was, -1), ('dropped', 1)) AS part (state, n)
WHERE part.state IN ('sent', 'dead', 'dropped') ORDER BY part.state
ON CONFLICT (channel, state, writer) DO UPDATE SET n = message_total.n + excluded.n;

-- name: delete_messages
WITH deleted AS (
    DELETE FROM message WHERE id IN (SELECT value FROM json_each(:ids)) RETURNING channel, state
)
INSERT INTO message_total (channel, state, writer, n)
SELECT channel, state, 'prune', -count(*) FROM deleted WHERE state IN ('sent', 'dead', 'dropped')
GROUP BY channel, state ORDER BY channel, state
ON CONFLICT (channel, state, writer) DO UPDATE SET n = message_total.n + excluded.n;

-- name: count_messages
-- What is over by its totals; what is not is little, and stands in indexes of its own.
SELECT channel, state, CAST(sum(n) AS bigint) AS n FROM (
    SELECT channel, state, n FROM message_total
    UNION ALL SELECT channel, 'pending', count(*) FROM message WHERE state = 'pending' GROUP BY channel
    UNION ALL SELECT channel, 'leased', count(*) FROM message WHERE state = 'leased' GROUP BY channel
    UNION ALL SELECT channel, 'held', count(*) FROM message WHERE state = 'held' GROUP BY channel
) AS counted GROUP BY channel, state HAVING sum(n) <> 0;

-- name: count_sources
SELECT name AS source, dumps, dump_at AS last_at, releases,
    (SELECT count(*) FROM reject WHERE reject.source = name AND state = 'rejected') AS rejected,
    (SELECT count(*) FROM reject WHERE reject.source = name AND state = 'held') AS held
FROM source WHERE dumps > 0;

-- name: broken_totals
-- Totals that differ from what they count.
SELECT 'source ' || coalesce(total.name, counted.source) AS what,
    coalesce(total.dumps, 0) || ' dumps, ' || coalesce(total.releases, 0) || ' new releases' AS total,
    coalesce(counted.dumps, 0) || ' dumps, ' || coalesce(counted.releases, 0) || ' new releases' AS counted
FROM source AS total FULL JOIN (
    SELECT source, count(*) AS dumps, sum(n_new) AS releases, max(at) AS dump_at FROM dump GROUP BY source
) AS counted ON counted.source = total.name
WHERE coalesce(total.dumps, 0) <> coalesce(counted.dumps, 0) OR total.dump_at IS DISTINCT FROM counted.dump_at
    OR coalesce(total.releases, 0) <> coalesce(counted.releases, 0)
UNION ALL
SELECT 'events ' || coalesce(total.kind, counted.kind) || ' of source ' || coalesce(total.source, counted.source)
    || CASE WHEN coalesce(total.since, counted.since) > '-infinity'
    THEN ' since ' || coalesce(total.since, counted.since)::text ELSE '' END,
    coalesce(total.n, 0)::text, coalesce(counted.n, 0)::text
FROM (
    SELECT since, source, kind, sum(n) AS n FROM event_total GROUP BY since, source, kind
) AS total FULL JOIN (
    SELECT part.since, source, kind, count(*) AS n FROM event CROSS JOIN LATERAL (
        VALUES ('-infinity'::timestamptz), (date_bin('15 minutes', at, '2000-01-01T00:00:00Z'))
    ) AS part (since) GROUP BY part.since, source, kind
) AS counted USING (since, source, kind)
WHERE coalesce(total.n, 0) <> coalesce(counted.n, 0)
UNION ALL
SELECT 'messages ' || coalesce(total.state, counted.state) || ' on channel ' || coalesce(total.channel, counted.channel),
    coalesce(total.n, 0)::text, coalesce(counted.n, 0)::text
FROM (
    SELECT channel, state, sum(n) AS n FROM message_total GROUP BY channel, state
) AS total FULL JOIN (
    SELECT channel, state, count(*) AS n FROM message WHERE state IN ('sent', 'dead', 'dropped') GROUP BY channel, state
) AS counted USING (channel, state)
WHERE coalesce(total.n, 0) <> coalesce(counted.n, 0)
ORDER BY what LIMIT :most;

-- name: work
-- One question for all channels of a node that hears no notifications. The sums tell that a row came under a lower id.
SELECT channel.name AS channel, concat_ws(
    ' ',
    (SELECT concat_ws(',', count(*), sum(id), min(due)) FROM message
     WHERE message.channel = channel.name AND state = 'pending'),
    (SELECT concat_ws(',', count(*), sum(event)) FROM message_item
     WHERE message_item.channel = channel.name AND message IS NULL),
    (SELECT xmin FROM channel_state WHERE channel_state.name = channel.name),
    (SELECT until FROM mute WHERE mute.name = channel.name)
) AS work
FROM json_array_elements_text(:channels::json) AS channel (name);
