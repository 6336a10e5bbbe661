-- Uses by devices that had been cut off: they count for nothing, and people learn of them.
CREATE TABLE gate_suspects (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    serial INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_suspects_by_serial ON gate_suspects (event_id, serial);

-- Running counts of each gate and device, for the live view.
CREATE TABLE gate_tallies (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_tallies_by_event ON gate_tallies (event_id);

-- People who may watch an event's gates.
CREATE TABLE gate_staff (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_staff_by_event ON gate_staff (event_id);
