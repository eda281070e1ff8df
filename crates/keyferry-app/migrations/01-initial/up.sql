-- One row: a value that only this vault's own key opens.
CREATE TABLE vault (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    proof           BLOB NOT NULL
) STRICT;

CREATE TABLE connections (
    id              TEXT PRIMARY KEY,
    provider        TEXT NOT NULL,
    account         TEXT,
    client_id       TEXT NOT NULL,
    token_endpoint  TEXT NOT NULL,
    scopes_asked    TEXT NOT NULL,
    scopes_granted  TEXT NOT NULL,
    expires_at      INTEGER,
    state           TEXT NOT NULL CHECK (state IN ('active', 'needs_sign_in', 'revocation_pending')),
    created_at      INTEGER NOT NULL,
    refreshed_at    INTEGER,
    -- Grows with every change of the tokens. It is part of what seals them, so that an older value can't be put back into a newer row.
    generation      INTEGER NOT NULL,
    access_token    BLOB NOT NULL,
    refresh_token   BLOB,
    id_token        BLOB
) STRICT;

CREATE TABLE servers (
    name            TEXT PRIMARY KEY,
    manifest        TEXT NOT NULL,
    folder          TEXT,
    -- All settings as one sealed JSON object: which of them are sensitive is for the manifest to say, and it may change.
    settings        BLOB NOT NULL,
    -- Drawn anew with each save. It is part of what seals the settings, so that older ones can't be put back.
    generation      INTEGER NOT NULL,
    connection      TEXT REFERENCES connections (id) ON DELETE RESTRICT,
    wanted          INTEGER NOT NULL CHECK (wanted IN (0, 1)),
    installed_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX servers_by_connection ON servers (connection);
