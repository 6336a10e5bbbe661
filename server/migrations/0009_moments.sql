-- The last moment that was given out under each name (platform::moments).
CREATE TABLE moments (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
