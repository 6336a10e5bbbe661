-- Venues, and the versions of their seating plans (id: venue/version).

CREATE TABLE venues (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    organizer_id TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX venues_by_organizer ON venues (organizer_id);

CREATE TABLE seating_plans (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
