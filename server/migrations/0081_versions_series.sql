-- What events were after each edit, and series of events.
CREATE TABLE event_versions (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX event_versions_by_event ON event_versions (event_id, revision);

CREATE TABLE series (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    organizer_id TEXT NOT NULL,
    organization_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX series_by_organizer ON series (organizer_id);
CREATE INDEX series_by_organization ON series (organization_id);
