-- Serials whose snapshot row is out of date.
CREATE TABLE gate_changes (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    serial INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_changes_by_event ON gate_changes (event_id, serial);
