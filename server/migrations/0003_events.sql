-- Events, their ticket classes and their gates.

CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    organizer_id TEXT NOT NULL,
    status TEXT NOT NULL,
    end_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX events_by_organizer ON events (organizer_id);
CREATE INDEX events_by_end ON events (status, end_at);

CREATE TABLE ticket_classes (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    position INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
-- Two classes at one position would be one class on a signed ticket.
CREATE UNIQUE INDEX ticket_classes_by_event ON ticket_classes (event_id, position);

CREATE TABLE gates (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    position INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX gates_by_event ON gates (event_id, position);
