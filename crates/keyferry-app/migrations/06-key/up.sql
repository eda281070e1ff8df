-- Where the master key is kept. The proof holds the same word, sealed, so that it can't be changed here alone.
ALTER TABLE vault ADD COLUMN key_place TEXT NOT NULL DEFAULT 'file' CHECK (key_place IN ('keychain', 'passphrase', 'file'));
-- What other keys are derived from: it stays what it is when the master key changes.
ALTER TABLE vault ADD COLUMN root BLOB;
-- While the master key changes: the old one, sealed under the new, until nothing is sealed under it any more.
ALTER TABLE vault ADD COLUMN retired BLOB;
