-- Sums that are owed to payers. `due_since` is set until the money is back.
CREATE TABLE refunds (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    due_since INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX refunds_by_payment ON refunds (payment_id);
CREATE INDEX refunds_by_due ON refunds (event_id, due_since);

-- Payment links at PayOS, by the code that names them there. `ask_at` is set while somebody has to
-- look.
CREATE TABLE payos_links (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    ask_at INTEGER
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX payos_links_by_payment ON payos_links (payment_id);
CREATE INDEX payos_links_by_ask ON payos_links (ask_at);
