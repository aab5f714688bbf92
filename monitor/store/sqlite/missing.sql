-- Version 20: releases of a listing that wait for a second dump before they are withdrawn.

-- 1: the latest dump that should have shown it did not, and lacked most others as well.
ALTER TABLE listed ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
