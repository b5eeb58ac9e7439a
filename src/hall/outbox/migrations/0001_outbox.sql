CREATE TABLE outbox_row (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    order_id INTEGER NOT NULL,          -- 0: none
    idem TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL,                 -- sealed; empty once delivered
    state TEXT NOT NULL,                -- waiting | done | dead
    made_at INTEGER NOT NULL,           -- machine time, as all times here
    next_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    last_error TEXT NOT NULL,           -- public code
    version INTEGER NOT NULL
);
CREATE INDEX outbox_row_waiting ON outbox_row (next_at, id) WHERE state = 'waiting';
CREATE INDEX outbox_row_dead ON outbox_row (id) WHERE state = 'dead';
CREATE INDEX outbox_row_order ON outbox_row (order_id, id);
