-- Claimed tickets: a ticket in a named attendee's hands.
CREATE TABLE claimed_tickets (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    serial INTEGER NOT NULL,
    ticket_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    page_hash TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX claimed_tickets_by_serial ON claimed_tickets (event_id, serial);
CREATE UNIQUE INDEX claimed_tickets_by_ticket ON claimed_tickets (ticket_id);
CREATE INDEX claimed_tickets_by_user ON claimed_tickets (user_id, claimed_at);
CREATE UNIQUE INDEX claimed_tickets_by_page ON claimed_tickets (page_hash);
