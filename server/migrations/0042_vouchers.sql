-- Codes, and the orders that use them: `voucher` is set while an order counts as a use.

CREATE TABLE vouchers (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    event_id TEXT NOT NULL,
    code TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX vouchers_by_code ON vouchers (event_id, code);

ALTER TABLE orders ADD COLUMN voucher TEXT;
CREATE INDEX orders_by_voucher ON orders (voucher, due_at);
