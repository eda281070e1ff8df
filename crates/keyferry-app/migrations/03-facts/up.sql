-- What the person was asked for and what the provider told, as one sealed JSON object: some services put a further token among it.
ALTER TABLE connections ADD COLUMN facts BLOB;
