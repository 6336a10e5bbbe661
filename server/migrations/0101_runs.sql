-- Seats that stand side by side, whichever batch or class they came with: `run` is the event and the run.
ALTER TABLE issued_tickets ADD COLUMN run TEXT;
UPDATE issued_tickets SET run = event_id || '/' || json_extract(body, '$.place.run')
WHERE json_extract(body, '$.place.run') IS NOT NULL AND seat IS NOT NULL;
CREATE INDEX issued_tickets_by_run ON issued_tickets (run);
