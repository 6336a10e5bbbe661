-- Phone numbers of accounts, and the texts that go to them.
CREATE TABLE phones (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    email_key TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX phones_by_email ON phones (email_key);

CREATE TABLE texts (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    user_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX texts_by_user ON texts (user_id);
