-- Every statement the store runs, by name. `statements.py` reads this file; tests/store checks that each name is used.

-- name: dump_of_content
-- The newest complete ingest of a content; of two at one time the later row.
SELECT * FROM dump
WHERE id = (SELECT max(id) FROM dump WHERE source = :source AND sha = :sha AND status <> 'superseded');

-- name: dump_of_path
SELECT * FROM dump WHERE id = (SELECT dump FROM file WHERE path = :path AND source = :source);

-- name: earlier_texts
SELECT release, version FROM event WHERE dump = :dump AND (reverted = 1 OR kind = 'stale');

-- name: dump_by_id
SELECT * FROM dump WHERE id = :id;

-- name: any_dump
SELECT 1 FROM dump WHERE source = :source LIMIT 1;

-- name: baseline
-- How many releases a source has, and how many of them some watchlist matched.
SELECT (SELECT count(*) FROM release WHERE source = :source) AS releases,
    (SELECT count(DISTINCT release) FROM event WHERE source = :source AND watchlists <> '[]') AS matched;

-- name: seen_records
SELECT seen.digest, seen.release, seen.seq, release.seq = seen.seq AND release.state = 'listed' AS is_current
FROM seen JOIN release ON release.id = seen.release WHERE seen.source = :source AND seen.digest IN (:keys);

-- name: aliases
-- The newest releases under a key; the others are not read.
SELECT release FROM alias WHERE key = :key ORDER BY release DESC LIMIT :most;

-- name: versions_now
SELECT id, seq FROM release WHERE id IN (SELECT value FROM json_each(:numbers));

-- name: heads
SELECT release.id, release.seq, release.confirmed, release.stamped, release.newest, release.withdrawn, version.title, version.body, version.date,
    version.category, release.url, release.ref, version.reading, (SELECT max(seq) FROM version AS any WHERE any.release = release.id) AS last
FROM release JOIN version ON version.id = release.head
WHERE release.id IN (SELECT value FROM json_each(:numbers));

-- name: past_versions
-- Those that are not the head.
SELECT version.release, version.fold_hash, version.date, version.category, version.kind <> 'stale' AS was_current
FROM version JOIN release ON release.id = version.release
WHERE version.release IN (SELECT value FROM json_each(:numbers)) AND version.seq <> release.seq;

-- name: sketches
SELECT release.id, release.date, sketch.title, sketch.length, sketch.sample
FROM release LEFT JOIN sketch ON sketch.release = release.id
WHERE release.id IN (SELECT value FROM json_each(:numbers));

-- name: listing_age
-- Each is the end of an index.
SELECT as_of AS confirmed, newest, (
    SELECT max(as_of) FROM dump WHERE source = :source AND listing = :listing AND evidence = 'stamp'
) AS stamped
FROM dump WHERE source = :source AND listing = :listing ORDER BY as_of DESC LIMIT 1;

-- name: listed_between
SELECT release.id, listed.missing FROM listed JOIN release ON release.id = listed.release
WHERE listed.source = :source AND listed.listing = :listing AND release.date > :after AND release.date < :before
    AND release.state = 'listed';

-- name: add_listed
INSERT INTO listed (source, listing, release) VALUES (:source, :listing, :release)
ON CONFLICT DO UPDATE SET missing = 0 WHERE missing = 1;

-- name: note_missing
UPDATE listed SET missing = 1 WHERE source = :source AND listing = :listing AND release = :release;

-- name: withdraw
UPDATE release SET state = 'withdrawn', withdrawn = :as_of,
    stamped = nullif(max(coalesce(stamped, ''), coalesce(:stamped, '')), ''), newest = coalesce(:newest, newest)
WHERE id = :release;

-- name: list_again
UPDATE release SET state = 'listed', withdrawn = NULL WHERE id = :release;

-- name: last_ids
SELECT (SELECT coalesce(max(id), 0) FROM version) AS version, (SELECT coalesce(max(id), 0) FROM event) AS event;

-- name: next_release
SELECT coalesce(max(id), 0) + 1 FROM release;

-- name: moved_heads
-- Of the releases a batch was decided on, those that are no longer at the version it saw.
SELECT release.id FROM json_each(:expected) AS e JOIN release ON release.id = CAST(e.key AS INTEGER)
WHERE release.seq <> e.value LIMIT 1;

-- name: add_dump
INSERT INTO dump (
    source, name, sha, size, mtime, as_of, evidence, newest, take, status, encoding, n, n_new, n_changed, n_completed, n_enriched,
    n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, listing, at
) VALUES (
    :source, :name, :sha, :size, :mtime, :as_of, :evidence, :newest,
    (SELECT count(*) FROM dump AS same WHERE same.source = :source AND same.sha = :sha AND same.as_of = :as_of), :status, :encoding, :n, :n_new, :n_changed, :n_completed,
    :n_enriched, :n_reread, :n_cosmetic, :n_stale, :n_unchanged, :n_withdrawn, :n_reappeared, :n_rejected, :listing, :at
) RETURNING id;

