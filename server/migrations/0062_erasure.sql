-- Whom offers of tickets and lists of gate staff name: an erasure finds them by the account.
ALTER TABLE transfers ADD COLUMN from_user TEXT;
ALTER TABLE transfers ADD COLUMN to_user TEXT;
UPDATE transfers SET from_user = json_extract(body, '$.from'), to_user = json_extract(body, '$.to');
CREATE INDEX transfers_by_sender ON transfers (from_user);
CREATE INDEX transfers_by_taker ON transfers (to_user);

ALTER TABLE gate_staff ADD COLUMN user_id TEXT;
UPDATE gate_staff SET user_id = json_extract(body, '$.user');
CREATE INDEX gate_staff_by_user ON gate_staff (user_id);
