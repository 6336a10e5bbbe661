-- The platform's own collections. One table per collection: key, revision, JSON body, and one
-- column per indexed field. WITHOUT ROWID keeps a row in one b-tree, and puts the key at the end
-- of every index, which is the order that cursors walk in.

CREATE TABLE meta (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    dedupe_key TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_due ON jobs (state, priority, due_at);
CREATE INDEX jobs_by_kind ON jobs (kind, state);
CREATE UNIQUE INDEX jobs_by_dedupe ON jobs (dedupe_key);

CREATE TABLE idempotency (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
