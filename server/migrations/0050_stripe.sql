-- Checkout sessions at Stripe, by the payment they are for. `ask_at` is set while somebody has to look.
CREATE TABLE stripe_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    ask_at INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX stripe_sessions_by_ask ON stripe_sessions (ask_at);
