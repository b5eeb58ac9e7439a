-- The last row of each chain. A writer locks it first, so that a chain has no fork.
CREATE TABLE audit_chain (
    chain INTEGER NOT NULL PRIMARY KEY,
    n INTEGER NOT NULL,                 -- rows so far
    hash BLOB NOT NULL                  -- of row n; empty while there is none
);
INSERT INTO audit_chain (chain, n, hash) VALUES
    (0, 0, x''), (1, 0, x''), (2, 0, x''), (3, 0, x''), (4, 0, x''), (5, 0, x''), (6, 0, x''), (7, 0, x''),
    (8, 0, x''), (9, 0, x''), (10, 0, x''), (11, 0, x''), (12, 0, x''), (13, 0, x''), (14, 0, x''), (15, 0, x'');

CREATE TABLE audit_row (
    id INTEGER NOT NULL PRIMARY KEY,
    chain INTEGER NOT NULL,
    n INTEGER NOT NULL,                 -- 1, 2, 3 … without a gap
    at INTEGER NOT NULL,                -- business time
    order_id INTEGER NOT NULL,          -- 0: none
    actor_kind TEXT NOT NULL,
    actor_id INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    actor_role TEXT NOT NULL,
    address TEXT NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    old_hash BLOB NOT NULL,             -- SM3(salt, value); empty: no value
    new_hash BLOB NOT NULL,
    reason_hash BLOB NOT NULL,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL,
    UNIQUE (chain, n)
);
CREATE INDEX audit_row_order ON audit_row (order_id, id);
CREATE INDEX audit_row_object ON audit_row (object, id);
CREATE INDEX audit_row_act ON audit_row (act, id);

-- The values themselves: sealed, and erased after the retention period. The salt goes with them, so that a
-- short value cannot be guessed from its hash afterwards.
CREATE TABLE audit_value (
    chain INTEGER NOT NULL,
    n INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,               -- JSON {salt, old, new, reason}, owner: the row's id
    PRIMARY KEY (chain, n)
);
CREATE INDEX audit_value_order ON audit_value (order_id);

-- What the ca was told of the chains, and its own head as answer. The newest 1,000 stay.
CREATE TABLE audit_anchor (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,                -- machine time
    heads TEXT NOT NULL,
    ca_head TEXT NOT NULL
);