-- name: continue_dump
-- The next part of a large dump.
UPDATE dump SET n = n + :n, n_new = n_new + :n_new, n_changed = n_changed + :n_changed,
    n_completed = n_completed + :n_completed, n_enriched = n_enriched + :n_enriched,
    n_reread = n_reread + :n_reread, n_cosmetic = n_cosmetic + :n_cosmetic, n_stale = n_stale + :n_stale,
    n_unchanged = n_unchanged + :n_unchanged,
    n_withdrawn = n_withdrawn + :n_withdrawn, n_reappeared = n_reappeared + :n_reappeared,
    n_rejected = n_rejected + :n_rejected, status = :status, at = :at
WHERE id = :id;

-- name: add_shown
-- Of 256 neighbours one part of a large dump may show some, and a later part others.
INSERT INTO shown (block, dump, places) VALUES (:block, :dump, :places)
ON CONFLICT (block, dump) DO UPDATE SET places = CAST(places || excluded.places AS BLOB);

-- name: add_release
INSERT INTO release (id, source, head, fold_hash, seq, date, first_dump, confirmed, stamped, newest, url, ref)
VALUES (:release, :source, :id, :fold_hash, :seq, :date, :dump, :as_of, :stamped, :newest, :url, :ref);

-- name: add_version
INSERT INTO version (id, release, seq, fold_hash, kind, category, title, date, body, dump, at, url, ref, reading)
VALUES (:id, :release, :seq, :fold_hash, :kind, :category, :title, :date, :body, :dump, :at, :url, :ref, :reading);

-- name: move_head
UPDATE release SET head = :id, fold_hash = :fold_hash, seq = :seq, date = :date, url = :url, ref = :ref
WHERE id = :release;

-- name: set_link
-- The text stays as it is.
UPDATE release SET url = :url, ref = :ref WHERE id = :release;

-- name: add_reading
-- It has given the text as well; who tries one mapping after another comes back to one of the last few.
UPDATE version SET reading = substr(
    ltrim(replace(' ' || coalesce(reading, '') || ' ', ' ' || :reading || ' ', ' ') || :reading), -400
)
WHERE id = (SELECT head FROM release WHERE id = :release);

-- name: set_sketch
INSERT INTO sketch (release, title, length, sample) VALUES (:release, :title, :length, :sample)
ON CONFLICT (release) DO UPDATE SET title = excluded.title, length = excluded.length, sample = excluded.sample;

-- name: confirm_releases
-- A dump shows the heads of these; what it does not move on is not written. before: a later confirmation is late enough.
UPDATE release SET confirmed = max(confirmed, :as_of),
    stamped = nullif(max(coalesce(stamped, ''), coalesce(:stamped, '')), ''),
    newest = nullif(max(coalesce(newest, ''), coalesce(:newest, '')), '')
WHERE id IN (SELECT value FROM json_each(:releases))
    AND (confirmed < :before OR coalesce(stamped, '') < :stamped OR coalesce(newest, '') < :newest);

-- name: set_newest
-- A dump has changed the heads of these.
UPDATE release SET newest = :newest WHERE id IN (SELECT value FROM json_each(:releases));

-- name: add_alias
INSERT INTO alias (key, release) VALUES (:key, :release) ON CONFLICT DO NOTHING;

-- name: add_seen
INSERT INTO seen (source, digest, release, seq) VALUES (:source, :digest, :release, :seq)
ON CONFLICT (source, digest) DO UPDATE SET release = excluded.release, seq = excluded.seq;

-- name: add_related
INSERT INTO related (release, other, reason) VALUES (:release, :other, :reason) ON CONFLICT DO NOTHING;

-- name: add_event
INSERT INTO event (id, source, dump, release, version, kind, fields, numbers, reverted, watchlists, alert, reason, at)
VALUES (:id, :source, :dump, :release, :version, :kind, :fields, :numbers, :reverted, :watchlists, :alert, :reason, :at);

-- name: add_matched
INSERT INTO matched (watchlist, event, notified) VALUES (:watchlist, :event, :notified);

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

-- name: last_dumps
SELECT source, max(at) AS at FROM file GROUP BY source;

-- name: open_rejects
-- The rejects of a path that are still open.
SELECT id, line, reason, text, state, sha FROM reject
WHERE path = :path AND source = :source AND state <> 'healed';

-- name: add_reject
INSERT INTO reject (source, dump, sha, path, line, offset, reason, text, state, at, unreported)
VALUES (:source, :dump, :sha, :path, :line, :offset, :reason, :text, :state, :at, :state = 'rejected');

-- name: set_reject
UPDATE reject SET state = :state, sha = :sha, at = :at, unreported = :state = 'rejected' WHERE id = :id;

-- name: keep_reject
-- It stands in a later content too; `at` stays: held since then.
UPDATE reject SET sha = :sha WHERE id = :id;

-- name: unreported_rejects
SELECT source, count(*) AS n, max(id) AS last FROM reject WHERE unreported = 1 GROUP BY source;

-- name: note_rejects_reported
UPDATE reject SET unreported = 0 WHERE source = :source AND unreported = 1 AND id <= :last;

-- name: overdue_tails
-- They have an alert of their own, which counts them all.
UPDATE reject SET state = 'rejected', at = :at WHERE state = 'held' AND at <= :before
RETURNING source, dump, reason, line;

-- name: count_reject
-- Nothing of it is held any more.
UPDATE dump SET n_rejected = n_rejected + 1, status = CASE WHEN n > 0 THEN 'stored' ELSE 'rejected' END
WHERE id = :dump;

