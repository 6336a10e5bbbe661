-- Events that were called off, and how far the work of it is.
CREATE TABLE cancellations (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
