-- How the person signed in: with OAuth, or in a window in which the token was read. Connections of before are OAuth's.
ALTER TABLE connections ADD COLUMN kind TEXT NOT NULL DEFAULT 'oauth' CHECK (kind IN ('oauth', 'browser'));
