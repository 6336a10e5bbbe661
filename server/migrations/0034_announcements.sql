-- What all holders of an event are told, once.
CREATE TABLE announcements (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX announcements_by_event ON announcements (event_id, at);
