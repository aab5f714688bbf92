-- The tables of version 1. Times are UTC text of fixed width (2026-11-22T03:04:05.000Z), so they sort as text;
-- publication days are YYYY-MM-DD; lists are JSON. A released migration is never edited: add the next one.

CREATE TABLE meta (k TEXT PRIMARY KEY, v TEXT NOT NULL) STRICT;

-- One take-in of one file's content. `take` counts deliberate repeats (ingest --again).
CREATE TABLE dump (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    sha BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime TEXT NOT NULL,
    as_of TEXT NOT NULL,
    take INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL,
    encoding TEXT NOT NULL,
    n INTEGER NOT NULL,
    n_new INTEGER NOT NULL,
    n_changed INTEGER NOT NULL,
    n_completed INTEGER NOT NULL,
    n_enriched INTEGER NOT NULL,
    n_cosmetic INTEGER NOT NULL,
    n_stale INTEGER NOT NULL,
    n_unchanged INTEGER NOT NULL,
    n_withdrawn INTEGER NOT NULL,
    n_reappeared INTEGER NOT NULL,
    n_rejected INTEGER NOT NULL,
    listing TEXT,
    progress INTEGER,
    members BLOB NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (source, sha, as_of, take)
) STRICT;

CREATE INDEX dump_listing ON dump (source, listing, as_of) WHERE listing IS NOT NULL;

-- The head state only: `head` is the current row of version, `seq` its number.
CREATE TABLE release (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    head INTEGER NOT NULL,
    fold_hash BLOB NOT NULL,
    seq INTEGER NOT NULL,
    date TEXT,
    first_dump INTEGER NOT NULL REFERENCES dump (id),
    confirmed TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'listed' CHECK (state IN ('listed', 'withdrawn')),
    withdrawn TEXT -- as-of of the dump that withdrew it
) STRICT;

-- Which releases a declared listing has shown.
CREATE TABLE listed (
    source TEXT NOT NULL,
    listing TEXT NOT NULL,
    release INTEGER NOT NULL REFERENCES release (id),
    PRIMARY KEY (source, listing, release)
) STRICT, WITHOUT ROWID;

-- The index entries of identity: hashes over the source and the soft title, the start of the soft body, the day.
CREATE TABLE alias (
    key BLOB NOT NULL,
    release INTEGER NOT NULL,
    PRIMARY KEY (key, release)
) STRICT, WITHOUT ROWID;

-- `seq` counts from 1; a stale view has a number and never becomes the head.
CREATE TABLE version (
    id INTEGER PRIMARY KEY,
    release INTEGER NOT NULL REFERENCES release (id),
    seq INTEGER NOT NULL,
    fold_hash BLOB NOT NULL,
    kind TEXT NOT NULL,
    category TEXT,
    title TEXT NOT NULL,
    date TEXT,
    body TEXT NOT NULL,
    dump INTEGER NOT NULL REFERENCES dump (id),
    at TEXT NOT NULL,
    UNIQUE (release, seq)
) STRICT;

-- Records by the first 8 bytes of their sha256; `full` is compared before a row is believed.
CREATE TABLE seen (
    h INTEGER PRIMARY KEY,
    full BLOB NOT NULL,
    release INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    dump INTEGER NOT NULL REFERENCES dump (id),
    release INTEGER,
    version INTEGER,
    kind TEXT NOT NULL,
    fields TEXT NOT NULL,
    numbers TEXT NOT NULL,
    reverted INTEGER NOT NULL,
    watchlists TEXT NOT NULL,
    alert TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX event_release ON event (release);
CREATE INDEX event_dump ON event (dump);

CREATE TABLE related (
    release INTEGER NOT NULL,
    other INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (release, other)
) STRICT, WITHOUT ROWID;

-- The ingest ledger: each path as it was last taken in.
CREATE TABLE file (
    path BLOB NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    sha BLOB NOT NULL,
    dump INTEGER REFERENCES dump (id),
    parser INTEGER NOT NULL,
    status TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (path, source)
) STRICT;

CREATE TABLE reject (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    dump INTEGER NOT NULL REFERENCES dump (id),
    sha BLOB NOT NULL,
    path BLOB NOT NULL,
    line INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    reason TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'rejected', 'healed')),
    at TEXT NOT NULL
) STRICT;
CREATE INDEX reject_path ON reject (path, source);
CREATE INDEX reject_held ON reject (at) WHERE state = 'held';

-- The outbox. A message is what is sent; an item says which event was announced on which channel, once.
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    idem_key TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('instant', 'digest', 'summary', 'system', 'test')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'leased', 'held', 'sent', 'dead', 'dropped')),
    payload_json TEXT NOT NULL,
    created_at TEXT NOT NULL,
    due TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_class TEXT,
    last_reason TEXT,
    sent_at TEXT
) STRICT;
CREATE INDEX message_due ON message (channel, state, due);

CREATE TABLE message_item (
    channel TEXT NOT NULL,
    event INTEGER NOT NULL REFERENCES event (id),
    watchlists TEXT NOT NULL,
    message INTEGER REFERENCES message (id),
    PRIMARY KEY (channel, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_item_message ON message_item (message);

-- Written before the send: an attempt without an end belongs to a process that died in it.
CREATE TABLE attempt (
    message INTEGER NOT NULL REFERENCES message (id),
    n INTEGER NOT NULL,
    boot TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    outcome TEXT,
    code INTEGER,
    reason_redacted TEXT,
    PRIMARY KEY (message, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_open ON attempt (message) WHERE ended_at IS NULL;
