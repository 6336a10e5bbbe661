-- Numbers that classes share, counters of what is taken of them, and the trail of prices.

CREATE TABLE pools (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX pools_by_event ON pools (event_id);

CREATE TABLE gauges (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE price_moves (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    class_id TEXT NOT NULL,
    seq INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX price_moves_by_class ON price_moves (class_id, seq);