-- name: add_message
INSERT INTO message (idem_key, channel, kind, state, payload_json, created_at, due, expires_at, urgent, token)
VALUES (:key, :channel, :kind, 'pending', :payload, :at, :at, :expires, :urgent, :token)
ON CONFLICT (idem_key) DO NOTHING RETURNING id;

-- name: add_notice
INSERT INTO message_item (channel, event, watchlists, payload_json, since, urgent)
VALUES (:channel, :event, :watchlists, :payload, :at, :urgent);

-- name: pending_notices
SELECT message_item.event, CAST(message_item.payload_json AS BLOB) AS payload_json, message_item.since,
    message_item.urgent, event.dump
FROM message_item JOIN event ON event.id = message_item.event
WHERE message_item.channel = :channel AND message_item.message IS NULL ORDER BY message_item.event;

-- name: pending_since
SELECT DISTINCT since, urgent FROM message_item WHERE channel = :channel AND message IS NULL ORDER BY since, urgent;

-- name: pending_channels
SELECT DISTINCT channel FROM message_item WHERE message IS NULL;

-- name: backlog
SELECT count(*) AS messages, min(created_at) AS oldest,
    (SELECT count(*) FROM message_item WHERE message IS NULL) AS notices
FROM message WHERE state = 'pending';

-- name: events_in_messages
-- Which of these events are in a message of the channel already.
SELECT event FROM message_item
WHERE channel = :channel AND message IS NOT NULL AND event IN (SELECT value FROM json_each(:events));

-- name: add_message_items
-- The message holds the facts from now on.
UPDATE message_item SET message = :message, payload_json = NULL
WHERE channel = :channel AND event IN (SELECT value FROM json_each(:events));

-- name: recent_messages
SELECT created_at FROM message
WHERE channel = :channel AND created_at > :after AND kind IN ('instant', 'digest', 'summary')
ORDER BY created_at DESC LIMIT :most;

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

-- name: facts_of_events
-- What is still known of the events of one message, or of one event.
SELECT event.release, event.version, event.kind, event.source, event.alert, version.title, version.date,
    version.category, release.url, release.ref
FROM event LEFT JOIN version ON version.release = event.release AND version.seq = event.version
LEFT JOIN release ON release.id = event.release
WHERE event.id = :event OR event.id IN (SELECT event FROM message_item WHERE message_item.message = :message)
ORDER BY event.id;

-- name: set_tokens
INSERT INTO channel_state (name, tokens, tokens_at) VALUES (:channel, :tokens, :now)
ON CONFLICT (name) DO UPDATE SET tokens = excluded.tokens, tokens_at = excluded.tokens_at;

-- name: open_attempt
INSERT INTO attempt (message, n, started_at, leased_until) VALUES (:message, :n, :now, :until);

-- name: close_attempt
UPDATE attempt SET ended_at = :now, outcome = :outcome, code = :code, reason_redacted = :reason
WHERE message = :message AND n = :n;

-- name: settle
-- After the lease has expired, too, as long as nobody claimed the message again or finished it. What was accepted is
-- sent, even where the message has expired before that could be recorded.
UPDATE message SET state = :state, due = coalesce(:due, due), last_class = :outcome, last_reason = :reason,
    sent_at = :sent_at
WHERE id = :message AND attempts = :n
    AND (state IN ('leased', 'pending', 'held') OR (state = 'dead' AND :state = 'sent')) RETURNING id;

-- name: expire
UPDATE message SET state = 'dead', last_reason = 'older than max_age' || coalesce('; last: ' || last_reason, '')
WHERE state = 'pending' AND expires_at <= :now RETURNING channel, kind;

-- name: next_due
SELECT min(iif(created_at > :now, :now, due)) FROM message
WHERE channel = :channel AND state = 'pending' AND expires_at > :now AND urgent >= :urgent;

-- name: free_lost_messages
-- What nobody sends any more, of all or of what has expired: the lease of its last attempt has expired.
UPDATE message SET due = :now, last_class = 'unknown', last_reason = 'the process ended during the send',
    state = CASE WHEN channel IN (SELECT value FROM json_each(:holding)) THEN 'held' ELSE 'pending' END
WHERE state = 'leased' AND expires_at <= coalesce(:expired_by, expires_at) AND EXISTS (
    SELECT 1 FROM attempt WHERE attempt.message = message.id AND attempt.n = message.attempts
        AND (leased_until <= :now OR leased_until > :latest OR started_at < :claimed_before)
) RETURNING id, channel, state, kind;

-- name: close_lost_attempts
-- Nobody knows whether the far side got them.
UPDATE attempt SET ended_at = :now, outcome = 'unknown', reason_redacted = 'the process ended during the send'
WHERE ended_at IS NULL AND message IN (SELECT value FROM json_each(:messages));

-- name: message
SELECT id, channel, kind, state, sent_at, CAST(payload_json AS BLOB) AS payload_json FROM message WHERE id = :id;

-- name: payloads
SELECT id, CAST(payload_json AS BLOB) AS payload_json FROM message WHERE id > :after ORDER BY id LIMIT :limit;

-- name: set_attempts_aside
-- They get numbers below 1, all below the lowest one so far, so that the next attempt can be the first again.
UPDATE attempt SET n = n - (SELECT max(n) - min(n) + 1 FROM attempt WHERE message = :message) WHERE message = :message;

-- name: requeue
UPDATE message SET state = 'pending', attempts = 0, due = :now, expires_at = :expires WHERE id = :id;

