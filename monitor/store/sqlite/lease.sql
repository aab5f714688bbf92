-- Version 8: an attempt is lost when its lease has run out, whichever process made it.

ALTER TABLE attempt DROP COLUMN boot;
ALTER TABLE attempt ADD COLUMN leased_until TEXT NOT NULL DEFAULT ''; -- of an attempt of before: it has run out
CREATE INDEX message_leased ON message (id) WHERE state = 'leased';
