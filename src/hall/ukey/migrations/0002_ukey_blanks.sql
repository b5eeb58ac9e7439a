-- The stock is counted for each visit of the bench: blank ones only, kept for an order or free.
CREATE INDEX ukey_blanks ON ukey (project, order_id) WHERE state = 'BLANK';
