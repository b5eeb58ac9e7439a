-- When the personal values of an ended order went (G-24); 0: they are kept.
ALTER TABLE orders ADD COLUMN erased_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX orders_kept ON orders (ended_at) WHERE erased_at = 0 AND ended_at > 0;
