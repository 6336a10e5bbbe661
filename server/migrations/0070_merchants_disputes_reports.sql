-- Organizations' own accounts at gateways, disputes, and reports of the books against the gateways.

-- By event and, of organizations' own accounts, by account and state. The binary before this one writes
-- none of the three: a start of this one's successor is not asked to mend that.
ALTER TABLE payments ADD COLUMN event_id TEXT;
ALTER TABLE payments ADD COLUMN account TEXT;
ALTER TABLE payments ADD COLUMN state TEXT;
UPDATE payments SET event_id = json_extract(body, '$.event_id');
CREATE INDEX payments_by_event ON payments (event_id);
CREATE INDEX payments_by_account ON payments (account, state, event_id);

-- Refunds and disputes name the payment intent.
ALTER TABLE stripe_sessions ADD COLUMN payment_intent TEXT;
UPDATE stripe_sessions SET payment_intent = json_extract(body, '$.payment_intent');
CREATE INDEX stripe_sessions_by_intent ON stripe_sessions (payment_intent);

-- `scope` is the organization and the gateway, `current` the same while it takes new payments.
CREATE TABLE merchants (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    scope TEXT NOT NULL,
    current TEXT,
    ask_at INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX merchants_by_scope ON merchants (scope);
CREATE UNIQUE INDEX merchants_by_current ON merchants (current);
CREATE INDEX merchants_by_ask ON merchants (ask_at);

CREATE TABLE disputes (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    opened_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX disputes_by_event ON disputes (event_id, opened_at);

-- Transfers to links that are not here, told by notices that were signed.
CREATE TABLE payos_strays (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    account TEXT NOT NULL,
    told_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX payos_strays_by_account ON payos_strays (account, told_at);

-- `scope` is what a report is about, `running` the same until it is done.
CREATE TABLE reconciliations (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    scope TEXT NOT NULL,
    running TEXT
) WITHOUT ROWID, STRICT;
CREATE INDEX reconciliations_by_scope ON reconciliations (scope);
CREATE UNIQUE INDEX reconciliations_by_running ON reconciliations (running);

-- One payment, or one charge that is none here. `findings` is set where there are some.
CREATE TABLE reconciliation_lines (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    report TEXT NOT NULL,
    findings INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX reconciliation_lines_by_report ON reconciliation_lines (report);
CREATE INDEX reconciliation_lines_by_finding ON reconciliation_lines (report, findings);
