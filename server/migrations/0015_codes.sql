-- Indexes of typed codes, by event and serial; never the codes. `waits` is set while one is still
-- to be computed.
CREATE TABLE ticket_codes (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    waits INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX ticket_codes_by_waiting ON ticket_codes (event_id, waits);

-- Who may overrule an event's gates: one row an event, by its id.
CREATE TABLE supervisors (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
