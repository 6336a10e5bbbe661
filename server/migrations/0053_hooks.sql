-- Webhooks of organizers. `scope` is what one listens to: an event, or all of an organizer.
CREATE TABLE hooks (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    scope TEXT NOT NULL,
    owner TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX hooks_by_scope ON hooks (scope);
CREATE INDEX hooks_by_owner ON hooks (owner);

-- What was told to them, with every try.
CREATE TABLE hook_messages (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    hook TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX hook_messages_by_hook ON hook_messages (hook, created_at);
