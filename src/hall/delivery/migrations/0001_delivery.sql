-- Parcels: one row each time an order's UKey is handed to a courier. Times are business time.

CREATE TABLE delivery (
    id INTEGER NOT NULL PRIMARY KEY,
    order_id INTEGER NOT NULL,
    courier TEXT NOT NULL,
    number TEXT NOT NULL,
    serial TEXT NOT NULL,
    sent_to BLOB NOT NULL,              -- sealed JSON: name, phone, address, postcode
    sent_at INTEGER NOT NULL,
    sent_by_id INTEGER NOT NULL,
    sent_by TEXT NOT NULL,
    signed_at INTEGER NOT NULL,         -- 0: not yet
    UNIQUE (order_id, courier, number)
);
