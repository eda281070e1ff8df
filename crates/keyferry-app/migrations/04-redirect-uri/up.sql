-- The redirect URI of the sign-in, for services that want it repeated in a refresh. Connections of before have none.
ALTER TABLE connections ADD COLUMN redirect_uri TEXT;
