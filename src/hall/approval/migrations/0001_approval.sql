-- What a second person decides. One waits for an object at a time.
CREATE TABLE approval (
    id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    order_id INTEGER NOT NULL,
    reason_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    held INTEGER NOT NULL,              -- 1: asking put the certificate on hold
    asked_by INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    asked_name TEXT NOT NULL,
    asked_role TEXT NOT NULL,
    state TEXT NOT NULL,                -- waiting | approved | rejected
    decided_by INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    decided_name TEXT NOT NULL,
    decided_role TEXT NOT NULL,
    note TEXT NOT NULL,
    waiting_key TEXT UNIQUE             -- kind/object while it waits, NULL afterwards
);
