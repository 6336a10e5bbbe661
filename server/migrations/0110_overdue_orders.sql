-- When to look again at an order whose hold ended and whose gateway did not say what became of it.
-- "due_at" stays the end of the hold: a voucher counts by it.
ALTER TABLE orders ADD COLUMN look_at INTEGER;
UPDATE orders SET look_at = due_at;
DROP INDEX orders_by_due;
CREATE INDEX orders_by_look ON orders (look_at);
