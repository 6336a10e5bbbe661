-- What holders answered to the questions of their event: one row a ticket, by its id.

CREATE TABLE ticket_answers (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
