-- Version 22: which events each watchlist matched, and events by time: a page of a large store reads its own rows.

-- What `event` says in its columns watchlists and alert.
CREATE TABLE matched (
    watchlist TEXT NOT NULL,
    event INTEGER NOT NULL,
    notified INTEGER NOT NULL, -- 1: the watchlist notified its channels of it
    PRIMARY KEY (watchlist, event)
) STRICT, WITHOUT ROWID;
-- A list that cannot be read belongs to no watchlist; `db verify` reports it.
WITH listed AS MATERIALIZED (
    SELECT id, iif(json_valid(watchlists), watchlists, '[]') AS watchlists, iif(json_valid(alert), alert, '[]') AS alert
    FROM event WHERE watchlists <> '[]'
)
INSERT OR IGNORE INTO matched (watchlist, event, notified)
SELECT one.value, listed.id, one.value IN (SELECT value FROM json_each(listed.alert))
FROM listed JOIN json_each(listed.watchlists) AS one WHERE one.type = 'text' ORDER BY one.value, listed.id;

DROP INDEX event_at;
CREATE INDEX event_time ON event (at, kind, source);
CREATE INDEX event_notified ON event (at, kind, source, alert) WHERE alert <> '[]';
-- Which messages told of an event.
CREATE INDEX message_item_event ON message_item (event);
