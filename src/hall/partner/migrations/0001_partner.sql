CREATE TABLE partner (
    id INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                 -- bank | business
    secret BLOB NOT NULL                -- sealed
);

-- Idempotency keys with the first answer; kept 24 hours (machine time).
CREATE TABLE partner_call (
    partner INTEGER NOT NULL,
    call_key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (partner, call_key)
);
CREATE INDEX partner_call_at ON partner_call (at);