-- name: drop
UPDATE message SET state = 'dropped', last_reason = 'dropped by hand' || coalesce('; last: ' || last_reason, '')
WHERE id = :id;

-- name: channel_state
SELECT channel_state.*, (SELECT until FROM mute WHERE name = :channel) AS muted_until
FROM (SELECT :channel AS wanted) LEFT JOIN channel_state ON channel_state.name = wanted;

-- name: save_channel_state
INSERT INTO channel_state (name, consecutive_failures, failing_since, opened_until, refused, reason, resumed)
VALUES (:channel, :failures, :since, :opened_until, :refused, :reason, :resumed)
ON CONFLICT (name) DO UPDATE SET consecutive_failures = excluded.consecutive_failures,
    failing_since = excluded.failing_since, opened_until = excluded.opened_until, refused = excluded.refused,
    reason = excluded.reason, resumed = excluded.resumed;

-- name: set_flood
INSERT INTO channel_state (name, flood_until) VALUES (:channel, :until)
ON CONFLICT (name) DO UPDATE SET flood_until = excluded.flood_until;

-- name: fingerprint
SELECT fingerprint FROM channel_state WHERE name = :channel;

-- name: set_fingerprint
INSERT INTO channel_state (name, fingerprint) VALUES (:channel, :fingerprint)
ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint;

-- name: retry_now
UPDATE message SET due = :now WHERE channel = :channel AND state = 'pending' AND due > :now;

-- name: mutes
SELECT name, until FROM mute WHERE until > :now ORDER BY name;

-- name: mute
INSERT INTO mute (name, until) VALUES (:name, :until) ON CONFLICT (name) DO UPDATE SET until = excluded.until;

-- name: extend_expiry
-- The max_age of what waits on a muted channel begins after the mute; NULL: its max_age reaches further than any calendar.
UPDATE message SET expires_at = max(expires_at, coalesce(
    CASE WHEN json_valid(payload_json) THEN
        strftime('%Y-%m-%dT%H:%M:%fZ', :until, json_extract(payload_json, '$.max_age') || ' seconds')
    END, expires_at
))
WHERE channel = :name AND state = 'pending';

-- name: meta
SELECT v FROM meta WHERE k = :k;

-- name: delete_meta
DELETE FROM meta WHERE k = :k;

-- name: silences
SELECT substr(k, length('silent:') + 1) AS source, v FROM meta WHERE k >= 'silent:' AND k < 'silent;';

-- name: changed_ids
SELECT substr(k, length('ids_changed:') + 1) AS source, v FROM meta WHERE k >= 'ids_changed:' AND k < 'ids_changed;';

-- name: write_probe
-- Another value each time: where nothing changes SQLite writes nothing.
INSERT INTO meta (k, v) VALUES ('touched', '0')
ON CONFLICT (k) DO UPDATE SET v = CASE v WHEN '0' THEN '1' ELSE '0' END;

-- name: set_meta
INSERT INTO meta (k, v) VALUES (:k, :v) ON CONFLICT (k) DO UPDATE SET v = excluded.v;

-- name: versions_after
SELECT version.*, release.source, version.id = release.head AS is_head, release.ref AS newest_ref
FROM version JOIN release ON release.id = version.release WHERE version.id > :after ORDER BY version.id LIMIT :limit;

-- name: rehash_version
UPDATE version SET fold_hash = :hash WHERE id = :id AND pruned IS NULL;

-- name: rehash_heads
UPDATE release SET fold_hash = (SELECT fold_hash FROM version WHERE version.id = release.head);

-- name: delete_aliases
DELETE FROM alias;

-- name: count_of_source
SELECT count(*) FROM release WHERE source = :source;

-- name: versions_of_source
SELECT version.*, version.id = release.head AS is_head, release.ref AS newest_ref
FROM version JOIN release ON release.id = version.release
WHERE version.id > :after AND release.source = :source ORDER BY version.id LIMIT :limit;

-- name: join_dumps
-- Contents that both names have ingested: the ingests of the old one become further ones of the new one.
UPDATE dump SET source = :new, take = dump.take + twin.n
FROM (SELECT sha, as_of, count(*) AS n FROM dump WHERE source = :new GROUP BY sha, as_of) AS twin
WHERE dump.source = :old AND dump.sha = twin.sha AND dump.as_of = twin.as_of;

-- name: rename_dumps
UPDATE dump SET source = :new WHERE source = :old;

-- name: join_files
DELETE FROM file WHERE source = :old AND path IN (SELECT path FROM file WHERE source = :new);

-- name: rename_files
UPDATE file SET source = :new WHERE source = :old;

-- name: join_listings
-- Of two equal releases a dump shows one: the other must not look withdrawn.
DELETE FROM listed WHERE source = :old AND listing IN (SELECT listing FROM listed WHERE source = :new);

-- name: rename_listings
UPDATE listed SET source = :new WHERE source = :old;

-- name: rename_releases
UPDATE release SET source = :new WHERE source = :old;

-- name: rename_events
UPDATE event SET source = :new WHERE source = :old;

-- name: rename_rejects
UPDATE reject SET source = :new WHERE source = :old;

-- name: delete_aliases_of
DELETE FROM alias WHERE release IN (SELECT id FROM release WHERE source = :source);

