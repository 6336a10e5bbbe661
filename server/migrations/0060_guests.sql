-- Orders of people without an account: `guest` is their address while nobody has adopted them.
ALTER TABLE orders ADD COLUMN guest TEXT;
CREATE INDEX orders_by_guest ON orders (guest);
