-- Version 9: what receivers know a message by, and what the operator is still to be notified of.

-- The random part of a delivery number, because a restored backup gives its ids out again. '': of an older version,
-- whose messages were numbered by their ids alone.
ALTER TABLE message ADD COLUMN token TEXT NOT NULL DEFAULT '';

-- When a person last resumed the channel while it was down; NULL: nobody did.
ALTER TABLE channel_state ADD COLUMN resumed TEXT;

-- 1: no alert has counted this reject yet.
ALTER TABLE reject ADD COLUMN unreported INTEGER NOT NULL DEFAULT 0;
CREATE INDEX reject_unreported ON reject (source) WHERE unreported = 1;
