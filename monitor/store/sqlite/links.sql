-- Version 21: the publisher's id and link of each release, and by which reading of a file each text came.

-- As the dump gave them that brought the text.
ALTER TABLE version ADD COLUMN url TEXT;
ALTER TABLE version ADD COLUMN ref TEXT;
ALTER TABLE version ADD COLUMN reading TEXT; -- those that have given this text, separated by blanks, the newest last
-- The newest ones: they may change while the text stays.
ALTER TABLE release ADD COLUMN url TEXT;
ALTER TABLE release ADD COLUMN ref TEXT;
ALTER TABLE dump ADD COLUMN n_reread INTEGER NOT NULL DEFAULT 0;
