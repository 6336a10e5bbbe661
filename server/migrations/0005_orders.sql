-- Orders, and what their buyers are told.

CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- The end of the hold while PENDING, else NULL.
    due_at INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX orders_by_user ON orders (user_id);
CREATE INDEX orders_by_due ON orders (due_at);

CREATE TABLE notices (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    recipient TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX notices_by_recipient ON notices (recipient);
