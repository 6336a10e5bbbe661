-- Who, about what and at which place; and the seals over the entries. What was written before is
-- sealed with the next look.
ALTER TABLE journal ADD COLUMN actor TEXT;
ALTER TABLE journal ADD COLUMN scope TEXT;
ALTER TABLE journal ADD COLUMN seq INTEGER;
UPDATE journal SET actor =
    json_extract(body, '$.actor.is') || coalesce('/' || json_extract(body, '$.actor.id'), '');
CREATE INDEX journal_by_actor ON journal (actor, at);
CREATE INDEX journal_by_scope ON journal (scope, at);
CREATE INDEX journal_by_seq ON journal (seq);

CREATE TABLE journal_seals (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
