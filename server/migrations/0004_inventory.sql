-- Stock: one row per ticket that can be sold, and the batches that make them.

CREATE TABLE issued_tickets (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    class_id TEXT NOT NULL,
    status TEXT NOT NULL,
    -- 0 when available, the end of the hold when held, else NULL: `free_at <= now` is claimable.
    free_at INTEGER,
    serial INTEGER NOT NULL,
    seat TEXT
) WITHOUT ROWID, STRICT;
CREATE INDEX issued_tickets_stock ON issued_tickets (event_id, class_id, status, free_at);
CREATE UNIQUE INDEX issued_tickets_by_serial ON issued_tickets (event_id, serial);
-- A seat is sold once, ever.
CREATE UNIQUE INDEX issued_tickets_by_seat ON issued_tickets (event_id, seat);

CREATE TABLE stock_batches (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    attempt TEXT
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX stock_batches_by_attempt ON stock_batches (attempt);

CREATE TABLE seat_plans (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
