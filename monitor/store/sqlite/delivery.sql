-- Version 2: notices wait apart from messages; how channels stand, and who is muted.

ALTER TABLE message ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
-- What waits is little beside what was sent: neither a claim nor the limit per hour may cost more with every message.
CREATE INDEX message_pending ON message (channel, id) WHERE state = 'pending';
CREATE INDEX message_made ON message (channel, created_at);

-- A notice's facts stand here until it has a message, then in the message.
ALTER TABLE message_item ADD COLUMN payload_json TEXT;
ALTER TABLE message_item ADD COLUMN since TEXT;
ALTER TABLE message_item ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_item_waiting ON message_item (channel, event) WHERE message IS NULL;

CREATE TABLE channel_state (
    name TEXT PRIMARY KEY,
    opened_until TEXT,
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    tokens REAL,
    tokens_at TEXT,
    failing_since TEXT,
    refused INTEGER NOT NULL DEFAULT 0, -- it accepts nothing until a person resumes it or its settings change
    reason TEXT NOT NULL DEFAULT '',
    flood_until TEXT,
    fingerprint TEXT -- 16 bits of a hash of its url: enough to see a change, too little to guess a secret
) STRICT;

CREATE TABLE mute (name TEXT PRIMARY KEY, until TEXT NOT NULL) STRICT;
