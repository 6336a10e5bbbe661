-- Tickets that were checked in ahead, before the venue: one row each, by event and serial.

CREATE TABLE pre_check_ins (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX pre_check_ins_by_event ON pre_check_ins (event_id);