-- name: join_seen
-- A record that both names have shown keeps the release that it has under the new one.
DELETE FROM seen WHERE source = :old AND digest IN (SELECT digest FROM seen WHERE source = :new);

-- name: rename_seen
UPDATE seen SET source = :new WHERE source = :old;

-- name: begin_keys
-- Gathered beside the store first: in the order of the hashes they are written once, page by page.
CREATE TABLE IF NOT EXISTS temp.gathered (key BLOB NOT NULL, release INTEGER NOT NULL);

-- name: note_key
INSERT INTO temp.gathered (key, release) VALUES (:key, :release);

-- name: add_keys
INSERT OR IGNORE INTO alias (key, release) SELECT key, release FROM temp.gathered ORDER BY key, release;

-- name: end_keys
DROP TABLE temp.gathered;

-- name: rename_meta
UPDATE meta SET k = :new WHERE k = :old;

-- name: events_by_id
SELECT event.*, dump.name AS dump_name, version.title, version.date, version.category,
    coalesce(release.url, version.url) AS url, coalesce(release.ref, version.ref) AS ref,
    (SELECT json_group_array(other) FROM related WHERE related.release = event.release AND event.kind = 'new') AS related
FROM event
JOIN dump ON dump.id = event.dump
LEFT JOIN version ON version.release = event.release AND version.seq = event.version
LEFT JOIN release ON release.id = event.release
WHERE event.id IN (SELECT value FROM json_each(:ids)) ORDER BY event.id;

-- name: event_ids
-- Events that pass, oldest first. NULL does not narrow.
SELECT event.id FROM event
WHERE event.id BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
    AND (:notified IS NULL OR (event.alert <> '[]') = :notified)
ORDER BY event.id LIMIT :limit;

-- name: newest_event_ids
SELECT event.id FROM event
WHERE event.id BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
    AND (:notified IS NULL OR (event.alert <> '[]') = :notified)
ORDER BY event.id DESC LIMIT :limit OFFSET :skip;

-- name: newest_notified_ids
-- Of all events few were notified of: their index is read, and of it the newest taken.
SELECT event.id FROM event INDEXED BY event_notified
WHERE event.alert <> '[]' AND event.id BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
ORDER BY event.id DESC LIMIT :limit OFFSET :skip;

-- name: matched_ids
-- Events that a watchlist matched.
SELECT event.id FROM matched CROSS JOIN event ON event.id = matched.event
WHERE matched.watchlist = :watchlist AND matched.event BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
    AND (:notified IS NULL OR matched.notified = :notified)
ORDER BY matched.event LIMIT :limit;

-- name: newest_matched_ids
SELECT event.id FROM matched CROSS JOIN event ON event.id = matched.event
WHERE matched.watchlist = :watchlist AND matched.event BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
    AND (:notified IS NULL OR matched.notified = :notified)
ORDER BY matched.event DESC LIMIT :limit OFFSET :skip;

-- name: events_between
-- From which to which event a time reaches.
SELECT min(id) AS low, max(id) AS high FROM event WHERE at >= coalesce(:since, '') AND at < coalesce(:until, '~');

-- name: events_of_dump
SELECT min(id) AS low, max(id) AS high FROM event WHERE dump IN (SELECT id FROM dump WHERE name = :dump);

-- name: dump_since
SELECT min(at) AS at FROM event WHERE dump IN (SELECT id FROM dump WHERE name = :dump);

-- name: newest_event
SELECT max(id) AS id FROM event;

-- name: newest_event_time
SELECT max(at) AS at FROM event WHERE at < coalesce(:until, '~');

-- name: last_matched_ids
-- The newest event of each watchlist; one search for each of them.
WITH RECURSIVE name (watchlist) AS (
    SELECT min(watchlist) FROM matched
    UNION ALL SELECT (SELECT min(watchlist) FROM matched WHERE watchlist > name.watchlist) FROM name
    WHERE name.watchlist IS NOT NULL
)
SELECT watchlist, (SELECT max(event) FROM matched WHERE matched.watchlist = name.watchlist) AS event
FROM name WHERE watchlist IS NOT NULL;

-- name: count_matched
SELECT watchlist, count(*) AS events, sum(notified) AS notified FROM matched GROUP BY watchlist;

-- name: count_by_kind_and_source
-- Counted in the order of the index first: what came at one time is one row of what is left to sort.
SELECT kind, source, sum(n) AS n FROM (
    SELECT kind, source, count(*) AS n FROM event
    WHERE at >= :since AND at < coalesce(:until, '~') GROUP BY at, kind, source
) GROUP BY kind, source;

-- name: count_notified_by_kind_and_source
SELECT kind, source, sum(n) AS n FROM (
    SELECT kind, source, count(*) AS n FROM event
    WHERE alert <> '[]' AND at >= :since AND at < coalesce(:until, '~') GROUP BY at, kind, source
) GROUP BY kind, source;

-- name: count_dump_by_kind_and_source
SELECT kind, source, alert <> '[]' AS notified, count(*) AS n FROM event
WHERE dump IN (SELECT id FROM dump WHERE name = :dump) AND at >= :since AND at < coalesce(:until, '~')
GROUP BY kind, source, alert <> '[]';

