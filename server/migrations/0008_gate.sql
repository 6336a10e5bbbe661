-- An event's keys, every seed wrapped by the vault.
CREATE TABLE gate_keys (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- Signed statements; the unique index makes two publishers of one version collide.
CREATE TABLE gate_statements (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX gate_statements_by_version ON gate_statements (event_id, kind, version);

-- Serials whose snapshot row is out of date.
CREATE TABLE gate_changes (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    serial INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_changes_by_event ON gate_changes (event_id, serial);

-- The snapshot's segments as the current manifest names them.
CREATE TABLE gate_segments (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    hash TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_segments_by_hash ON gate_segments (event_id, hash);

CREATE TABLE gate_devices (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    code_hash TEXT,
    public_key TEXT
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_devices_by_event ON gate_devices (event_id);
CREATE UNIQUE INDEX gate_devices_by_code ON gate_devices (code_hash);
CREATE UNIQUE INDEX gate_devices_by_key ON gate_devices (event_id, public_key);

-- The devices' logs: how far each is known.
CREATE TABLE gate_logs (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    device_id TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_logs_by_event ON gate_logs (event_id);
CREATE INDEX gate_logs_by_device ON gate_logs (device_id);

-- Their entries, in the runs they arrived in.
CREATE TABLE gate_entries (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    log_id TEXT NOT NULL,
    last_seq INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX gate_entries_by_log ON gate_entries (log_id, last_seq);

-- What the entries say about tickets, one row a use.
CREATE TABLE redemptions (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    duplicate_serial INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX redemptions_by_event ON redemptions (event_id, received_at, seq);
CREATE INDEX redemptions_by_serial ON redemptions (event_id, serial);
CREATE INDEX redemptions_by_duplicate ON redemptions (event_id, duplicate_serial);

-- Gate incidents that people may have to look at: forks, reused codes, unproven scans.
CREATE TABLE gate_incidents (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    noted_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_incidents_by_event ON gate_incidents (event_id, noted_at);
