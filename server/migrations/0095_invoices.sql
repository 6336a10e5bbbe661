-- Invoices: who sells, where each seller's numbers stand, what is to be written for an order, and what
-- was written. `place` is year and number: no seller has one twice.
CREATE TABLE sellers (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE invoice_sequences (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE billings (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE invoices (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    order_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    seller TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    place INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX invoices_by_order ON invoices (order_id, issued_at);
CREATE INDEX invoices_by_event ON invoices (event_id, issued_at);
CREATE INDEX invoices_by_seller ON invoices (seller, issued_at);
CREATE UNIQUE INDEX invoices_by_place ON invoices (seller, place);
