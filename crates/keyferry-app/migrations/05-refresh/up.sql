-- What the person calls the connection.
ALTER TABLE connections ADD COLUMN label TEXT;
-- The refresh token before this one, and when it was replaced. Kept until the one that replaced it has worked.
ALTER TABLE connections ADD COLUMN previous_refresh_token BLOB;
ALTER TABLE connections ADD COLUMN replaced_at INTEGER;
-- The last attempt, where it failed: when, what it said of the grant, a stable word, how many in a row, and the provider's Retry-After
-- in seconds.
ALTER TABLE connections ADD COLUMN failed_at INTEGER;
ALTER TABLE connections ADD COLUMN failure_class TEXT CHECK (failure_class IN ('definite', 'operator', 'passing'));
ALTER TABLE connections ADD COLUMN failure_code TEXT;
ALTER TABLE connections ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN retry_after INTEGER;

-- What happened to each connection, oldest first; never a secret. A row's hash is over the row and the hash before it.
CREATE TABLE audit (
    number          INTEGER PRIMARY KEY,
    at              INTEGER NOT NULL,
    connection      TEXT NOT NULL,
    provider        TEXT NOT NULL,
    event           TEXT NOT NULL,
    detail          TEXT,
    hash            BLOB NOT NULL
) STRICT;

CREATE INDEX audit_by_connection ON audit (connection, number);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

-- The number and hash of the newest row, sealed: what was cut off or written anew without the vault's key does not fit it.
CREATE TABLE audit_head (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    number          INTEGER NOT NULL,
    hash            BLOB NOT NULL
) STRICT;
