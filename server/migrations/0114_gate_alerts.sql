-- What was told of an event's gates, each alert once. "mail" says whether it waits for the next mail.
CREATE TABLE gate_alerts (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    mail TEXT NOT NULL,
    told_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_alerts_by_mail ON gate_alerts (event_id, mail, told_at);

-- One for each event that was looked at: which alerts stand, and when its people had a mail last.
CREATE TABLE gate_watches (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