-- name: count_matched_by_kind_and_source
WITH RECURSIVE name (watchlist) AS (
    SELECT min(watchlist) FROM matched
    UNION ALL SELECT (SELECT min(watchlist) FROM matched WHERE watchlist > name.watchlist) FROM name
    WHERE name.watchlist IS NOT NULL
)
SELECT name.watchlist, event.kind, event.source, matched.notified, count(*) AS n
FROM name CROSS JOIN matched ON matched.watchlist = name.watchlist AND matched.event BETWEEN :low AND :high
CROSS JOIN event ON event.id = matched.event
WHERE event.at >= :since AND event.at < coalesce(:until, '~')
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
GROUP BY name.watchlist, event.kind, event.source, matched.notified;

-- name: event_times
-- How many events came at once, at each time.
SELECT at, count(*) AS n FROM event
WHERE at >= :since AND at < :until
    AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR source = :source)
GROUP BY at;

-- name: notified_times
SELECT at, count(*) AS n FROM event
WHERE alert <> '[]' AND at >= :since AND at < :until
    AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR source = :source)
GROUP BY at;

-- name: dump_times
SELECT at, count(*) AS n, sum(alert <> '[]') AS notified FROM event
WHERE dump IN (SELECT id FROM dump WHERE name = :dump) AND at >= :since AND at < :until
    AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR source = :source)
GROUP BY at;

-- name: matched_times
SELECT event.at, count(*) AS n, sum(matched.notified) AS notified
FROM matched CROSS JOIN event ON event.id = matched.event
WHERE matched.watchlist = :watchlist AND matched.event BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT value FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
GROUP BY event.at;

-- name: watchlist_times
WITH RECURSIVE name (watchlist) AS (
    SELECT min(watchlist) FROM matched
    UNION ALL SELECT (SELECT min(watchlist) FROM matched WHERE watchlist > name.watchlist) FROM name
    WHERE name.watchlist IS NOT NULL
)
SELECT name.watchlist, event.at, count(event.id) AS n
FROM name LEFT JOIN matched ON matched.watchlist = name.watchlist AND matched.event BETWEEN :low AND :high
LEFT JOIN event ON event.id = matched.event AND event.at >= :since AND event.at < :until
WHERE name.watchlist IS NOT NULL GROUP BY name.watchlist, event.at;

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

-- name: versions
-- What is known of the current text is the newest.
SELECT version.*, dump.name AS dump_name,
    iif(version.id = release.head, release.url, version.url) AS newest_url,
    iif(version.id = release.head, release.ref, version.ref) AS newest_ref
FROM version JOIN dump ON dump.id = version.dump JOIN release ON release.id = version.release
WHERE version.release = :release AND version.seq > :after ORDER BY version.seq LIMIT :limit;

-- name: dumps_showing
-- One page of the dumps that showed a release; only dumps that showed it or one of its neighbours are read.
SELECT dump.id, dump.name, dump.at FROM shown CROSS JOIN dump ON dump.id = shown.dump
WHERE shown.block = :block AND shown.dump > :after AND instr(shown.places, :place)
ORDER BY shown.dump LIMIT :limit;

-- name: newest_dumps_showing
SELECT dump.id, dump.name, dump.at FROM shown CROSS JOIN dump ON dump.id = shown.dump
WHERE shown.block = :block AND shown.dump < :before AND instr(shown.places, :place)
ORDER BY shown.dump DESC LIMIT :limit;

-- name: kinds_by_dump
SELECT dump, kind, reason FROM event WHERE release = :release ORDER BY id;

-- name: release_events
SELECT event.*, dump.name AS dump_name, version.title, version.date, version.category,
    coalesce(release.url, version.url) AS url, coalesce(release.ref, version.ref) AS ref,
    (SELECT json_group_array(other) FROM related WHERE related.release = event.release AND event.kind = 'new') AS related
FROM event
JOIN dump ON dump.id = event.dump
LEFT JOIN version ON version.release = event.release AND version.seq = event.version
LEFT JOIN release ON release.id = event.release
WHERE event.release = :release AND event.id > :after ORDER BY event.id LIMIT :limit;

-- name: messages
SELECT message.id, channel, kind, state, attempts, due, last_reason, sent_at, created_at, expires_at,
    CAST(payload_json AS BLOB) AS payload_json,
    (SELECT count(*) FROM attempt
     WHERE attempt.message = message.id AND attempt.outcome IN ('uncertain', 'unknown')) AS uncertain
FROM message WHERE message.id > :after AND (:state IS NULL OR state = :state) ORDER BY message.id LIMIT :limit;

-- name: newest_messages
SELECT message.id, channel, kind, state, attempts, due, last_reason, sent_at, created_at, expires_at,
    CAST(payload_json AS BLOB) AS payload_json,
    (SELECT count(*) FROM attempt
     WHERE attempt.message = message.id AND attempt.outcome IN ('uncertain', 'unknown')) AS uncertain
FROM message WHERE message.id < :before AND (:channel IS NULL OR channel = :channel)
ORDER BY message.id DESC LIMIT :limit;

-- name: messages_by_id
SELECT message.id, channel, kind, state, attempts, due, last_reason, sent_at, created_at, expires_at,
    CAST(payload_json AS BLOB) AS payload_json,
    (SELECT count(*) FROM attempt
     WHERE attempt.message = message.id AND attempt.outcome IN ('uncertain', 'unknown')) AS uncertain
FROM message WHERE message.id IN (SELECT value FROM json_each(:ids)) ORDER BY message.id DESC;

