-- Who waits for what is sold out. `queue` and `seat_in_queue` are set while waiting.

CREATE TABLE waits (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    queue TEXT,
    joined_at INTEGER NOT NULL,
    seat_in_queue TEXT
) WITHOUT ROWID, STRICT;
CREATE INDEX waits_by_event ON waits (event_id, joined_at);
CREATE INDEX waits_by_user ON waits (user_id, joined_at);
CREATE INDEX waits_by_queue ON waits (queue, joined_at);
CREATE UNIQUE INDEX waits_by_seat ON waits (seat_in_queue);
