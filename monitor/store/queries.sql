-- The statements that every engine runs word for word, by name; what an engine spells in its own way is in its folder.
-- Written so that all read them: an alias for each subquery, CASE and no iif, "offset" in quotes, and in parentheses what
-- a value narrows unless it is NULL. tests/store checks that each name is used.

-- name: dump_of_content
-- The newest complete ingest of a content; of two at one time the later row.
SELECT * FROM dump
WHERE id = (SELECT max(id) FROM dump WHERE source = :source AND sha = :sha AND status <> 'superseded');

-- name: any_dump
SELECT 1 FROM dump WHERE source = :source LIMIT 1;

-- name: baseline
-- How many releases a source has, and how many of them some watchlist matched.
SELECT (SELECT count(*) FROM release WHERE source = :source) AS releases,
    (SELECT count(DISTINCT release) FROM event WHERE source = :source AND watchlists <> '[]') AS matched;

-- name: aliases
-- The newest releases under a key; the others are not read.
SELECT release FROM alias WHERE key = :key ORDER BY release DESC LIMIT :most;

-- name: earlier_texts
-- The releases of which a dump showed an earlier text, told or stale, each with that version.
SELECT release, version FROM event WHERE dump = :dump AND (reverted OR kind = 'stale');

-- name: versions_now
SELECT id, seq FROM release WHERE id IN (SELECT value FROM json_each(:numbers));

-- name: heads
SELECT release.id, release.seq, release.confirmed, release.stamped, release.newest, release.withdrawn, version.title, version.body, version.date,
    version.category, release.url, release.ref, version.reading, (SELECT max(seq) FROM version AS own WHERE own.release = release.id) AS last
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
-- Only releases of these days are read; which of them the listing has shown is asked of each. By `id` alone PostgreSQL
-- would read all releases in their order.
SELECT id, missing FROM (
    SELECT release.id, (
        SELECT listed.missing FROM listed
        WHERE listed.source = :source AND listed.listing = :listing AND listed.release = release.id
    ) AS missing
    FROM release WHERE source = :source AND date > :after AND date < :before AND state = 'listed'
) AS shown WHERE missing IS NOT NULL ORDER BY id + 0;

-- name: add_listed
INSERT INTO listed (source, listing, release) VALUES (:source, :listing, :release)
ON CONFLICT (source, listing, release) DO UPDATE SET missing = FALSE WHERE listed.missing;

-- name: note_missing
UPDATE listed SET missing = TRUE WHERE source = :source AND listing = :listing AND release = :release;

-- name: withdraw
UPDATE release SET state = 'withdrawn', withdrawn = :as_of,
    stamped = CASE WHEN stamped >= :stamped OR :stamped IS NULL THEN stamped ELSE :stamped END,
    newest = coalesce(:newest, newest)
WHERE id = :release;

-- name: list_again
UPDATE release SET state = 'listed', withdrawn = NULL WHERE id = :release;

-- name: last_ids
SELECT (SELECT coalesce(max(id), 0) FROM version) AS version, (SELECT coalesce(max(id), 0) FROM event) AS event,
    (SELECT coalesce(max(id), 0) FROM release) AS release;

-- name: next_release
SELECT coalesce(max(id), 0) + 1 FROM release;

-- name: continue_dump
-- The next part of a large dump.
UPDATE dump SET n = n + :n, n_new = n_new + :n_new, n_changed = n_changed + :n_changed,
    n_completed = n_completed + :n_completed, n_enriched = n_enriched + :n_enriched,
    n_reread = n_reread + :n_reread, n_cosmetic = n_cosmetic + :n_cosmetic, n_stale = n_stale + :n_stale,
    n_unchanged = n_unchanged + :n_unchanged,
    n_withdrawn = n_withdrawn + :n_withdrawn, n_reappeared = n_reappeared + :n_reappeared,
    n_rejected = n_rejected + :n_rejected, status = :status, at = :at
WHERE id = :id RETURNING *;

-- name: add_shown
-- Of 256 neighbours one part of a large dump may show some, and a later part others.
INSERT INTO shown (block, dump, places) VALUES (:block, :dump, :places)
ON CONFLICT (block, dump) DO UPDATE SET places = CAST(shown.places || excluded.places AS BLOB);

