-- Wrong typed codes at the server: one row an event, by its id.
CREATE TABLE code_tries (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
