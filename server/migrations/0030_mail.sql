-- The outbox in order of time, and which mails an address does not want.
ALTER TABLE notices ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
-- Old bodies hold RFC 3339 text.
UPDATE notices SET created_at = CAST(unixepoch(json_extract(body, '$.created_at'), 'subsec') * 1000 AS INTEGER);
CREATE INDEX notices_by_time ON notices (created_at);

CREATE TABLE mail_preferences (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
