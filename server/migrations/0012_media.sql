-- Wristbands and cards of an event, and the tickets that they stand for.

CREATE TABLE media (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX media_by_event ON media (event_id);