-- name: newest_message_ids_in_state
-- In most states are few of all messages: an index is read, and of it the newest taken.
SELECT id FROM message INDEXED BY message_due
WHERE state = :state AND id < :before AND (:channel IS NULL OR channel = :channel) ORDER BY id DESC LIMIT :limit;

-- name: last_messages
SELECT message.id, channel, kind, state, attempts, due, last_reason, sent_at, created_at, expires_at,
    CAST(payload_json AS BLOB) AS payload_json,
    (SELECT count(*) FROM attempt
     WHERE attempt.message = message.id AND attempt.outcome IN ('uncertain', 'unknown')) AS uncertain
FROM message WHERE channel = :channel ORDER BY created_at DESC, message.id DESC LIMIT :limit;

-- name: attempts
SELECT message, started_at AS at, ended_at, outcome, code, reason_redacted AS reason FROM attempt
WHERE message IN (SELECT value FROM json_each(:messages)) ORDER BY message, n;

-- name: deliveries
SELECT message_item.message, message_item.channel, coalesce(message.state, 'pending') AS state, event.id AS event,
    event.version, event.kind, event.at, message.sent_at, message_item.watchlists
FROM event JOIN message_item ON message_item.event = event.id
LEFT JOIN message ON message.id = message_item.message
WHERE event.release = :release ORDER BY event.id DESC, message_item.channel;

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

-- name: dumps
-- One page of ingested files; a copy is a path whose content was known already.
SELECT id, source, name, sha, status, size, encoding, as_of, evidence, at, n_new, n_changed, n_completed, n_enriched,
    n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, x'' AS copy
FROM dump WHERE (at, id, x'') > (:at, :id, :copy)
UNION ALL
SELECT file.dump, file.source, file.name, file.sha, file.status, file.size, dump.encoding, dump.as_of, dump.evidence, file.at,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, file.path
FROM file JOIN dump ON dump.id = file.dump
WHERE file.status = 'duplicate' AND (file.at, file.dump, file.path) > (:at, :id, :copy)
ORDER BY at, id, copy LIMIT :limit;

-- name: newest_dumps
SELECT id, source, name, sha, status, size, encoding, as_of, evidence, at, n_new, n_changed, n_completed, n_enriched,
    n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, x'' AS copy
FROM dump WHERE (at, id, x'') < (:at, :id, :copy)
UNION ALL
SELECT file.dump, file.source, file.name, file.sha, file.status, file.size, dump.encoding, dump.as_of, dump.evidence, file.at,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, file.path
FROM file JOIN dump ON dump.id = file.dump
WHERE file.status = 'duplicate' AND (file.at, file.dump, file.path) < (:at, :id, :copy)
ORDER BY at DESC, id DESC, copy DESC LIMIT :limit;

-- name: rejects
SELECT reject.*, dump.name FROM reject JOIN dump ON dump.id = reject.dump
WHERE reject.id > :after ORDER BY reject.id LIMIT :limit;

-- name: newest_rejects
SELECT reject.*, dump.name FROM reject JOIN dump ON dump.id = reject.dump
WHERE reject.id < :before AND (:state IS NULL OR reject.state = :state) ORDER BY reject.id DESC LIMIT :limit;

-- name: count_events
-- As in count_by_kind_and_source.
SELECT kind, sum(n) AS n FROM (SELECT kind, count(*) AS n FROM event GROUP BY at, kind) GROUP BY kind;

-- name: count_days
-- Events of each kind between neighbours of :moments, which the caller cuts at its own midnights; none where there are none.
SELECT days.key AS day, event.kind, count(*) AS n
FROM json_each(:moments) AS days JOIN event
    ON event.at >= days.value AND event.at < json_extract(:moments, '$[' || (days.key + 1) || ']')
GROUP BY days.key, event.kind;

-- name: count_messages
SELECT channel, state, count(*) AS n FROM message GROUP BY channel, state;

-- name: count_notices
SELECT channel, since, urgent, count(*) AS n FROM message_item WHERE message IS NULL
GROUP BY channel, since, urgent ORDER BY channel, since, urgent;

-- name: count_sources
-- Every release was new in one dump: to add these up reads no release.
SELECT source, count(*) AS dumps, max(at) AS last_at, sum(n_new) AS releases,
    (SELECT count(*) FROM reject WHERE reject.source = dump.source AND state = 'rejected') AS rejected,
    (SELECT count(*) FROM reject WHERE reject.source = dump.source AND state = 'held') AS held
FROM dump GROUP BY source;

-- name: current_heads
-- One page of heads in the order of arrival; a release without a day is never since one.
SELECT release.id, release.source, release.seq, release.state, version.title, version.body, version.date,
    version.category, release.url, release.ref, version.reading
FROM release JOIN version ON version.id = release.head
WHERE release.id > :after AND (:since IS NULL OR release.date >= :since)
ORDER BY release.id LIMIT :limit;

-- name: newest_heads
SELECT release.id, release.source, release.seq, release.state, version.title, version.body, version.date,
    version.category, release.url, release.ref, version.reading
FROM release JOIN version ON version.id = release.head
WHERE release.id < :before ORDER BY release.id DESC LIMIT :limit;

