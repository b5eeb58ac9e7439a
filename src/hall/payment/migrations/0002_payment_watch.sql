-- The gateway is asked about an order while its page is open and for a day after, whatever became of the order.
ALTER TABLE payment ADD COLUMN ask_at INTEGER NOT NULL DEFAULT 0;       -- machine time: when next; 0: not by itself
ALTER TABLE payment ADD COLUMN watch_until INTEGER NOT NULL DEFAULT 0;  -- machine time: a day after the page's end; 0: no page
ALTER TABLE payment ADD COLUMN answered_at INTEGER NOT NULL DEFAULT 0;  -- machine time: when it last said that nothing came
UPDATE payment SET ask_at = page_until, watch_until = page_until + 86400000 WHERE page_until > 0;
CREATE INDEX payment_ask ON payment (ask_at) WHERE ask_at > 0;
