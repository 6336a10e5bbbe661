-- Payments, what gateways told us; and the demo gateway's own state.

CREATE TABLE payments (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    order_id TEXT NOT NULL,
    -- The order while the attempt is pending or paid, else NULL.
    live_order TEXT
) WITHOUT ROWID, STRICT;
CREATE INDEX payments_by_order ON payments (order_id);
-- Two live attempts could both be paid.
CREATE UNIQUE INDEX payments_by_live_order ON payments (live_order);

-- The key is the gateway and its delivery id.
CREATE TABLE payment_inbox (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE demo_links (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    -- When it was paid, until the shop has acknowledged it; else NULL.
    untold_since INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX demo_links_by_untold ON demo_links (untold_since);

CREATE TABLE demo_tellings (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE demo_secrets (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
