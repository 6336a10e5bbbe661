-- How an event checks tickets in: one row an event, by its id.

CREATE TABLE check_in (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
