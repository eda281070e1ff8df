-- When the refresh token was last sent. Written before it is, so that a vault that can't be written spends none.
ALTER TABLE connections ADD COLUMN tried_at INTEGER;