-- name: add_release
INSERT INTO release (id, source, head, fold_hash, seq, date, first_dump, confirmed, stamped, newest, url, ref)
VALUES (:release, :source, :id, :fold_hash, :seq, :date, :dump, :as_of, :stamped, :newest, :url, :ref);

-- name: move_head
UPDATE release SET head = :id, fold_hash = :fold_hash, seq = :seq, date = :date, url = :url, ref = :ref
WHERE id = :release;

-- name: set_link
-- The text stays as it is.
UPDATE release SET url = :url, ref = :ref WHERE id = :release;

-- name: set_sketch
INSERT INTO sketch (release, title, length, sample) VALUES (:release, :title, :length, :sample)
ON CONFLICT (release) DO UPDATE SET title = excluded.title, length = excluded.length, sample = excluded.sample;

-- name: confirm_releases
-- A dump shows the heads of these; what it does not move on is not written. before: a later confirmation is late enough.
UPDATE release SET confirmed = CASE WHEN confirmed > :as_of THEN confirmed ELSE :as_of END,
    stamped = CASE WHEN stamped >= :stamped OR :stamped IS NULL THEN stamped ELSE :stamped END,
    newest = CASE WHEN newest >= :newest OR :newest IS NULL THEN newest ELSE :newest END
WHERE id IN (SELECT value FROM json_each(:releases))
    AND (
        confirmed < :before OR coalesce(stamped, '0001-01-01T00:00:00.000Z') < :stamped
        OR coalesce(newest, '0001-01-01') < :newest
    );

-- name: set_newest
-- A dump has changed the heads of these.
UPDATE release SET newest = :newest WHERE id IN (SELECT value FROM json_each(:releases));

-- name: add_alias
INSERT INTO alias (key, release) VALUES (:key, :release) ON CONFLICT DO NOTHING;

-- name: add_seen
INSERT INTO seen (source, digest, release, seq) VALUES (:source, :digest, :release, :seq)
ON CONFLICT (source, digest) DO UPDATE SET release = excluded.release, seq = excluded.seq
WHERE seen.release <> excluded.release OR seen.seq <> excluded.seq;

-- name: add_related
INSERT INTO related (release, other, reason) VALUES (:release, :other, :reason) ON CONFLICT DO NOTHING;

-- name: add_event
INSERT INTO event (id, source, dump, release, version, kind, fields, numbers, reverted, watchlists, alert, reason, at)
VALUES (:id, :source, :dump, :release, :version, :kind, :fields, :numbers, :reverted, :watchlists, :alert, :reason, :at);

-- name: add_matched
INSERT INTO matched (watchlist, event, notified) VALUES (:watchlist, :event, :notified);

-- name: open_rejects
-- The rejects of a path that are still open.
SELECT id, line, reason, text, state, sha FROM reject
WHERE path = :path AND source = :source AND state <> 'healed';

-- name: add_reject
INSERT INTO reject (source, dump, sha, path, line, "offset", reason, text, state, at, unreported)
VALUES (:source, :dump, :sha, :path, :line, :offset, :reason, :text, :state, :at, :state = 'rejected');

-- name: set_reject
UPDATE reject SET state = :state, sha = :sha, at = :at, unreported = :state = 'rejected' WHERE id = :id;

-- name: keep_reject
-- It stands in a later content too; `at` stays: held since then.
UPDATE reject SET sha = :sha WHERE id = :id;

-- name: overdue_tails
-- They have an alert of their own, which counts them all.
UPDATE reject SET state = 'rejected', at = :at WHERE state = 'held' AND at <= :before
RETURNING id, source, dump, reason, line;

-- name: leave_unreported
UPDATE reject SET unreported = TRUE WHERE id IN (SELECT value FROM json_each(:rejects));

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

-- name: next_due
SELECT min(CASE WHEN created_at > :now THEN :now ELSE due END) FROM message
WHERE channel = :channel AND state = 'pending' AND expires_at > :now AND urgent >= :urgent;

