-- What is said as tickets are bought: names and answers.
CREATE TABLE order_forms (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX order_forms_by_event ON order_forms (event_id);