-- name: facets_of_heads
SELECT release.id, release.source, version.category, substr(release.date, 1, 7) AS month
FROM json_each(:numbers) AS one CROSS JOIN release ON release.id = one.value
CROSS JOIN version ON version.id = release.head
WHERE :since IS NULL OR release.date >= :since;

-- name: count_heads_by_facet
SELECT release.source, version.category, substr(release.date, 1, 7) AS month, count(*) AS n
FROM release
CROSS JOIN version ON version.id = release.head
WHERE :since IS NULL OR release.date >= :since GROUP BY release.source, version.category, month;

-- name: newest_heads_by_facet
SELECT release.id FROM release
CROSS JOIN version ON version.id = release.head
WHERE release.id < :before AND (:since IS NULL OR release.date >= :since)
    AND (:source IS NULL OR release.source = :source)
    AND (:category IS NULL OR coalesce(version.category, '') = :category)
    AND (:month IS NULL OR coalesce(substr(release.date, 1, 7), '') = :month)
ORDER BY release.id DESC LIMIT :limit;

-- name: heads_by_number
SELECT release.id, release.source, release.seq, release.state, version.title, version.body, version.date,
    version.category, release.url, release.ref, version.reading
FROM release JOIN version ON version.id = release.head
WHERE release.id IN (SELECT value FROM json_each(:numbers)) ORDER BY release.id;

-- name: count_heads
SELECT count(*) FROM release WHERE :since IS NULL OR date >= :since;

-- name: head_before_last
-- The release behind which the last :count begin.
SELECT id FROM release ORDER BY id DESC LIMIT 1 OFFSET :count;

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
WHERE :since IS NULL OR release.date >= :since;

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

-- name: prune_versions
UPDATE version SET body = '', pruned = :now WHERE id IN (SELECT value FROM json_each(:ids));

-- name: first_young_message
-- The first one that is not older: rows stand in the order of time. NULL: there is none.
SELECT (SELECT id FROM message WHERE created_at >= :before ORDER BY id LIMIT 1) AS id;

-- name: old_messages
-- Finished ones only, and never the newest: its number must not be assigned again.
SELECT id FROM message WHERE id > :after AND id < coalesce(:end, 9e18) AND id < (SELECT max(id) FROM message)
    AND state IN ('sent', 'dead', 'dropped') ORDER BY id LIMIT :most;

-- name: delete_attempts
DELETE FROM attempt WHERE message IN (SELECT value FROM json_each(:ids));

-- name: detach_items
-- The event was announced; which message did it is forgotten with the message.
DELETE FROM message_item WHERE message IN (SELECT value FROM json_each(:ids));

-- name: delete_messages
DELETE FROM message WHERE id IN (SELECT value FROM json_each(:ids));

-- name: first_young_event
SELECT (SELECT id FROM event WHERE at >= :before ORDER BY id LIMIT 1) AS id;

-- name: old_events
SELECT id FROM event WHERE id > :after AND id < coalesce(:end, 9e18) AND id < (SELECT max(id) FROM event) AND NOT EXISTS (
    SELECT 1 FROM message_item LEFT JOIN message ON message.id = message_item.message
    WHERE message_item.event = event.id
        AND (message.id IS NULL OR message.state IN ('pending', 'leased', 'held'))
) ORDER BY id LIMIT :most;

-- name: delete_items
DELETE FROM message_item WHERE event IN (SELECT value FROM json_each(:ids));

-- name: delete_matched
DELETE FROM matched WHERE (watchlist, event) IN (
    SELECT one.value, event.id
    FROM event JOIN json_each(iif(json_valid(event.watchlists), event.watchlists, '[]')) AS one
    WHERE event.id IN (SELECT value FROM json_each(:ids))
);

-- name: delete_events
DELETE FROM event WHERE id IN (SELECT value FROM json_each(:ids));

-- name: texts_to_verify
SELECT version.id, version.release, version.seq, version.title, version.body, version.date, version.category,
    version.url, version.ref, version.reading, version.fold_hash
FROM version WHERE version.id > :after AND version.pruned IS NULL ORDER BY version.id LIMIT :limit;

-- name: count_versions
SELECT count(*) FROM version WHERE pruned IS NULL;

-- name: broken_heads
-- Releases whose hash differs from that of the version they name as their head.
SELECT release.id FROM release LEFT JOIN version ON version.id = release.head
WHERE version.id IS NULL OR version.release <> release.id OR version.fold_hash <> release.fold_hash;

-- name: broken_dumps
-- Dumps that do not say of each record which release it showed.
SELECT dump.id FROM dump LEFT JOIN (SELECT dump, sum(length(places)) AS n FROM shown GROUP BY dump) AS listed
    ON listed.dump = dump.id
WHERE dump.n <> coalesce(listed.n, 0) ORDER BY dump.id LIMIT :most;

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

-- name: newest_dump
SELECT max(at) AS at FROM dump;

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

-- name: late_dumps
-- The last dump of each source that has stale views, as far as their events are kept.
SELECT source, name AS dump, at, as_of, evidence, n_stale AS stale,
    (SELECT reason FROM event WHERE event.dump = dump.id AND kind = 'stale' ORDER BY event.id LIMIT 1) AS reason
FROM dump WHERE id IN (
    SELECT max(id) FROM dump
    WHERE n_stale > 0 AND EXISTS (SELECT 1 FROM event WHERE event.dump = dump.id AND kind = 'stale') GROUP BY source
);