-- name: free_lost_messages
-- What nobody sends any more, of all or of what has expired: the lease of its last attempt has expired.
UPDATE message SET due = :now, last_class = 'unknown', last_reason = 'the process ended during the send',
    state = CASE WHEN channel IN (SELECT CAST(value AS TEXT) FROM json_each(:holding)) THEN 'held' ELSE 'pending' END
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

-- name: channel_state
SELECT channel_state.*, (SELECT until FROM mute WHERE name = :channel) AS muted_until
FROM (SELECT :channel AS name) AS wanted LEFT JOIN channel_state ON channel_state.name = wanted.name;

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
ON CONFLICT (k) DO UPDATE SET v = CASE meta.v WHEN '0' THEN '1' ELSE '0' END;

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
CREATE TEMP TABLE IF NOT EXISTS gathered AS SELECT key, release FROM alias LIMIT 0;

-- name: note_key
INSERT INTO gathered (key, release) VALUES (:key, :release);

-- name: add_keys
INSERT INTO alias (key, release) SELECT key, release FROM gathered WHERE TRUE ORDER BY key, release
ON CONFLICT DO NOTHING;

-- name: end_keys
DROP TABLE gathered;

-- name: rename_meta
UPDATE meta SET k = :new WHERE k = :old;

-- name: event_ids
-- Events that pass, oldest first. NULL does not narrow.
SELECT event.id FROM event
WHERE event.id BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
    AND (:notified IS NULL OR (event.alert <> '[]') = :notified)
ORDER BY event.id LIMIT :limit;

-- name: newest_event_ids
SELECT event.id FROM event
WHERE event.id BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
    AND (:notified IS NULL OR (event.alert <> '[]') = :notified)
ORDER BY event.id DESC LIMIT :limit OFFSET :skip;

-- name: newest_notified_ids
-- Of all events few were notified of: their index is read, and of it the newest taken.
SELECT event.id FROM event INDEXED BY event_notified
WHERE event.alert <> '[]' AND event.id BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
ORDER BY event.id DESC LIMIT :limit OFFSET :skip;

-- name: matched_ids
-- Events that a watchlist matched.
SELECT event.id FROM matched CROSS JOIN event ON event.id = matched.event
WHERE matched.watchlist = :watchlist AND matched.event BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
    AND (:notified IS NULL OR matched.notified = :notified)
ORDER BY matched.event LIMIT :limit;

-- name: newest_matched_ids
SELECT event.id FROM matched CROSS JOIN event ON event.id = matched.event
WHERE matched.watchlist = :watchlist AND matched.event BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
    AND (:source IS NULL OR event.source = :source)
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
    AND (:notified IS NULL OR matched.notified = :notified)
ORDER BY matched.event DESC LIMIT :limit OFFSET :skip;

-- name: events_between
-- From which to which event a time reaches.
SELECT min(id) AS low, max(id) AS high FROM event WHERE at >= :first AND at < :end;

-- name: events_of_dump
SELECT min(id) AS low, max(id) AS high FROM event WHERE dump IN (SELECT id FROM dump WHERE name = :dump);

-- name: dump_since
SELECT min(at) AS at FROM event WHERE dump IN (SELECT id FROM dump WHERE name = :dump);

-- name: newest_event
SELECT max(id) AS id FROM event;

-- name: last_use
-- What grows in a store that a monitor works with.
SELECT (SELECT max(id) FROM dump) AS dumps, (SELECT max(id) FROM event) AS events,
    (SELECT max(id) FROM message) AS messages, (SELECT count(*) FROM attempt) AS attempts;

-- name: newest_event_time
SELECT max(at) AS at FROM event WHERE at < :end;

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
SELECT watchlist, count(*) AS events, count(*) FILTER (WHERE notified) AS notified FROM matched GROUP BY watchlist;

-- name: count_by_kind_and_source
-- Counted in the order of the index first: what came at one time is one row of what is left to sort.
SELECT kind, source, sum(n) AS n FROM (
    SELECT kind, source, count(*) AS n FROM event
    WHERE at >= :first AND at < :end GROUP BY at, kind, source
) AS one_time GROUP BY kind, source;

-- name: count_notified_by_kind_and_source
SELECT kind, source, sum(n) AS n FROM (
    SELECT kind, source, count(*) AS n FROM event
    WHERE alert <> '[]' AND at >= :first AND at < :end GROUP BY at, kind, source
) AS one_time GROUP BY kind, source;

