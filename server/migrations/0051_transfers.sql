-- Offers of tickets and what became of them. `open_ticket` is the ticket while the offer stands: there
-- is one at a time.
CREATE TABLE transfers (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    ticket TEXT NOT NULL,
    offered_at INTEGER NOT NULL,
    to_key TEXT NOT NULL,
    open_ticket TEXT
) WITHOUT ROWID, STRICT;
CREATE INDEX transfers_by_ticket ON transfers (ticket, offered_at);
CREATE INDEX transfers_by_recipient ON transfers (to_key, offered_at);
CREATE UNIQUE INDEX transfers_by_open_ticket ON transfers (open_ticket);

-- What an event's organizer lets holders do.
CREATE TABLE transfer_rules (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