-- name: count_dump_by_kind_and_source
SELECT kind, source, alert <> '[]' AS notified, count(*) AS n FROM event
WHERE dump IN (SELECT id FROM dump WHERE name = :dump) AND at >= :first AND at < :end
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
WHERE event.at >= :first AND event.at < :end
    AND (:dump IS NULL OR event.dump IN (SELECT id FROM dump WHERE name = :dump))
GROUP BY name.watchlist, event.kind, event.source, matched.notified;

-- name: event_times
-- How many events came at once, at each time.
SELECT at, count(*) AS n FROM event
WHERE at >= :since AND at < :until
    AND (:kinds IS NULL OR kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
    AND (:source IS NULL OR source = :source)
GROUP BY at;

-- name: notified_times
SELECT at, count(*) AS n FROM event
WHERE alert <> '[]' AND at >= :since AND at < :until
    AND (:kinds IS NULL OR kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
    AND (:source IS NULL OR source = :source)
GROUP BY at;

-- name: dump_times
SELECT at, count(*) AS n, count(*) FILTER (WHERE alert <> '[]') AS notified FROM event
WHERE dump IN (SELECT id FROM dump WHERE name = :dump) AND at >= :since AND at < :until
    AND (:kinds IS NULL OR kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
    AND (:source IS NULL OR source = :source)
GROUP BY at;

-- name: matched_times
SELECT event.at, count(*) AS n, count(*) FILTER (WHERE matched.notified) AS notified
FROM matched CROSS JOIN event ON event.id = matched.event
WHERE matched.watchlist = :watchlist AND matched.event BETWEEN :low AND :high
    AND (:since IS NULL OR event.at >= :since) AND (:until IS NULL OR event.at < :until)
    AND (:kinds IS NULL OR event.kind IN (SELECT CAST(value AS TEXT) FROM json_each(:kinds)))
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

-- name: versions
-- What is known of the current text is the newest.
SELECT version.*, dump.name AS dump_name,
    CASE WHEN version.id = release.head THEN release.url ELSE version.url END AS newest_url,
    CASE WHEN version.id = release.head THEN release.ref ELSE version.ref END AS newest_ref
FROM version JOIN dump ON dump.id = version.dump JOIN release ON release.id = version.release
WHERE version.release = :release AND version.seq > :after ORDER BY version.seq LIMIT :limit;

-- name: kinds_by_dump
-- The other events of the release are older than the first event of these dumps, or newer than the last one.
SELECT dump, kind, reason FROM event
WHERE release = :release AND id >= (
    SELECT min((SELECT min(first.id) FROM event AS first WHERE first.dump = one.value))
    FROM (SELECT value FROM json_each(:dumps)) AS one
) AND id <= (
    SELECT max((SELECT max(latest.id) FROM event AS latest WHERE latest.dump = one.value))
    FROM (SELECT value FROM json_each(:dumps)) AS one
) ORDER BY id;

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

-- name: last_messages
SELECT message.id, channel, kind, state, attempts, due, last_reason, sent_at, created_at, expires_at,
    CAST(payload_json AS BLOB) AS payload_json,
    (SELECT count(*) FROM attempt
     WHERE attempt.message = message.id AND attempt.outcome IN ('uncertain', 'unknown')) AS uncertain
FROM message WHERE channel = :channel ORDER BY created_at DESC, message.id DESC LIMIT :limit;

-- name: deliveries
SELECT message_item.message, message_item.channel, coalesce(message.state, 'pending') AS state, event.id AS event,
    event.version, event.kind, event.at, message.sent_at, message_item.watchlists
FROM event JOIN message_item ON message_item.event = event.id
LEFT JOIN message ON message.id = message_item.message
WHERE event.release = :release ORDER BY event.id DESC, message_item.channel;

-- name: dumps
-- One page of ingested files; a copy is a path whose content was known already.
SELECT id, source, name, sha, status, size, encoding, as_of, evidence, at, n_new, n_changed, n_completed, n_enriched,
    n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, :no_copy AS copy
FROM dump WHERE (at, id, :no_copy) > (:at, :id, :copy)
UNION ALL
SELECT file.dump, file.source, file.name, file.sha, file.status, file.size, dump.encoding, dump.as_of, dump.evidence, file.at,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, file.path
FROM file JOIN dump ON dump.id = file.dump
WHERE file.status = 'duplicate' AND (file.at, file.dump, file.path) > (:at, :id, :copy)
ORDER BY at, id, copy LIMIT :limit;

-- name: newest_dumps
SELECT id, source, name, sha, status, size, encoding, as_of, evidence, at, n_new, n_changed, n_completed, n_enriched,
    n_reread, n_cosmetic, n_stale, n_unchanged, n_withdrawn, n_reappeared, n_rejected, :no_copy AS copy
FROM dump WHERE (at, id, :no_copy) < (:at, :id, :copy)
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

-- name: count_notices
SELECT channel, since, urgent, count(*) AS n FROM message_item WHERE message IS NULL
GROUP BY channel, since, urgent ORDER BY channel, since, urgent;

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
SELECT release.id, release.source, version.category, substr(CAST(release.date AS TEXT), 1, 7) AS month
FROM (SELECT value FROM json_each(:numbers)) AS one CROSS JOIN release ON release.id = one.value
CROSS JOIN version ON version.id = release.head
WHERE (:since IS NULL OR release.date >= :since);

-- name: count_heads_by_facet
SELECT release.source, version.category, substr(CAST(release.date AS TEXT), 1, 7) AS month, count(*) AS n
FROM release
CROSS JOIN version ON version.id = release.head
WHERE (:since IS NULL OR release.date >= :since) GROUP BY release.source, version.category, month;

-- name: newest_heads_by_facet
SELECT release.id FROM release
CROSS JOIN version ON version.id = release.head
WHERE release.id < :before AND (:since IS NULL OR release.date >= :since)
    AND (:source IS NULL OR release.source = :source)
    AND (:category IS NULL OR coalesce(version.category, '') = :category)
    AND (:month IS NULL OR coalesce(substr(CAST(release.date AS TEXT), 1, 7), '') = :month)
ORDER BY release.id DESC LIMIT :limit;

-- name: heads_by_number
SELECT release.id, release.source, release.seq, release.state, version.title, version.body, version.date,
    version.category, release.url, release.ref, version.reading
FROM release JOIN version ON version.id = release.head
WHERE release.id IN (SELECT value FROM json_each(:numbers)) ORDER BY release.id;

-- name: count_heads
SELECT count(*) FROM release WHERE (:since IS NULL OR date >= :since);

-- name: head_before_last
-- The release behind which the last :count begin.
SELECT id FROM release ORDER BY id DESC LIMIT 1 OFFSET :count;

-- name: prune_versions
UPDATE version SET body = '', pruned = :now WHERE id IN (SELECT value FROM json_each(:ids));

-- name: first_young_message
-- The first one that is not older: rows stand in the order of time. NULL: there is none.
SELECT (SELECT id FROM message WHERE created_at >= :before ORDER BY id LIMIT 1) AS id;

-- name: delete_attempts
DELETE FROM attempt WHERE message IN (SELECT value FROM json_each(:ids));

-- name: detach_items
-- The event was announced; which message did it is forgotten with the message.
DELETE FROM message_item WHERE message IN (SELECT value FROM json_each(:ids));

-- name: first_young_event
SELECT (SELECT id FROM event WHERE at >= :before ORDER BY id LIMIT 1) AS id;

-- name: delete_items
DELETE FROM message_item WHERE event IN (SELECT value FROM json_each(:ids));

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

-- name: newest_dump
SELECT max(at) AS at FROM dump;

-- name: late_dumps
-- The last dump of each source that has stale views, as far as their events are kept.
SELECT source, name AS dump, at, as_of, evidence, n_stale AS stale,
    (SELECT reason FROM event WHERE event.dump = dump.id AND kind = 'stale' ORDER BY event.id LIMIT 1) AS reason
FROM dump WHERE id IN (
    SELECT max(id) FROM dump
    WHERE n_stale > 0 AND EXISTS (SELECT 1 FROM event WHERE event.dump = dump.id AND kind = 'stale') GROUP BY source
);
